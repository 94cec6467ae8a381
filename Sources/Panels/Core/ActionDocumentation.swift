private import ConsoleModel
private import Terminal

extension Action {
  /// The key table of the documentation (docs/keys.md), from the same definitions as the keys.
  package static func documentation() -> String {
    var lines = [
      "# Keys and commands", "",
      "Made from the registry of actions (`Sources/Panels`); a test holds it against the program,"
        + " `RECORD_SNAPSHOTS=1` writes it.", "",
    ]
    for scope in Scope.allCases {
      let actions = registry.filter { $0.scopes.contains(scope) }
      guard !actions.isEmpty else { continue }
      lines += [
        "## \(scope.rawValue)", "", "| keys | command | what it does | reach |",
        "|---|---|---|---|",
      ]
      for action in actions {
        let keys = action.keys.map { "`\($0.label(isUnicode: true))`" }.joined(separator: " ")
        let command = action.command.map { "`:\($0)\(action.argument.documentation)`" } ?? ""
        lines.append("| \(keys) | \(command) | \(action.title) | \(action.reach.rawValue) |")
      }
      lines.append("")
    }
    return lines.joined(separator: "\n")
  }
}

extension Action.Argument {
  fileprivate var documentation: String {
    switch self {
    case .none: ""
    case .optional(let name, _): " [\(name)]"
    case .required(let name, _): " \(name)"
    }
  }
}
