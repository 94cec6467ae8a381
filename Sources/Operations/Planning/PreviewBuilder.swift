import ConsoleModel
import Redis

/// Puts what is known of each server together into what an operator reads.
struct PreviewBuilder {
  let request: OperationRequest
  let findings: [NodeFindings]
  let commands: [String]
  /// Warnings that come from elsewhere.
  var notes: [String] = []
  /// It is an undo that gives lives back.
  var restoresLives = false

  /// Strings above this are told: the server frees them in line.
  static let largeString: UInt64 = 10_000_000
  /// Milliseconds that the server stands still for each megabyte of a string that it frees; measured.
  static let freeingMilliseconds = 0.1
  static let maximumSample = 200
  private static let maximumLarge = 100

  func preview() -> OperationPreview {
    var preview = OperationPreview()
    preview.keys = total(\.keys)
    let bytes = findings.map(\.bytes)
    preview.bytes = bytes.contains(nil) ? nil : bytes.reduce(0) { $0 &+ ($1 ?? 0) }
    preview.shards = findings.map {
      OperationPreview.Shard(
        node: $0.node, address: $0.address, runID: $0.facts.runID, size: $0.facts.size,
        keys: $0.keys, bytes: $0.bytes)
    }
    preview.types = shares { $0.exists ? $0.type : nil }
    preview.lives = shares(Self.life)
    preview.idle = shares { $0.idleSeconds.map { Self.range($0) } }
    preview.dataTypes = dataTypes
    if endsSessions { preview.loggedOut = total(\.sessions) }
    preview.sessionsLeftOut = findings.reduce(0) { $0 &+ $1.sessionsLeftOut }
    preview.largeStrings = largeStrings
    preview.dependents = dependents(of: preview.dataTypes)
    preview.sample = sample
    preview.commands = commands
    preview.restoresLives = restoresLives
    preview.isComplete = findings.allSatisfy(\.isComplete)
    let all = findings.reduce(0.0) { $0 + Double($1.total) }
    let visited = findings.reduce(0.0) { $0 + Double($1.visited) }
    preview.progress = preview.isComplete ? 1 : all > 0 ? min(1, visited / all) : 0
    let left = findings.filter { !$0.isComplete }.map(\.secondsLeft)
    preview.secondsLeft = left.contains(nil) ? nil : left.compactMap { $0 }.max()
    preview.warnings = warnings(preview)
    return preview
  }

  /// Low ends and high ends add up to an interval that holds at least as often as each.
  private func total(_ figure: KeyPath<NodeFindings, KeyCount>) -> KeyCount {
    let counts = findings.map { $0[keyPath: figure] }
    var (low, value, high): (UInt64, UInt64, UInt64) = (0, 0, 0)
    var isExact = true
    for count in counts {
      value = value &+ count.value
      switch count {
      case .exact(let count):
        low = low &+ count
        high = high &+ count
      case .estimate(let least, _, let most):
        low = low &+ least
        high = high &+ most
        isExact = false
      }
    }
    return isExact ? .exact(value) : .estimate(low: low, value: value, high: high)
  }

  /// Users are logged out by what deletes their session, now or before its time.
  private var endsSessions: Bool {
    switch request.action {
    case .invalidate, .shorten: true
    case .adjust(let seconds): seconds != nil
    case .warm, .restore, .slowlogReset, .clientKill: false
    }
  }

  // MARK: Shares

  /// Keys by what `name` says of the described ones, each server's weighted by its keys.
  private func shares(_ name: (KeyDescription) -> String?) -> [OperationPreview.Share] {
    var keys: [String: Double] = [:]
    for found in findings {
      let names = found.descriptions.compactMap(name)
      guard !names.isEmpty else { continue }
      let weight = Double(found.keys.value) / Double(names.count)
      for name in names { keys[name, default: 0] += weight }
    }
    return Self.sorted(keys)
  }

  private var dataTypes: [OperationPreview.Share] {
    var keys: [String: Double] = [:]
    for found in findings {
      for (type, count) in found.dataTypes { keys[type.rawValue, default: 0] += count }
    }
    return Self.sorted(keys)
  }

  /// Largest first; what was seen counts as one key at least.
  private static func sorted(_ keys: [String: Double]) -> [OperationPreview.Share] {
    keys.map {
      OperationPreview.Share(name: $0.key, keys: UInt64(saturating: max(1, $0.value.rounded())))
    }
    .sorted { ($1.keys, $0.name) < ($0.keys, $1.name) }
  }

  private static func life(_ key: KeyDescription) -> String? {
    switch key.timeToLive {
    case .persistent: "no expiry"
    case .milliseconds(let left): range(left / 1000)
    case .gone, nil: nil
    }
  }

  private static func range(_ seconds: UInt64) -> String {
    switch seconds {
    case ..<60: "< 1 min"
    case ..<600: "< 10 min"
    case ..<3600: "< 1 h"
    case ..<86_400: "< 1 d"
    default: "≥ 1 d"
    }
  }

  // MARK: Keys

  private var sample: [KeyName] {
    let each = max(1, Self.maximumSample / max(1, findings.count))
    return Array(
      Set(findings.flatMap { $0.sample.prefix(each).map { KeyName($0) } }).sorted()
        .prefix(Self.maximumSample))
  }

  private var largeStrings: [OperationPreview.LargeKey] {
    let large = findings.flatMap { found in
      found.descriptions.compactMap { key -> OperationPreview.LargeKey? in
        guard key.type == "string", let bytes = key.memoryBytes, bytes > Self.largeString else {
          return nil
        }
        return OperationPreview.LargeKey(key: KeyName(key.key), bytes: bytes)
      }
    }
    return Array(large.sorted { ($1.bytes, $0.key) < ($0.bytes, $1.key) }.prefix(Self.maximumLarge))
  }

  private func dependents(of types: [OperationPreview.Share]) -> [String] {
    // What is written where nothing was changes nothing for whoever reads it.
    guard request.target != .server, !request.writesAbsent else { return [] }
    return types.compactMap { share in
      DataType(rawValue: share.name)?.dependents.map { "\(share.name): \($0)" }
    }
  }

  // MARK: Warnings

  private func warnings(_ preview: OperationPreview) -> [String] {
    var lines = notes
    if preview.sessionsLeftOut > 0 {
      lines.append(
        "\(preview.keys.isExact ? "" : "about ")\(preview.sessionsLeftOut) sessions match and are left out"
          + " unless they are named")
    }
    if request.action == .invalidate {
      for large in preview.largeStrings.prefix(10) {
        let megabytes = Double(large.bytes) / 1e6
        let milliseconds = megabytes * Self.freeingMilliseconds
        lines.append(
          "\(RedisCLI.quoted(Array(large.key.bytes.prefix(120)))) has \(Int(megabytes)) MB: the server"
            + " stands still for about \(Self.tenths(milliseconds)) ms while it frees them")
      }
      if preview.largeStrings.count > 10 {
        lines.append("and \(preview.largeStrings.count - 10) more strings above 10 MB")
      }
      let isSampled = findings.contains { UInt64($0.descriptions.count) < $0.keys.value }
      let looked = findings.reduce(0) { $0 + $1.descriptions.count }
      if isSampled, looked > 0, preview.isComplete {
        lines.append("strings above 10 MB were looked for among \(looked) of the keys")
      }
    }
    return lines
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}

extension KeyCount {
  fileprivate var isExact: Bool { if case .exact = self { true } else { false } }
}
