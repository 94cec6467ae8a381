private import ConsoleModel
private import Operations

extension Subcommand {
  /// Seconds that a life may have: 100 years.
  private static let lives = UInt64(1)...UInt64(RecordText.maximumSeconds)
  private static let rates = 1...10_000_000

  init(_ words: SubcommandWords) throws(UsageError) {
    switch words.command {
    case .invalidate: self = try Self.invalidate(words)
    case .ttl: self = try Self.ttl(words)
    case .warm: self = try Self.warm(words)
    case .inspect:
      self = .inspect(KeyName(try SubcommandWords.bytes(try words.only("KEY"), "the key")))
    case .undo: self = .undo(try Self.operation(try words.only("OPERATION")))
    case .slowlogReset:
      try words.noOperands()
      self = .slowlogReset
    case .clientKill:
      self = .clientKill(
        try SubcommandWords.number(try words.only("ID"), "the ID", UInt64(1)...UInt64.max))
    case .operations: self = .operations(try Self.control(words))
    case .hot:
      try words.noOperands()
      guard let output = words.value("--output") else {
        throw UsageError("hot needs --output FILE: where the copies go")
      }
      self = .hot(output: output, includesGuarded: words.has("--copy-sessions"))
    case .keyspace: self = .keyspace(try KeyspaceOrder(words))
    }
  }

  private static func invalidate(_ words: SubcommandWords) throws(UsageError) -> Subcommand {
    guard let keys = try keys(words) else {
      throw UsageError("invalidate needs KEY..., --pattern GLOB or --keys-from FILE")
    }
    if words.has("--sessions") {
      guard case .pattern = keys else {
        throw UsageError("--sessions belongs to --pattern: a session that is named is meant")
      }
    }
    let soft = try words.number("--soft", lives)
    if words.has("--no-copy"), words.has("--copy-sessions") {
      throw UsageError("--no-copy and --copy-sessions exclude each other")
    }
    return .invalidate(
      keys, soft: soft, sessions: words.has("--sessions"), keepsCopy: !words.has("--no-copy"),
      copiesGuarded: words.has("--copy-sessions"), pace: try pace(words))
  }

  private static func ttl(_ words: SubcommandWords) throws(UsageError) -> Subcommand {
    let keys = try words.keys()
    guard !keys.isEmpty else { throw UsageError("ttl needs KEY...: \(words.command.usage[0])") }
    let seconds = try words.number("--seconds", lives)
    guard (seconds != nil) != words.has("--persist") else {
      throw UsageError("ttl needs one of --seconds N and --persist")
    }
    return .ttl(keys, seconds: seconds)
  }

  private static func warm(_ words: SubcommandWords) throws(UsageError) -> Subcommand {
    let keys = try keys(words)
    let pace = try pace(words)
    if let dump = words.value("--from") {
      guard keys == nil, !words.has("--command") else {
        throw UsageError("--from takes all of its file: without keys and without --command")
      }
      return .warm(.dump(dump), keys: nil, pace: pace)
    }
    if let text = words.value("--command") {
      let program = try CommandWords.split(text, option: "--command")
      return .warm(.program(program), keys: keys, pace: pace)
    }
    guard let keys else {
      throw UsageError("warm needs --from DUMP, --command WORDS, KEY... or --keys-from FILE")
    }
    return .warm(.program(nil), keys: keys, pace: pace)
  }

  /// The one selection of keys; nil: none was made.
  private static func keys(_ words: SubcommandWords) throws(UsageError) -> Keys? {
    var found: [Keys] = []
    let named = try words.keys()
    if !named.isEmpty { found.append(.named(named)) }
    if let glob = words.value("--pattern") {
      found.append(.pattern(try SubcommandWords.bytes(glob, "the pattern")))
    }
    if let file = words.value("--keys-from") { found.append(.list(file)) }
    guard found.count <= 1 else {
      throw UsageError(
        "\(words.command.rawValue): KEY..., --pattern and --keys-from exclude each other")
    }
    return found.first
  }

  private static func pace(_ words: SubcommandWords) throws(UsageError) -> Pace {
    var pace = Pace()
    let rate = try words.number("--rate", Self.rates)
    if words.has("--fast"), rate != nil {
      throw UsageError("--fast and --rate exclude each other")
    }
    pace.keysPerSecond = rate ?? pace.keysPerSecond
    pace.isFull = words.has("--fast")
    pace.concurrency = try words.number("--concurrency", 1...1000) ?? pace.concurrency
    return pace
  }

  private static func operation(_ text: String) throws(UsageError) -> String {
    guard OperationID.isValid(text) else {
      throw UsageError(
        "'\(Printable.line(text, limit: 60))' is not the name of an operation, such as"
          + " 20261125T165512-3f9a0c (cacheconsole operations lists them)")
    }
    return text
  }

  private static func control(_ words: SubcommandWords) throws(UsageError) -> Control {
    guard let verb = words.operands.first else { return .list }
    if verb == "stop" {
      guard words.operands.count == 1 else {
        throw UsageError("operations stop takes no name: it stops all; abort stops one")
      }
      return .stopAll
    }
    let controls: [String: (String) -> Control] = [
      "pause": Control.pause, "resume": Control.resume, "abort": Control.abort,
      "take-over": Control.takeOver,
    ]
    let reason = try words.line("--reason")
    guard verb != "dismiss" else {
      guard words.operands.count == 2 else {
        throw UsageError("operations dismiss needs the name of one operation")
      }
      return .dismiss(try operation(words.operands[1]), reason: reason ?? "")
    }
    guard reason == nil else { throw UsageError("--reason is for operations dismiss") }
    guard let control = controls[verb] else {
      throw UsageError(
        "operations does not know '\(Printable.line(verb, limit: 60))': \(words.command.usage[1])")
    }
    guard words.operands.count == 2 else {
      throw UsageError("operations \(verb) needs the name of one operation")
    }
    return control(try operation(words.operands[1]))
  }
}
