/// What COMMAND INFO said at the connect of the commands that need the server's `readonly` flag, and of those
/// that only newer servers have.
///
/// Two bits for each command of the list: a console keeps hundreds of connections.
package struct FlaggedCommands: Sendable, Hashable {
  private(set) var flagged: UInt64 = 0
  /// The server does not have it: renamed, disabled, or too new for it.
  private(set) var unknown: UInt64 = 0
  /// COMMAND INFO was answered.
  private(set) var isTold = false

  /// In the order in which they are asked about.
  package static let names: [String] = {
    let names = CommandGate.namesThatNeedTheReadOnlyFlag + CommandGate.newerReadNames
    precondition(names.count <= UInt64.bitWidth, "one bit for each command")
    return names
  }()

  private static let places: [String: Int] = Dictionary(
    names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })

  init() {}

  /// COMMAND INFO answers in the order of the question: name, arity, flags, … or null.
  init(_ reply: RESPValue) {
    guard let entries = reply.array, entries.count == Self.names.count else { return }
    isTold = true
    for (place, entry) in entries.enumerated() {
      guard let parts = entry.array, parts.count > 2, let flags = parts[2].array else {
        unknown |= 1 << UInt64(place)
        continue
      }
      if flags.contains(where: { $0.text == "readonly" }) { flagged |= 1 << UInt64(place) }
    }
  }

  /// COMMAND INFO in a few bytes; other replies as they are.
  static func digest(_ reply: RESPValue) -> RESPValue {
    guard case .array = reply else { return reply }
    let commands = FlaggedCommands(reply)
    guard commands.isTold else { return .null }
    var bytes: [UInt8] = []
    for bits in [commands.flagged, commands.unknown] {
      for shift in stride(from: 0, to: UInt64.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
      }
    }
    return .bulk(bytes)
  }

  init(digested reply: RESPValue) {
    guard case .bulk(let bytes) = reply, bytes.count == 16 else { return }
    func number(_ part: ArraySlice<UInt8>) -> UInt64 {
      part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    (flagged, unknown, isTold) = (number(bytes[..<8]), number(bytes[8...]), true)
  }

  /// True if the server gave the command its `readonly` flag; before 7.0 a container's flags stand for its
  /// subcommands.
  func isReadOnly(_ statName: String) -> Bool { has(statName, flagged) }

  /// True if the server said that there is no such command.
  func isUnknown(_ statName: String) -> Bool {
    guard let place = Self.places[statName], unknown & (1 << UInt64(place)) != 0 else {
      return false
    }
    guard let container = Self.container(of: statName), let other = Self.places[container] else {
      return true
    }
    return unknown & (1 << UInt64(other)) != 0
  }

  /// Does the server have this command of `CommandGate.newerReads`? nil: it did not say.
  func knows(newer statName: String) -> Bool? {
    guard isTold, let place = Self.places[statName] else { return nil }
    return unknown & (1 << UInt64(place)) == 0
  }

  private func has(_ statName: String, _ bits: UInt64) -> Bool {
    if let place = Self.places[statName], bits & (1 << UInt64(place)) != 0 { return true }
    guard let container = Self.container(of: statName), let place = Self.places[container] else {
      return false
    }
    return bits & (1 << UInt64(place)) != 0
  }

  private static func container(of statName: String) -> String? {
    statName.firstIndex(of: "|").map { String(statName[..<$0]) }
  }
}
