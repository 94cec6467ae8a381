/// Which commands a client lets through to its server.
///
/// A viewer's client is read-only by construction: what is not on the list, in one of the forms
/// listed there, never becomes a byte on the wire, whoever asks for it.
package struct CommandGate: Sendable {
  private enum Rule: Sendable {
    case readOnly
    case only(Set<String>)
    case unrestricted
  }

  private let rule: Rule

  /// Monitoring reads by name and form; reads of keys only where the server itself flags the command
  /// `readonly`.
  package static let readOnly = CommandGate(rule: .readOnly)

  /// Everything. For the demo's own traffic and for tests.
  package static let unrestricted = CommandGate(rule: .unrestricted)

  /// Only these commands, named as in commandstats: `slowlog|reset`.
  static func only(_ statNames: Set<String>) -> CommandGate { CommandGate(rule: .only(statNames)) }

  /// What the client must still ask its connection.
  enum Verdict: Sendable, Hashable {
    case pass
    /// Passes if the server flags it `readonly`.
    case needsFlag
    case refuse(String)
  }

  /// `name`: the command's `statName`.
  func verdict(_ command: RedisCommand, name: String) -> Verdict {
    if case .unrestricted = rule { return .pass }
    // Else `object|freq` as one word would pass for OBJECT FREQ, and a letter of another script
    // that becomes an ASCII one in lower case for that one.
    guard command.name.utf8.allSatisfy(Self.isOfAName) else {
      return .refuse("no command is called so")
    }
    switch rule {
    case .unrestricted: return .pass
    case .only(let names):
      return names.contains(name) ? .pass : .refuse("it is not among the permitted ones")
    case .readOnly: break
    }
    guard let read = Self.reads[name] else {
      return .refuse(
        Self.reasons[name] ?? "it is not among the reads that a read-only console uses")
    }
    guard read.forms.contains(where: { $0.admits(command.arguments) }) else {
      return .refuse(
        "a read-only console uses it only as "
          + read.forms.map(\.text).joined(separator: " or as "))
    }
    return read.needsFlag ? .needsFlag : .pass
  }

  /// Why the command is refused, in words; nil: it passes, where the server does what it must.
  package func refusal(of command: RedisCommand) -> String? {
    if case .refuse(let reason) = verdict(command, name: command.statName) { reason } else { nil }
  }

  private static func isOfAName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x41...0x5A, 0x61...0x7A, 0x30...0x39: true
    // `module.command`, `sort_ro`, `restore-asking`
    default: byte == 0x2E || byte == 0x5F || byte == 0x2D
    }
  }
}

// MARK: By name

extension CommandGate {
  private struct Read: Sendable {
    var forms: [CommandForm] = []
    var needsFlag: Bool
  }

  private static let reads: [String: Read] = {
    var reads: [String: Read] = [:]
    for (list, needsFlag) in [(serverReads, false), (newerReads, false), (keyReads, true)] {
      for form in list {
        reads[form.statName, default: Read(needsFlag: needsFlag)].forms.append(form)
      }
    }
    return reads
  }()

  /// False: the command may change something, so that a lost answer leaves it open what happened.
  static func isRead(_ statName: String) -> Bool {
    reads[statName] != nil || sentinelReads.contains(statName)
  }

  /// What a Sentinel is asked; no client of servers may send them.
  static let sentinelReads: Set<String> = [
    "sentinel|get-master-addr-by-name", "sentinel|master", "sentinel|masters",
    "sentinel|sentinels",
  ]

  /// True if a second command of the name with as many arguments needs no look of its own: it has
  /// the same form, whatever its arguments are.
  static func isJudgedByCount(_ statName: String) -> Bool {
    reads[statName].map { $0.forms.allSatisfy(\.isFixed) } ?? true
  }

  /// Key reads by name, for those who check them against a server.
  package static var keyReadNames: [String] { names(keyReads) }

  /// The other reads by name: they stand on the list because people have looked at them.
  package static var serverReadNames: [String] { names(serverReads) }

  /// Reads that not every server has, by name.
  package static var newerReadNames: [String] { names(newerReads) }

  private static func names(_ forms: [CommandForm]) -> [String] {
    Set(forms.map(\.statName)).sorted()
  }

  var isUnrestricted: Bool { if case .unrestricted = rule { true } else { false } }

  /// Is COMMAND INFO asked about `namesThatNeedTheReadOnlyFlag` at each connect?
  var asksForFlags: Bool { if case .readOnly = rule { true } else { false } }

  static var namesThatNeedTheReadOnlyFlag: [String] {
    var names = Set(Self.keyReadNames)
    // Before 7.0 a container's flags stand for its subcommands.
    for name in names {
      if let bar = name.firstIndex(of: "|") { names.insert(String(name[..<bar])) }
    }
    return names.sorted()
  }
}
