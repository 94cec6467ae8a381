package import ConsoleModel
package import Terminal

/// Where an action's keys apply.
package enum Scope: String, Sendable, Hashable, CaseIterable {
  /// Everywhere outside dialogs and text inputs.
  case global
  /// A list with a selection.
  case table
  /// Scrolled text.
  case pager
  case overview, nodes, nodeDetail, commands, help
  case keys, keyValue, hotKeys, slow, clients, operations, history
  case topology, keyspace
  /// An analysis is running: Esc ends it.
  case keyspaceRunning
  /// A key search is running: Esc ends it.
  case keySearching
  /// The parts of a value or an entry; one part's bytes.
  case elements, bytes
}

/// Names every action; it is also the message that the action sends.
package enum ActionID: String, Sendable, Hashable, CaseIterable {
  // The program.
  case quit, suspend, redraw, pause, nextTheme, theme, environment, node, reveal
  case command, filter, help, back
  // Panels.
  case showOverview, showNodes, showKeys, showHotKeys, showSlow, showCommands, showClients
  case showOperations, showHistory, showTopology, showKeyspace
  case nextPanel, previousPanel
  // Lists and text.
  case up, down, pageUp, pageDown, top, bottom, left, right
  case open, sortNext, sortReverse
  // Nodes and commands.
  case nextNode
  // The topology.
  case follow, foldAll, nextTopology
  // Keys and values.
  case findKeys, cancelSearch, continueSearch, copyKey, refreshKey, revealValue
  case viewMode, exactName, nextPage, previousPage
  // The keyspace.
  case analyze, analyzeQuery, sampleKeys, cancelAnalysis, continueAnalysis, listPrefix
  // Clients.
  case clientGrouping, otherList
  // Operations on keys.
  case invalidate, invalidatePattern, shorten, adjust, warm, inspectKey, mark, clearMarks
  // Operations on servers.
  case slowlogReset, killClient
  // Operations that run or ran.
  case pauseOperation, abortOperation, dismissOperation, takeOver, undo, stopAll
}

/// One definition of something that a user can do: key dispatch, footer, `?` help, `:` palette and
/// the refusal of viewers all read it.
package struct Action: Sendable {
  package var id: ActionID
  package var title: String
  package var keys: [Key]
  package var scopes: [Scope]
  package var reach: Reach
  /// The `:` form, such as `slowlog reset`; nil: no command.
  package var command: String?
  package var argument: Argument
  /// Short label for the footer; nil: not shown there.
  package var label: String?
  /// Why it cannot be done now, beside the rule for viewers.
  package var condition: @Sendable (Model) -> String?

  /// What follows the command's name.
  package enum Argument: Sendable, Hashable {
    case none
    case optional(String, Choices = .any)
    case required(String, Choices = .any)

    package enum Choices: Sendable, Hashable { case any, environments, themes, nodes, operations }
  }

  package init(
    _ id: ActionID, _ title: String, keys: [Key] = [], scopes: [Scope] = [.global],
    reach: Reach = .view, command: String? = nil, argument: Argument = .none,
    label: String? = nil, condition: @escaping @Sendable (Model) -> String? = { _ in nil }
  ) {
    self.id = id
    self.title = title
    self.keys = keys
    self.scopes = scopes
    self.reach = reach
    self.command = command
    self.argument = argument
    self.label = label
    self.condition = condition
  }

  /// What it sends when its key is pressed.
  package var message: Message { .action(id) }

  /// Why it may not be done, in words; nil if it may.
  package func refusal(in model: Model) -> String? {
    let access = model.context.access
    if reach == .change, access.isReadOnly { return "read-only: \(access.reason)" }
    return condition(model)
  }
}

extension Action {
  private static let byID: [ActionID: Action] = Dictionary(
    registry.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })

  private static let byKey: [Scope: [Key: ActionID]] = {
    var table: [Scope: [Key: ActionID]] = [:]
    for action in registry {
      for scope in action.scopes {
        for key in action.keys { table[scope, default: [:]][key] = action.id }
      }
    }
    return table
  }()

  package static func with(_ id: ActionID) -> Action? { byID[id] }

  /// The action that `key` means where `scopes` apply, innermost first.
  package static func forKey(_ key: Key, in scopes: [Scope]) -> Action? {
    for scope in scopes + [.global] {
      if let id = byKey[scope]?[key] { return byID[id] }
    }
    return nil
  }

  /// Actions that apply where `scopes` do, innermost first, in the registry's order; without those
  /// whose every key means something else further in.
  package static func applicable(in scopes: [Scope]) -> [Action] {
    var seen: Set<ActionID> = []
    return (scopes + [.global]).flatMap { scope in
      registry.filter { action in
        action.scopes.contains(scope) && seen.insert(action.id).inserted
          && (action.keys.isEmpty
            || action.keys.contains { forKey($0, in: scopes)?.id == action.id })
      }
    }
  }
}

extension Key {
  /// As help and footer print it.
  package func label(isUnicode: Bool) -> String {
    switch self {
    case .character(" "): "Space"
    case .character(let scalar): String(Character(scalar))
    case .control(let scalar): "^" + String(Character(scalar)).uppercased()
    case .enter: "Enter"
    case .escape: "Esc"
    case .tab: "Tab"
    case .backTab: "S-Tab"
    case .backspace: "Bksp"
    case .delete: "Del"
    case .insert: "Ins"
    case .up: isUnicode ? "↑" : "Up"
    case .down: isUnicode ? "↓" : "Down"
    case .left: isUnicode ? "←" : "Left"
    case .right: isUnicode ? "→" : "Right"
    case .home: "Home"
    case .end: "End"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .function(let number): "F\(number)"
    }
  }
}
