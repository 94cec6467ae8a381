/// A command: its name and its arguments as bytes.
package struct RedisCommand: Sendable, Hashable {
  package let name: String
  package let arguments: [[UInt8]]
  /// Given where batches of thousands would derive it each time.
  private let givenStatName: String?

  package init(_ name: String, _ arguments: [[UInt8]]) {
    self.name = name
    self.arguments = arguments
    givenStatName = nil
  }

  /// Private, because the gate takes the next command of a given name for the same: the name must be
  /// what the other initialisers would make of it, and nothing in `rest` may choose what is done.
  private init(_ name: String, _ subcommand: [UInt8], _ rest: [UInt8], statName: String) {
    self.name = name
    arguments = [subcommand, rest]
    givenStatName = statName
  }

  /// OBJECT FREQ, of which the hot-key sampler sends thousands at a time.
  static func objectFrequency(of key: [UInt8]) -> RedisCommand {
    RedisCommand("OBJECT", frequency, key, statName: "object|freq")
  }

  private static let frequency = Array("FREQ".utf8)

  package init(_ name: String, _ arguments: [UInt8]...) { self.init(name, arguments) }

  package init(_ name: String, _ arguments: String...) {
    self.init(name, arguments.map { Array($0.utf8) })
  }

  package init(_ name: String, _ arguments: [String]) {
    self.init(name, arguments.map { Array($0.utf8) })
  }

  package init(_ name: String) { self.init(name, [[UInt8]]()) }

  /// Commands whose first argument chooses what is done, up to Redis 8 and Valkey 9.
  static let containers: Set<String> = [
    "acl", "client", "cluster", "command", "commandlog", "config", "debug", "function", "hotkeys",
    "latency", "memory", "module", "object", "pubsub", "script", "sentinel", "slowlog", "xgroup",
    "xinfo",
  ]
}

extension RedisCommand {
  /// As in `INFO commandstats`: lower case, a container's subcommand after a bar: `client|list`.
  package var statName: String {
    if let givenStatName { return givenStatName }
    let lower = name.lowercased()
    guard Self.containers.contains(lower), let sub = arguments.first else { return lower }
    return lower + "|" + String(decoding: sub, as: UTF8.self).lowercased()
  }

  /// What commands are told apart by, so that one of a kind is judged for all.
  struct Kind: Sendable, Equatable {
    var text: String
    /// A given `statName` never equals a first word that somebody spelled like one.
    var isGiven: Bool
    /// One that has more or fewer arguments may have another form.
    var argumentCount: Int
  }

  var kind: Kind {
    Kind(
      text: givenStatName ?? name, isGiven: givenStatName != nil, argumentCount: arguments.count)
  }

  /// The kind under which the next command need not be judged again; nil: judge each.
  var judgedKind: Kind? { givenStatName != nil || isJudgedByKind ? kind : nil }

  /// False where the arguments choose what is done, so that another of the name may be another
  /// command, and where the gate looks at what the arguments are.
  private var isJudgedByKind: Bool {
    let lower = name.lowercased()
    return !Self.containers.contains(lower) && CommandGate.isJudgedByCount(lower)
  }

  /// Bytes of its RESP form at most: each part has a mark, up to 19 digits and two line ends.
  var encodedSizeLimit: Int {
    var size = 48 + name.utf8.count
    for argument in arguments { size += argument.count + 24 }
    return size
  }
}

extension RedisCommand {
  /// Name and arguments; the first argument, if it is a name of our own, as it is called there.
  func words(own: (String) -> String) -> [[UInt8]] {
    var arguments = arguments
    let prefix = Array("cacheconsole:".utf8)
    if let first = arguments.first, first.starts(with: prefix) {
      arguments[0] = Array(own(String(decoding: first, as: UTF8.self)).utf8)
    }
    return [Array(name.utf8)] + arguments
  }
}
