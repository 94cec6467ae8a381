import ConsoleModel
import Panels
import Terminal

/// Everything that can be typed or pressed, from the registry of actions: a new one is in it by itself.
enum ActionLines {
  /// The name of an operation that there is not.
  static let operation = "20261125T165512-3f9a0c"

  /// Each command whole, with every plausible argument. Quitting is left out.
  static func all(node: String, operation: String) -> [String] {
    Action.registry.flatMap { action -> [String] in
      guard let command = action.command, action.id != .quit else { return [] }
      return arguments(action, node: node, operation: operation).map {
        $0.isEmpty ? ":\(command)" : ":\(command) \($0)"
      }
    }
  }

  private static func arguments(_ action: Action, node: String, operation: String) -> [String] {
    switch action.argument {
    case .none: return [""]
    case .optional(let name, let choices):
      return [""] + some(name, choices, node: node, operation: operation)
    case .required(let name, let choices):
      return some(name, choices, node: node, operation: operation)
    }
  }

  private static func some(
    _ name: String, _ choices: Action.Argument.Choices, node: String, operation: String
  ) -> [String] {
    switch choices {
    case .environments: return ["other"]
    case .themes: return ["mono"]
    case .nodes: return [node]
    case .operations: return [operation]
    case .any: break
    }
    switch name {
    case "PATTERN": return ["product:*", "*"]
    case "SECONDS [PATTERN]": return ["60", "1 *"]
    case "SECONDS/none": return ["60", "none"]
    default: return ["1"]
    }
  }

  /// Every key of every action once, as tmux names them; without those that end or suspend the console.
  static let keys = keys { $0.id != .quit && $0.id != .suspend }

  /// Those that would change a server.
  static let changingKeys = keys { $0.reach == .change }

  private static func keys(_ isMeant: (Action) -> Bool) -> [String] {
    var names: [String] = []
    for action in Action.registry where isMeant(action) {
      for key in action.keys where !names.contains(name(key)) { names.append(name(key)) }
    }
    return names
  }

  private static func name(_ key: Key) -> String {
    switch key {
    case .character(" "): "Space"
    case .character(let scalar): String(Character(scalar))
    case .control(let scalar): "C-\(Character(scalar))"
    case .enter: "Enter"
    case .escape: "Escape"
    case .tab: "Tab"
    case .backTab: "BTab"
    case .backspace: "BSpace"
    case .delete: "DC"
    case .insert: "IC"
    case .up: "Up"
    case .down: "Down"
    case .left: "Left"
    case .right: "Right"
    case .home: "Home"
    case .end: "End"
    case .pageUp: "PPage"
    case .pageDown: "NPage"
    case .function(let number): "F\(number)"
    }
  }
}
