package import ConsoleModel
private import Documents
private import Operations

/// What a subcommand is to do, before any file is read or any server asked.
package enum Subcommand: Sendable, Hashable {
  /// Which keys.
  package enum Keys: Sendable, Hashable {
    case named([KeyName])
    /// A list in a file; `-`: standard input.
    case list(String)
    /// A Redis glob.
    case pattern([UInt8])
  }

  package enum WarmFrom: Sendable, Hashable {
    case dump(String)
    /// nil: the environment's loader.
    case program([String]?)
  }

  package enum Control: Sendable, Hashable {
    case list
    case pause(String), resume(String), abort(String), takeOver(String)
    case dismiss(String, reason: String)
    /// Every operation of every console of the environment.
    case stopAll
  }

  /// - soft: seconds within which the keys expire; nil: they are deleted.
  case invalidate(
    Keys, soft: UInt64?, sessions: Bool, keepsCopy: Bool, copiesGuarded: Bool, pace: Pace)
  /// - seconds: nil: none any more.
  case ttl([KeyName], seconds: UInt64?)
  /// - keys: what the program is asked for; nil: whatever it prints, or all of the file.
  case warm(WarmFrom, keys: Keys?, pace: Pace)
  case inspect(KeyName)
  case undo(String)
  case slowlogReset
  case clientKill(UInt64)
  case operations(Control)
  case hot(output: String, includesGuarded: Bool)
  case keyspace(KeyspaceOrder)

  package var name: SubcommandName {
    switch self {
    case .invalidate: .invalidate
    case .ttl: .ttl
    case .warm: .warm
    case .inspect: .inspect
    case .undo: .undo
    case .slowlogReset: .slowlogReset
    case .clientKill: .clientKill
    case .operations: .operations
    case .hot: .hot
    case .keyspace: .keyspace
    }
  }

  /// What it touches: a viewer is refused `.change`.
  package var reach: Reach {
    if case .operations(.list) = self { .read } else { name.reach }
  }
}

/// A subcommand with how it is to be carried out.
package struct SubcommandCall: Sendable, Hashable {
  package var subcommand: Subcommand
  package var options: ActionOptions

  package init(subcommand: Subcommand, options: ActionOptions) {
    self.subcommand = subcommand
    self.options = options
  }

  /// Why it is refused; nil: it is not.
  package func refusal(_ access: Access) -> String? {
    guard subcommand.reach == .change, access.isReadOnly else { return nil }
    let reason = access.reason.isEmpty ? "" : ": \(access.reason)"
    return "\(subcommand.name.rawValue) is refused to viewers\(reason)"
  }
}

/// The options that all subcommands have, apart from how the servers are reached.
package struct ActionOptions: Sendable, Hashable {
  /// Names of servers; empty: all of the environment.
  package var nodes: [String] = []
  package var isDryRun = false
  package var json = false
  package var isConfirmed = false
  package var reason = ""
  /// What production would have one type; nil: not given.
  package var confirmation: String?
  package var detaches = false
  package var isBreakGlass = false

  package init() {}

  /// The servers that are meant, of those that there are.
  package func nodes(of known: [NodeID]) throws(UsageError) -> [NodeID] {
    guard !nodes.isEmpty else { return known }
    var chosen: [NodeID] = []
    for name in nodes {
      guard known.contains(NodeID(name)) else {
        let names = known.map(\.rawValue)
        let hint = Suggestion.closest(to: name, in: names).map { "; did you mean '\($0)'?" } ?? ""
        throw UsageError(
          "--node '\(Printable.line(name, limit: 60))' is not a server of this environment\(hint)"
            + " (there are: \(Printable.line(names.joined(separator: ", "))))")
      }
      if !chosen.contains(NodeID(name)) { chosen.append(NodeID(name)) }
    }
    return chosen
  }
}
