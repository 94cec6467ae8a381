private import ConsoleModel
private import Terminal

extension Action {
  /// What changes servers, and what marks keys for it.
  static let operations: [Action] = [
    Action(
      .invalidate, "Invalidate the marked keys, or the selected one", keys: [.character("v")],
      scopes: [.keys, .keyValue, .hotKeys, .slow], reach: .change, label: "invalidate"),
    Action(
      .mark, "Mark the key, or take its mark away", keys: [.character(" ")],
      scopes: [.keys, .keyValue, .hotKeys, .slow], label: "mark"),
    Action(.clearMarks, "Take all marks away", keys: [.character("U")], command: "unmark"),
    Action(
      .inspectKey, "Inspect the key", keys: [.character("i")],
      scopes: [.keys, .keyValue, .hotKeys, .slow], reach: .read),
    Action(
      .warm, "Load the marked keys, or the selected one, by the loader", keys: [.character("w")],
      scopes: [.keys, .keyValue, .hotKeys, .slow], reach: .change, command: "warm", label: "warm",
      condition: { model in
        model.context.loader.isEmpty
          ? "no loader is configured: set loader in the environment's configuration" : nil
      }),
    Action(
      .invalidatePattern, "Invalidate every key of a pattern; on Keys: the one searched",
      keys: [.character("V")], scopes: [.keys], reach: .change, command: "invalidate",
      argument: .optional("PATTERN"), label: "invalidate all"),
    Action(
      .shorten, "Let keys expire soon: marked, selected or of a pattern", reach: .change,
      command: "soft", argument: .required("SECONDS [PATTERN]")),
    Action(
      .adjust, "Set the time to live: marked or selected keys", reach: .change, command: "ttl",
      argument: .required("SECONDS/none")),
    Action(
      .slowlogReset, "Empty a server's slow log",
      keys: [.character("R")], scopes: [.slow], reach: .change, command: "slowlog reset",
      argument: .optional("NODE", .nodes), label: "SLOWLOG RESET"),
    Action(
      .killClient, "Close a client's connection (CLIENT KILL)", keys: [.character("K")],
      scopes: [.clients], reach: .change, command: "kill", argument: .optional("ID"),
      label: "kill"),
    Action(
      .pauseOperation, "Pause the operation; again: go on", keys: [.character("P")],
      scopes: [.operations], reach: .change, label: "pause/resume"),
    Action(
      .abortOperation, "Abort the operation", keys: [.character("A")], scopes: [.operations],
      reach: .change, label: "abort"),
    Action(
      .dismissOperation, "Take the operation out of the list; why, if it was not done",
      keys: [.character("D")], scopes: [.operations], reach: .change, command: "dismiss",
      argument: .optional("REASON"), label: "dismiss"),
    Action(
      .takeOver, "Go on with an operation whose runner is gone", keys: [.character("T")],
      scopes: [.operations], reach: .change, label: "take over"),
    Action(
      .undo, "Put back what an operation kept a copy of", keys: [.character("u")],
      scopes: [.operations], reach: .change, command: "undo",
      argument: .optional("OPERATION", .operations), label: "undo"),
    Action(
      .stopAll, "Abort every operation of every console", reach: .change, command: "stop"),
  ]
}
