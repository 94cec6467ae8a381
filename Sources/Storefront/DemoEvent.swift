/// What the supervisor tells the console, one line each: words between tabs.
package enum DemoEvent: Sendable, Hashable {
  /// The server answers on this Unix socket.
  case serving(socket: String, serverProcess: Int32)
  /// Keys filled so far.
  case filling(done: Int, total: Int)
  /// All keys are there.
  case filled
  /// The server ended by itself and is started again.
  case restarting
  /// The demo cannot go on.
  case failed(DemoFailure)
  /// The supervisor is gone; nothing follows.
  case ended

  package var line: String {
    switch self {
    case .serving(let socket, let process): "serving\t\(process)\t\(socket)"
    case .filling(let done, let total): "filling\t\(done)\t\(total)"
    case .filled: "filled"
    case .restarting: "restarting"
    case .failed(let failure): "failed\t\(failure.message)\t\(failure.nextStep)"
    case .ended: "ended"
    }
  }

  /// nil for a line of another version.
  package init?(line: String) {
    let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    switch (words[0], words.count) {
    case ("serving", 3):
      guard let process = Int32(words[1]) else { return nil }
      self = .serving(socket: words[2], serverProcess: process)
    case ("filling", 3):
      guard let done = Int(words[1]), let total = Int(words[2]) else { return nil }
      self = .filling(done: done, total: total)
    case ("filled", 1): self = .filled
    case ("restarting", 1): self = .restarting
    case ("failed", 3): self = .failed(DemoFailure(words[1], nextStep: words[2]))
    default: return nil
    }
  }
}
