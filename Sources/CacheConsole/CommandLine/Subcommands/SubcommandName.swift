package import ConsoleModel

/// Every subcommand once: dispatch, help, suggestions and the refusal of viewers read this.
package enum SubcommandName: String, Sendable, Hashable, CaseIterable {
  case invalidate, ttl, warm, inspect, undo
  case slowlogReset = "slowlog-reset"
  case clientKill = "client-kill"
  case operations, hot, keyspace

  /// What it touches at most; see `Subcommand.reach`.
  package var reach: Reach {
    switch self {
    // Recording reads values with DUMP, which a viewer's connection does not send.
    case .invalidate, .ttl, .warm, .undo, .slowlogReset, .clientKill, .operations, .hot: .change
    case .inspect, .keyspace: .read
    }
  }

  /// Is it planned, previewed and confirmed?
  package var isPlanned: Bool {
    switch self {
    case .invalidate, .ttl, .warm, .undo, .slowlogReset, .clientKill: true
    case .inspect, .operations, .hot, .keyspace: false
    }
  }

  /// One line for the list of subcommands.
  package var summary: String {
    switch self {
    case .invalidate: "delete keys, a list or a pattern, or let them expire soon"
    case .ttl: "give keys another time to live, or none"
    case .warm: "load keys from a file of copies or a program; what is there stays"
    case .inspect: "print what is known of a key, and its value"
    case .undo: "put back what an operation deleted, where nothing new was written"
    case .slowlogReset: "forget the entries of the slow log"
    case .clientKill: "close a client's connection"
    case .operations: "list operations, or pause, resume, abort, take over or stop them"
    case .hot: "write copies of the hot keys to a file, for warm"
    case .keyspace: "measure memory by prefix, the biggest keys and times to live"
    }
  }

  /// The forms of it, without the options that all have.
  package var usage: [String] {
    switch self {
    case .invalidate:
      [
        "invalidate KEY... [--soft SECONDS]", "invalidate --pattern GLOB [--sessions]",
        "invalidate --keys-from FILE|-",
      ]
    case .ttl: ["ttl KEY... --seconds N", "ttl KEY... --persist"]
    case .warm:
      [
        "warm --from DUMP", "warm KEY... (by the environment's loader)",
        "warm --keys-from FILE|- (by the environment's loader)",
        "warm --command 'PROGRAM ARG...' [KEY... | --keys-from FILE|-]",
      ]
    case .inspect: ["inspect KEY"]
    case .undo: ["undo OPERATION"]
    case .slowlogReset: ["slowlog-reset"]
    case .clientKill: ["client-kill ID --node NAME"]
    case .operations:
      [
        "operations", "operations pause|resume|abort|take-over|dismiss OPERATION",
        "operations dismiss OPERATION --reason TEXT (what is given up, not done)",
        "operations stop (all, of all consoles)",
      ]
    case .hot: ["hot --output FILE"]
    case .keyspace:
      [
        "keyspace [--pattern GLOB] [--type T] [--ttl R] [--size R] [--idle R] [--depth N]",
        "keyspace --sample N", "keyspace --resume NAME|last",
      ]
    }
  }

  /// The options that only it has.
  package var ownOptions: [OptionSpec] {
    let rate = OptionSpec("--rate", "N", "keys per second at most (default 20000)")
    let list = OptionSpec(
      "--keys-from", "FILE", "keys from a file, or - for standard input: one a line")
    let copies = OptionSpec("--copy-sessions", "administrators: copy sessions and carts, too")
    switch self {
    case .invalidate:
      return [
        OptionSpec("--pattern", "GLOB", "every key that matches; sessions are left out"), list,
        OptionSpec("--soft", "SECONDS", "let them expire within this time instead of deleting"),
        OptionSpec("--sessions", "with --pattern: sessions, too; their users are logged out"),
        OptionSpec("--no-copy", "keep no copy: it cannot be undone"), copies, rate,
        OptionSpec("--fast", "as fast as the server takes it: nobody is spared"),
      ]
    case .ttl:
      return [
        OptionSpec("--seconds", "N", "the new time to live"),
        OptionSpec("--persist", "no time to live any more"),
      ]
    case .warm:
      return [
        OptionSpec("--from", "DUMP", "a file of copies: of hot, or of an operation"), list,
        OptionSpec("--command", "WORDS", "a program that prints key TAB ttl TAB value"), rate,
        OptionSpec("--concurrency", "N", "keys on their way at the same time (default 16)"),
      ]
    case .hot:
      return [
        OptionSpec("--output", "FILE", "the new file, mode 0600; one that is there is kept"),
        copies,
      ]
    case .operations:
      return [OptionSpec("--reason", "TEXT", "with dismiss: why what is not done is given up")]
    case .keyspace:
      return [
        OptionSpec("--pattern", "GLOB", "only keys that match"),
        OptionSpec("--type", "TYPES", "only these types: hash, or list,set"),
        OptionSpec("--ttl", "RANGE", "only with such a time to live: <60, >1h, 1h..2h, none, any"),
        OptionSpec("--size", "RANGE", "only of such a size in memory: >1mb, <10k, 1k..2k"),
        OptionSpec("--idle", "RANGE", "only unused for so long: >1h, <5m, 1h..2h"),
        OptionSpec("--depth", "N", "levels of prefixes, by : / | and . (1 to 8, default 2)"),
        OptionSpec("--sample", "N", "visit so many keys from all over, and tell 95 % intervals"),
        OptionSpec("--rate", "N", "keys per second of each server at most (default 20000)"),
        OptionSpec(
          "--resume", "NAME", "go on with an analysis that was stopped; last: the newest one"),
      ]
    case .inspect, .undo, .slowlogReset, .clientKill: return []
    }
  }

  /// How its servers are found. An operation has its own: those of `operations` cannot be chosen.
  var connectionOptions: [OptionSpec] {
    OptionSpec.connection.filter { self != .operations || $0.name != "--node" }
  }

  /// Everything that it takes.
  package var options: [OptionSpec] {
    ownOptions + (isPlanned ? OptionSpec.acting : []) + connectionOptions
  }
}
