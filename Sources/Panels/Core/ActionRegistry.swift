private import ConsoleModel
private import Terminal

extension Action {
  /// Every action there is, in the order of help and footer.
  package static let registry: [Action] =
    program + panels + keyspace + inspection + operations + lists

  private static let program: [Action] = [
    Action(
      .help, "Show the keys and commands", keys: [.character("?"), .function(1)],
      command: "help", argument: .optional("WORD"), label: "help"),
    Action(.filter, "Filter the list or the text", keys: [.character("/")], label: "filter"),
    Action(.command, "Type a command", keys: [.character(":")], label: "command"),
    Action(.back, "Back: filter, detail, overview", keys: [.escape]),
    Action(
      .pause, "Pause collecting; again: go on",
      keys: [.character("p")], command: "pause", label: "pause"),
    Action(.nextTheme, "Switch to the next theme", keys: [.character("t")], label: "theme"),
    Action(.theme, "Use a theme", command: "theme", argument: .required("NAME", .themes)),
    Action(
      .environment, "Switch to another environment", reach: .read, command: "env",
      argument: .required("NAME", .environments)),
    Action(
      .node, "One server; no name: all", command: "node",
      argument: .optional("NAME", .nodes)),
    Action(
      .reveal, "Reveal or mask personal data", reach: .read,
      command: "reveal",
      condition: { model in
        let access = model.context.access
        if access.mayReveal { return nil }
        return access.isReadOnly
          ? "personal data stays masked: \(access.reason)"
          : "personal data stays masked: the right to reveal is not granted"
      }),
    Action(.redraw, "Draw the whole screen again", keys: [.control("l")], command: "redraw"),
    Action(.suspend, "Suspend to the shell", keys: [.control("z")]),
    Action(.quit, "Quit", keys: [.character("q"), .control("c")], command: "q", label: "quit"),
  ]

  private static let panels: [Action] = [
    show(.overview, "overview"), show(.nodes, "nodes"),
    Action(
      .showKeys, "Keys; with a pattern and filters: search", keys: [.character("3")],
      command: "keys", argument: .optional("PATTERN")),
    show(.hotKeys, "hot"), show(.slow, "slow"), show(.commands, "commands"),
    show(.clients, "clients"), show(.operations, "operations"), show(.history, "history"),
    show(.topology, "topology"), show(.keyspace, "keyspace"),
    Action(.nextPanel, "Show the next panel", keys: [.tab]),
    Action(.previousPanel, "Show the previous panel", keys: [.backTab]),
  ]

  private static func show(_ panel: PanelID, _ command: String) -> Action {
    Action(
      panel.action, "Show \(panel.title)", keys: [.character(panel.digit)], command: command)
  }

  private static let lists: [Action] = [
    Action(.open, "Open the selected row", keys: [.enter], scopes: [.table], label: "open"),
    Action(.up, "Up", keys: [.up, .character("k")], scopes: [.table, .pager]),
    Action(.down, "Down", keys: [.down, .character("j")], scopes: [.table, .pager]),
    Action(.pageUp, "One page up", keys: [.pageUp, .control("b")], scopes: [.table, .pager]),
    Action(
      .pageDown, "One page down", keys: [.pageDown, .control("f")],
      scopes: [.table, .pager]),
    Action(.top, "First row", keys: [.home, .character("g")], scopes: [.table, .pager]),
    Action(.bottom, "Last row", keys: [.end, .character("G")], scopes: [.table, .pager]),
    Action(
      .left, "Columns to the left", keys: [.left, .character("h")],
      scopes: [.table, .pager]),
    Action(
      .right, "Columns to the right", keys: [.right, .character("l")],
      scopes: [.table, .pager]),
    Action(
      .sortNext, "Sort by the next column", keys: [.character("s")], scopes: [.table],
      label: "sort"),
    Action(.sortReverse, "Reverse the order", keys: [.character("S")], scopes: [.table]),
    Action(
      .nextNode, "Next server, then all", keys: [.character("n")],
      scopes: [.commands, .keys, .hotKeys, .slow, .clients, .keyspace], label: "next node"),
    Action(
      .follow, "Follow the node through failovers; again: no more", keys: [.character("f")],
      scopes: [.topology], label: "follow"),
    Action(
      .foldAll, "Fold all shards, or unfold them", keys: [.character("z")], scopes: [.topology],
      label: "fold"),
    Action(
      .nextTopology, "Next cluster or group", keys: [.character("n")], scopes: [.topology],
      label: "next group"),
  ]
}
