/// One page of a key's value.
package struct ValuePage: Sendable {
  /// Where a page begins.
  package enum Position: Sendable, Hashable {
    case start
    /// Byte offset of a string, index of a list or sorted set.
    case offset(UInt64)
    /// Cursor of HSCAN or SSCAN.
    case cursor([UInt8])
    /// Exclusive start of a stream range.
    case streamID([UInt8])
  }

  package enum Value: Sendable, Hashable {
    case string([UInt8])
    case hash([Pair])
    case list([[UInt8]])
    case set([[UInt8]])
    /// Scores as the server prints them.
    case sortedSet([Pair])
    case stream([StreamEntry])
    /// A type that has no pages here, such as a module's.
    case opaque(type: String)
    case gone
  }

  /// Field and value, or member and score.
  package struct Pair: Sendable, Hashable {
    package var first: [UInt8]
    package var second: [UInt8]

    package init(first: [UInt8], second: [UInt8]) {
      self.first = first
      self.second = second
    }
  }

  package struct StreamEntry: Sendable, Hashable {
    package var id: [UInt8]
    package var fields: [Pair]

    package init(id: [UInt8], fields: [Pair]) {
      self.id = id
      self.fields = fields
    }
  }

  package var value: Value
  /// Bytes of a string, elements of anything else.
  package var length: UInt64?
  /// nil on the last page.
  package var next: Position?

  package init(value: Value, length: UInt64?, next: Position?) {
    self.value = value
    self.length = length
    self.next = next
  }
}

extension Probe {
  /// One page of the value of a key whose type is known from `describe`.
  ///
  /// - Parameter count: bytes of a string (at most 1 MB), elements of anything else (at most
  ///   10,000); an aggregate in a compact encoding comes whole.
  package func valuePage(
    of key: [UInt8], type: String, at position: ValuePage.Position = .start, count: Int,
    timeout: Duration? = nil
  ) async throws(RedisError) -> ValuePage {
    let action = "reading a value"
    let count = max(1, min(count, type == "string" ? 1 << 20 : 10_000))
    let offset: UInt64 = if case .offset(let offset) = position { offset } else { 0 }
    let cursor: [UInt8] = if case .cursor(let bytes) = position { bytes } else { Self.zero }
    let last = Self.bytes(offset.addingReportingOverflow(UInt64(count - 1)).partialValue)
    let first = Self.bytes(offset)
    let number = Self.bytes(UInt64(count))
    let length: RedisCommand
    let page: RedisCommand
    switch type {
    case "string":
      length = RedisCommand("STRLEN", key)
      page = RedisCommand("GETRANGE", key, first, last)
    case "hash":
      length = RedisCommand("HLEN", key)
      page = RedisCommand("HSCAN", key, cursor, Self.countWord, number)
    case "list":
      length = RedisCommand("LLEN", key)
      page = RedisCommand("LRANGE", key, first, last)
    case "set":
      length = RedisCommand("SCARD", key)
      page = RedisCommand("SSCAN", key, cursor, Self.countWord, number)
    case "zset":
      length = RedisCommand("ZCARD", key)
      page = RedisCommand("ZRANGE", key, first, last, Array("WITHSCORES".utf8))
    case "stream":
      length = RedisCommand("XLEN", key)
      var start: [UInt8] = [UInt8(ascii: "-")]
      // Exclusive ranges came with 6.2.
      if case .streamID(let id) = position { start = [UInt8(ascii: "(")] + id }
      page = RedisCommand("XRANGE", key, start, [UInt8(ascii: "+")], Self.countWord, number)
    case "none":
      return ValuePage(value: .gone, length: nil, next: nil)
    default:
      return ValuePage(value: .opaque(type: type), length: nil, next: nil)
    }
    // TYPE goes first: it tells whether the key is there, which an empty page does not.
    let replies = try await client.pipeline(
      [RedisCommand("TYPE", key), length, page], action: action, timeout: timeout)
    guard replies.count == 3 else { throw unexpected(action) }
    if replies[0].text == "none" { return ValuePage(value: .gone, length: nil, next: nil) }
    for (reply, command) in zip(replies, ["type", length.statName, page.statName]) {
      if case .error(let text) = reply {
        throw .server(text, endpoint: endpoint.description, action: action, command: command)
      }
    }
    let total = replies[1].unsigned
    guard let result = Self.page(type, replies[2], offset: offset, total: total, count: count)
    else { throw unexpected(action) }
    return result
  }

  private static func page(
    _ type: String, _ reply: RESPValue, offset: UInt64, total: UInt64?, count: Int
  ) -> ValuePage? {
    switch type {
    case "string":
      guard let bytes = reply.bytes else { return nil }
      return ValuePage(
        value: .string(bytes), length: total, next: after(offset, bytes.count, total))
    case "list":
      guard let elements = reply.array?.compactMap(\.bytes) else { return nil }
      return ValuePage(
        value: .list(elements), length: total, next: after(offset, elements.count, total))
    case "zset":
      guard let elements = reply.array?.compactMap(\.bytes) else { return nil }
      let members = pairs(elements)
      return ValuePage(
        value: .sortedSet(members), length: total, next: after(offset, members.count, total))
    case "hash", "set":
      guard let parts = reply.array, parts.count == 2, let cursor = parts[0].bytes,
        let elements = parts[1].array?.compactMap(\.bytes)
      else { return nil }
      return ValuePage(
        value: type == "set" ? .set(elements) : .hash(pairs(elements)), length: total,
        next: cursor == zero ? nil : .cursor(cursor))
    default:
      guard let rows = reply.array else { return nil }
      let entries = rows.compactMap { row -> ValuePage.StreamEntry? in
        guard let parts = row.array, parts.count == 2, let id = parts[0].bytes else { return nil }
        let fields = parts[1].array?.compactMap(\.bytes) ?? []
        return ValuePage.StreamEntry(id: id, fields: pairs(fields))
      }
      let next =
        entries.count < count ? nil : entries.last.map { ValuePage.Position.streamID($0.id) }
      return ValuePage(value: .stream(entries), length: total, next: next)
    }
  }

  private static func after(_ offset: UInt64, _ got: Int, _ total: UInt64?) -> ValuePage.Position? {
    let (end, overflow) = offset.addingReportingOverflow(UInt64(clamping: got))
    guard !overflow, got > 0, let total, end < total else { return nil }
    return .offset(end)
  }

  private static func pairs(_ elements: [[UInt8]]) -> [ValuePage.Pair] {
    stride(from: 0, to: elements.count - 1, by: 2).map {
      ValuePage.Pair(first: elements[$0], second: elements[$0 + 1])
    }
  }

  private static let zero: [UInt8] = [UInt8(ascii: "0")]
  private static let countWord = Array("COUNT".utf8)

  private static func bytes(_ number: UInt64) -> [UInt8] { Array(String(number).utf8) }
}
