private import ConsoleModel

/// What a line after `:` means; names come from the registry.
package enum CommandParser {
  package enum Result: Sendable, Hashable {
    case empty
    case action(ActionID, argument: String?)
    case error(String)
  }

  /// Other names for commands, as vi, k9s and redis-cli users type them.
  private static let aliases = [
    "quit": "q", "exit": "q", "q!": "q", "overview": "overview", "node list": "nodes",
    "hotkeys": "hot", "hot keys": "hot", "slowlog": "slow", "cmd": "commands", "h": "help",
    "ctx": "env", "environment": "env", "ops": "operations", "audit": "history",
    "topo": "topology", "memory": "keyspace", "bigkeys": "keyspace", "shards": "topology",
  ]

  private static let byCommand: [(command: String, action: Action)] = Action.registry
    .compactMap { action in action.command.map { ($0, action) } }
    .sorted { $0.0.utf8.count > $1.0.utf8.count }

  package static func parse(_ line: String) -> Result {
    var text = trimmed(line)
    if text.hasPrefix(":") { text = trimmed(String(text.dropFirst())) }
    if text.isEmpty { return .empty }
    if let alias = aliases[text] { text = alias }
    for (command, action) in byCommand {
      guard text == command || text.hasPrefix(command + " ") else { continue }
      let rest = trimmed(String(text.dropFirst(command.count)))
      return result(action, command, rest.isEmpty ? nil : rest)
    }
    let word = text.split(separator: " ").first.map(String.init) ?? text
    let names = byCommand.map(\.command) + aliases.keys.sorted()
    return .error("no command :\(word)\(Suggestion.phrase(word, among: names)); :help lists them")
  }

  private static func result(_ action: Action, _ command: String, _ argument: String?) -> Result {
    switch action.argument {
    case .none:
      if let argument { return .error(":\(command) takes no argument, but got \(argument)") }
    case .optional: break
    case .required(let name, _):
      if argument == nil { return .error(":\(command) needs \(name)") }
    }
    return .action(action.id, argument: argument)
  }

  /// Whole lines that continue `line`, in the registry's order.
  package static func completions(for line: String, in model: Model) -> [String] {
    for (command, action) in byCommand where line.hasPrefix(command + " ") {
      let prefix = String(line.dropFirst(command.count + 1))
      let found = choices(of: action, in: model).filter { $0.hasPrefix(prefix) }
      if !found.isEmpty { return found.map { "\(command) \($0)" } }
    }
    return Action.registry.compactMap { action in
      guard let command = action.command, command.hasPrefix(line) else { return nil }
      return action.argument == .none ? command : command + " "
    }
  }

  private static func choices(of action: Action, in model: Model) -> [String] {
    switch action.argument {
    case .none, .optional(_, .any), .required(_, .any): []
    case .optional(_, .environments), .required(_, .environments):
      model.context.environments.map(\.name)
    case .optional(_, .themes), .required(_, .themes): model.context.themes
    case .optional(_, .operations), .required(_, .operations):
      model.context.operations?.operations.map(\.id) ?? []
    case .optional(_, .nodes), .required(_, .nodes):
      model.context.snapshot?.nodes.map(\.id.rawValue) ?? []
    }
  }

  private static func trimmed(_ text: String) -> String {
    var slice = Substring(text)
    while slice.first == " " { slice.removeFirst() }
    while slice.last == " " { slice.removeLast() }
    return String(slice)
  }
}

/// "Did you mean": the nearest name by edit distance, if it is near.
package enum Suggestion {
  /// ` (did you mean nodes?)`, or nothing.
  package static func phrase(_ word: String, among names: [String]) -> String {
    nearest(word, among: names).map { " (did you mean \($0)?)" } ?? ""
  }

  package static func nearest(_ word: String, among names: [String]) -> String? {
    let word = Array(word.utf8.prefix(40))
    guard !word.isEmpty else { return nil }
    let ranked = names.prefix(500).map { name in
      (name, distance(word, Array(name.utf8.prefix(40))))
    }
    guard let best = ranked.min(by: { $0.1 < $1.1 }) else { return nil }
    // A third of the letters may be wrong, and one always.
    return best.1 <= max(1, word.count / 3) || best.0.utf8.starts(with: word) ? best.0 : nil
  }

  /// Levenshtein, with a swap of neighbours as one edit.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for (row, byte) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        var cost = min(
          previous[column] + (byte == other ? 0 : 1), previous[column + 1] + 1,
          current[column] + 1)
        if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
          cost = min(cost, before[column - 1] + 1)
        }
        current.append(cost)
      }
      before = previous
      previous = current
    }
    return previous[right.count]
  }
}
