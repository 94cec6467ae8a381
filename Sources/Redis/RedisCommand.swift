/// A command: its name and its arguments as bytes.
package struct RedisCommand: Sendable, Hashable {
  package let name: String
  package let arguments: [[UInt8]]
  /// As in `INFO commandstats`: lower case, a container's subcommand after a bar: `client|list`.
  package let statName: String

  package init(_ name: String, _ arguments: [[UInt8]]) {
    self.name = name
    self.arguments = arguments
    let lower = name.lowercased()
    if Self.containers.contains(lower), let sub = arguments.first {
      statName = lower + "|" + String(decoding: sub, as: UTF8.self).lowercased()
    } else {
      statName = lower
    }
  }

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

// MARK: Encoding

extension RedisCommand {
  /// Appends the command as RESP, an array of bulk strings.
  func encode(into buffer: inout [UInt8]) {
    buffer.append(UInt8(ascii: "*"))
    Self.appendNumber(arguments.count + 1, to: &buffer)
    Self.appendBulk(name.utf8, count: name.utf8.count, to: &buffer)
    for argument in arguments {
      Self.appendBulk(argument, count: argument.count, to: &buffer)
    }
  }

  /// Bytes that `encode` appends at most: each part has a `$`, up to 20 digits and two line ends.
  var encodedSizeLimit: Int {
    arguments.reduce(name.utf8.count + 48) { $0 + $1.count + 25 }
  }

  private static func appendBulk(
    _ bytes: some Sequence<UInt8>, count: Int, to buffer: inout [UInt8]
  ) {
    buffer.append(UInt8(ascii: "$"))
    appendNumber(count, to: &buffer)
    buffer.append(contentsOf: bytes)
    buffer.append(0x0D)
    buffer.append(0x0A)
  }

  private static func appendNumber(_ value: Int, to buffer: inout [UInt8]) {
    if value < 10 {
      buffer.append(UInt8(truncatingIfNeeded: value) &+ 0x30)
    } else if value < 100 {
      buffer.append(UInt8(truncatingIfNeeded: value / 10) &+ 0x30)
      buffer.append(UInt8(truncatingIfNeeded: value % 10) &+ 0x30)
    } else {
      buffer.append(contentsOf: String(value).utf8)
    }
    buffer.append(0x0D)
    buffer.append(0x0A)
  }
}
