private import ConsoleModel
private import Terminal

extension Action {
  /// What Keyspace can do; it only reads.
  static let keyspace: [Action] = [
    Action(
      .analyze, "Measure every key: memory, types, times to live", keys: [.character("a")],
      scopes: [.keyspace], reach: .read, label: "measure all"),
    Action(
      .sampleKeys, "Estimate from a sample of 20,000 keys", keys: [.character("e")],
      scopes: [.keyspace], reach: .read, label: "estimate"),
    Action(
      .analyzeQuery, "Measure keys: PATTERN type:hash ttl:<60 size:>1mb idle:>1h",
      keys: [.character("f")], scopes: [.keyspace], reach: .read, command: "measure",
      argument: .optional("PATTERN"), label: "measure some"),
    Action(
      .cancelAnalysis, "End the analysis; what was counted stays", keys: [.escape],
      scopes: [.keyspaceRunning], label: "stop"),
    Action(
      .continueAnalysis, "Go on with an analysis that ended early", keys: [.character("c")],
      scopes: [.keyspace], reach: .read),
    Action(
      .listPrefix, "List the keys of the prefix", keys: [.character("F")], scopes: [.keyspace],
      reach: .read, label: "list keys"),
  ]
}
