/// One option of a subcommand: parsing, help and suggestions read this.
package struct OptionSpec: Sendable, Hashable {
  package var name: String
  /// What stands for its value in the help; empty: it takes none.
  package var value: String
  package var explanation: String
  package var isRepeatable: Bool

  package init(
    _ name: String, _ value: String, isRepeatable: Bool = false, _ explanation: String
  ) {
    self.name = name
    self.value = value
    self.explanation = explanation
    self.isRepeatable = isRepeatable
  }

  /// An option without a value.
  package init(_ name: String, _ explanation: String) { self.init(name, "", explanation) }

  package var takesValue: Bool { !value.isEmpty }

  /// Name and value as the help shows them.
  var label: String { takesValue ? "\(name) \(value)" : name }
}

extension OptionSpec {
  /// How the servers are found and reached: every subcommand takes these.
  package static let connection = [
    OptionSpec("--redis", "URL", isRepeatable: true, "act on this server; repeatable"),
    OptionSpec("--sentinel", "HOST:PORT", isRepeatable: true, Option.sentinel.explanation),
    OptionSpec("--master", "NAME", Option.master.explanation),
    OptionSpec("--env", "NAME", "act in this environment of the configuration"),
    OptionSpec("--config", "FILE", "read this file instead of the usual ones"),
    OptionSpec("--node", "NAME", isRepeatable: true, "only this server of it; repeatable"),
    OptionSpec("--password-file", "FILE", Option.passwordFile.explanation),
    OptionSpec("--ask-password", Option.askPassword.explanation),
    OptionSpec("--sentinel-auth", "FILE", Option.sentinelPasswordFile.explanation),
    OptionSpec("--map", "FROM=TO", isRepeatable: true, Option.map.explanation),
    OptionSpec("--cacert", "FILE", Option.cacert.explanation),
    OptionSpec("--cert", "FILE", Option.cert.explanation),
    OptionSpec("--key", "FILE", Option.key.explanation),
    OptionSpec("--servername", "NAME", Option.servername.explanation),
    OptionSpec("--tls-insecure", "rediss://: do not verify who answers; it is warned of"),
    OptionSpec("--read-only", "viewer: refuse to change anything"),
    OptionSpec("--role", "NAME", "lower your role: viewer, operator or admin"),
    OptionSpec("--json", "print JSON"),
    OptionSpec("--help", "print this and end"),
  ]

  /// How a plan is confirmed and run.
  package static let acting = [
    OptionSpec("--dry-run", "print the plan with its preview and change nothing"),
    OptionSpec("--yes", "confirm: run the plan without asking"),
    OptionSpec("--reason", "TEXT", "why; required in production"),
    OptionSpec(
      "--confirm", "TEXT", "what production would have one type: the plan names it; with --yes"),
    OptionSpec("--detach", "end once the run has begun; it goes on by itself"),
    OptionSpec("--break-glass", "administrators: run though no audit can be written; loud"),
  ]
}
