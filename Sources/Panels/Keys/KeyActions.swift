private import ConsoleModel
private import Terminal

extension Action {
  /// What Keys, Slow, Clients and the value viewer can do.
  static let inspection: [Action] = [
    Action(
      .findKeys, "Search keys: PATTERN type:hash ttl:<60 size:>1mb idle:>1h",
      keys: [.character("f")],
      scopes: [.keys], reach: .read, argument: .optional("PATTERN"), label: "find"),
    Action(
      .cancelSearch, "End the search; what was found stays", keys: [.escape],
      scopes: [.keySearching], label: "stop"),
    Action(
      .continueSearch, "Go on with a search that ended early", keys: [.character("c")],
      scopes: [.keys], reach: .read),
    Action(
      .viewMode, "Show as text, as JSON, in hexadecimal", keys: [.character("x")],
      scopes: [.bytes], label: "text/JSON/hex"),
    Action(
      .nextPage, "Next page of the value", keys: [.character("n")],
      scopes: [.keyValue, .bytes], reach: .read),
    Action(
      .previousPage, "Previous page of the value", keys: [.character("N")],
      scopes: [.keyValue, .bytes], reach: .read),
    Action(
      .exactName, "Show the key, or the name of the part, exactly", keys: [.character("e")],
      scopes: [.keyValue, .elements], label: "exact name"),
    Action(
      .revealValue, "Show this value's personal data; again: mask it", keys: [.character("R")],
      scopes: [.keyValue], reach: .read, label: "reveal",
      condition: { Masked.refusal($0.context.access) }),
    Action(
      .copyKey, "Copy the key exactly", keys: [.character("y")],
      scopes: [.keys, .keyValue, .hotKeys, .keyspace],
      label: "copy key"),
    Action(
      .refreshKey, "Read again from the server", keys: [.character("r")],
      scopes: [.keys, .keyValue], reach: .read, label: "read again"),
    Action(
      .clientGrouping, "Group by address, name, user, command", keys: [.character("b")],
      scopes: [.clients], label: "group by"),
    Action(
      .otherList, "Go to the other list", keys: [.character("o")],
      scopes: [.clients, .keyspace], label: "other list"),
  ]
}
