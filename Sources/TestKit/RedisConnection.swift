private import Glibc

/// A tiny blocking client: "another client" beside the one under test, sharing no code with it.
package final class RedisConnection {
  private let descriptor: Int32
  private var received: [UInt8] = []
  private var position = 0
  private let deadline: Double

  /// - Parameter seconds: how long each reply may take.
  package init(_ address: SocketAddress, password: String? = nil, within seconds: Double = 10)
    throws(TestKitError)
  {
    descriptor = try SocketIO.connect(address)
    deadline = seconds
    if let password {
      let reply = try command(["AUTH", password])
      guard reply == .simple("OK") else { throw TestKitError("AUTH: \(reply)") }
    }
  }

  deinit { close(descriptor) }

  /// Sends one command and waits for its reply; a server error is a value, not a throw.
  @discardableResult
  package func command(_ words: [String]) throws(TestKitError) -> RedisReply {
    try command(bytes: words.map { Array($0.utf8) })
  }

  @discardableResult
  package func command(bytes words: [[UInt8]]) throws(TestKitError) -> RedisReply {
    try send(Self.encode(words))
    return try reply()
  }

  /// Sends all, then reads all replies. Keep batches under a few thousand.
  @discardableResult
  package func pipeline(_ commands: [[String]]) throws(TestKitError) -> [RedisReply] {
    try send(commands.flatMap { Self.encode($0.map { Array($0.utf8) }) })
    var replies: [RedisReply] = []
    for _ in commands { replies.append(try reply()) }
    return replies
  }

  /// Sends bytes as they are, for what no well-behaved client sends.
  package func send(_ bytes: [UInt8]) throws(TestKitError) {
    try SocketIO.writeAll(descriptor, bytes, within: deadline)
  }

  /// `*2\r\n$3\r\nGET\r\n…`
  package static func encode(_ words: [[UInt8]]) -> [UInt8] {
    var bytes = Array("*\(words.count)\r\n".utf8)
    for word in words {
      bytes += Array("$\(word.count)\r\n".utf8) + word + [13, 10]
    }
    return bytes
  }

  /// The next reply.
  package func reply() throws(TestKitError) -> RedisReply {
    let line = try line()
    guard let kind = line.first else { throw TestKitError("an empty line as reply") }
    let rest = String(decoding: line.dropFirst(), as: UTF8.self)
    switch kind {
    case UInt8(ascii: "+"): return .simple(rest)
    case UInt8(ascii: "-"): return .error(rest)
    case UInt8(ascii: ":"): return .integer(Int64(rest) ?? 0)
    case UInt8(ascii: "$"):
      guard let count = Int(rest), count >= 0 else { return .null }
      let bytes = try take(count)
      _ = try take(2)
      return .bulk(bytes)
    case UInt8(ascii: "*"):
      guard let count = Int(rest), count >= 0 else { return .null }
      var items: [RedisReply] = []
      for _ in 0..<count { items.append(try reply()) }
      return .array(items)
    default: throw TestKitError("not RESP: \(String(decoding: line, as: UTF8.self))")
    }
  }

  private func line() throws(TestKitError) -> [UInt8] {
    var search = position
    while true {
      if let end = received[search...].firstIndex(of: 13), end + 1 < received.count {
        let line = Array(received[position..<end])
        position = end + 2
        return line
      }
      search = max(position, received.count - 1)
      let known = search - position
      try fill()
      search = position + known
    }
  }

  private func take(_ count: Int) throws(TestKitError) -> [UInt8] {
    while received.count - position < count { try fill() }
    defer { position += count }
    return Array(received[position..<position + count])
  }

  private func fill() throws(TestKitError) {
    if position > 0 {
      received.removeFirst(position)
      position = 0
    }
    guard let bytes = try SocketIO.read(descriptor, within: deadline) else {
      throw TestKitError("no reply within \(deadline) s")
    }
    guard !bytes.isEmpty else { throw TestKitError("the server closed the connection") }
    received += bytes
  }
}
