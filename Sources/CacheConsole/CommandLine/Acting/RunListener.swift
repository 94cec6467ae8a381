import ConsoleModel
import EventLoop
import Glibc
import Operations
import Synchronization
import Terminal

/// Hears what a runner tells, and lets the main thread wait for its end.
final class RunListener: Sendable {
  private struct State {
    var status: OperationStatus?
    var isHanded = false
    var isOver = false
    var problem: String?
  }

  private let state = Mutex(State())
  private let line: ProgressLine

  /// Milliseconds between two looks; the reports come from another thread.
  private static let pause: UInt32 = 20_000

  init(_ line: ProgressLine) { self.line = line }

  func take(_ report: RunLauncher.Report) {
    switch report {
    case .handed: state.withLock { $0.isHanded = true }
    case .status(let status):
      state.withLock { $0.status = status }
      line.tell(running: status)
    case .ended(let problem):
      state.withLock { state in
        state.isHanded = true
        state.isOver = true
        state.problem = problem
      }
    }
  }

  /// Returns when it is over, or when nothing of it can be done for now.
  func waitForEnd() -> (status: OperationStatus?, problem: String?) {
    // What is left of one that is partly done waits for a server, for a day if need be.
    while !state.withLock({ $0.isOver || $0.status?.state == .partial }) { usleep(Self.pause) }
    line.clear()
    return state.withLock { ($0.status, $0.problem) }
  }

  func waitUntilHanded(within seconds: Double) -> Bool {
    let deadline = EventLoop.now().advanced(by: .seconds(seconds))
    while !state.withLock({ $0.isHanded }) {
      guard EventLoop.now() < deadline else { return false }
      usleep(Self.pause)
    }
    return true
  }
}

/// One line on a terminal's standard error that is written over; nothing elsewhere.
final class ProgressLine: Sendable {
  private let isShown: Bool
  private let last = Mutex(EventLoop.Instant(nanoseconds: 0))

  init(isShown: Bool) { self.isShown = isShown && isatty(2) == 1 }

  func tell(counting plan: OperationPlan) {
    let keys = OperationText.grouped(plan.preview.keys.value)
    let percent = Int(min(1, max(0, plan.preview.progress)) * 100)
    tell("counting: \(keys) keys, \(percent) %")
  }

  func tell(running status: OperationStatus) {
    var parts = [
      status.state.rawValue, "\(Int(status.progress * 100)) %",
      "\(OperationText.grouped(status.changed)) changed",
    ]
    if let rate = status.rate { parts.append("\(OperationText.grouped(UInt64(max(0, rate))))/s") }
    if let eta = status.etaSeconds { parts.append("\(Int(eta)) s left") }
    if !status.note.isEmpty { parts.append(Printable.line(status.note, limit: 100)) }
    tell(parts.joined(separator: "  "))
  }

  func tell(_ text: String) {
    guard isShown else { return }
    let now = EventLoop.now()
    let isDue = last.withLock { last in
      guard last.duration(to: now) > .milliseconds(100) else { return false }
      last = now
      return true
    }
    guard isDue else { return }
    let line = DrawableText.escape(text, isUnicode: true, limit: Self.columns() - 1)
    StandardStreams.write(Array("\r\u{1B}[K\(line)".utf8), to: 2)
  }

  /// Of the terminal, which may change: a line that wraps is not written over as a whole.
  private static func columns() -> Int {
    var size = winsize()
    guard unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
    return Int(size.ws_col)
  }

  func clear() {
    if isShown { StandardStreams.write(Array("\r\u{1B}[K".utf8), to: 2) }
  }
}
