package import ConsoleModel

/// What an operation sends, as one would type it into redis-cli.
package enum OperationCommands {
  /// Keys of a page and of a batch at most: what a run sends and what a preview says. A slow run has
  /// small batches, so that no second has much more than its limit.
  ///
  /// - Parameter keysPerSecond: nil: what the pace says.
  package static func batch(_ pace: Pace, keysPerSecond: Double? = nil) -> Int {
    let rate = keysPerSecond ?? (pace.isFull ? 1e9 : Double(max(1, pace.keysPerSecond)))
    return min(pace.isFull ? 2000 : 250, max(1, Int(min(rate, 1e6) / 4)))
  }

  /// Bytes of all lines together: the request itself has every key.
  private static let maximumBytes = 256 << 10

  /// - Parameter undo: what an undo puts back.
  package static func lines(_ request: OperationRequest, undo: UndoTarget? = nil) -> [String] {
    if let undo, undo.restoresLives { return lives(undo) }
    switch request.target {
    case .server: return server(request.action)
    case .pattern(let glob): return pattern(glob, request)
    case .keys(let keys): return listed(keys, request)
    }
  }

  /// A transaction cannot span slots.
  static let onCluster = "EVAL <those of a batch that change keys, as one step on their shard>"

  private static func server(_ action: OperationRequest.Action) -> [String] {
    switch action {
    case .slowlogReset: ["SLOWLOG RESET"]
    case .clientKill(let id): ["CLIENT KILL ID \(id)"]
    case .warm: single(action, "<key>")
    case .invalidate, .shorten, .adjust, .restore: []
    }
  }

  private static func pattern(_ glob: [UInt8], _ request: OperationRequest) -> [String] {
    let batch = batch(request.pace)
    // Every key: then there is nothing to compare with.
    let match = request.isWholeTier ? "" : " MATCH \(RedisCLI.quoted(glob))"
    let key = request.namesSessions ? "<key>" : "<key, no session>"
    var lines = [
      "SCAN 0\(match) COUNT \(batch)", "SCAN <cursor of the page before>\(match) COUNT \(batch)",
    ]
    switch request.action {
    case .invalidate:
      let left = request.namesSessions ? "" : ", sessions left out"
      lines.append("UNLINK <the keys of each page\(left)>")
    case .shorten, .adjust, .warm, .restore, .slowlogReset, .clientKill:
      lines += single(request.action, key)
    }
    return lines
  }

  private static func listed(_ keys: [KeyName], _ request: OperationRequest) -> [String] {
    var lines: [String] = []
    var bytes = 0
    var rest = keys[...]
    let isInvalidation = request.action == .invalidate
    while !rest.isEmpty, bytes < maximumBytes {
      let part = rest.prefix(isInvalidation ? batch(request.pace) : 1)
      rest = rest.dropFirst(part.count)
      let words = part.map { RedisCLI.quoted($0.bytes) }.joined(separator: " ")
      let added = isInvalidation ? ["UNLINK \(words)"] : single(request.action, words)
      bytes += added.reduce(0) { $0 + $1.utf8.count }
      lines += added
    }
    if !rest.isEmpty { lines.append("… the same for \(rest.count) more keys") }
    return lines
  }

  /// Servers may have the same key with another life.
  private static func lives(_ undo: UndoTarget) -> [String] {
    var lines: [String] = []
    var seen: Set<UndoTarget.Copy> = []
    var bytes = 0
    let all = undo.shards.flatMap(\.copies).filter { seen.insert($0).inserted }
    for copy in all {
      if bytes >= maximumBytes {
        lines.append("… the same for \(all.count - lines.count) more keys")
        break
      }
      let key = RedisCLI.quoted(copy.key.bytes)
      lines.append(copy.end.map { "PEXPIREAT \(key) \($0)" } ?? "PERSIST \(key)")
      bytes += lines[lines.count - 1].utf8.count
    }
    return lines
  }

  /// What is sent for one key.
  private static func single(_ action: OperationRequest.Action, _ key: String) -> [String] {
    switch action {
    case .invalidate: ["UNLINK \(key)"]
    case .shorten(let seconds): ["PEXPIRE \(key) \(milliseconds(seconds)) LT"]
    case .adjust(let seconds):
      [seconds.map { "PEXPIRE \(key) \(milliseconds($0))" } ?? "PERSIST \(key)"]
    case .warm(.command): ["SET \(key) <value> PX <its life in ms> NX"]
    case .warm(.dump), .restore: ["RESTORE \(key) <its life in ms> <the copy>"]
    case .slowlogReset, .clientKill: []
    }
  }

  private static func milliseconds(_ seconds: UInt64) -> String {
    // Longer ones are refused before a plan is made.
    String(seconds.multipliedReportingOverflow(by: 1000).partialValue)
  }
}
