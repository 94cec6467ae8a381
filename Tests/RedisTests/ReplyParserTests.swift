import Redis
import TestKit
import Testing

@Suite struct ReplyParserTests {
  static func parse(
    _ bytes: [UInt8], meal: Int = .max, limits: ReplyBuilder.Limits = .init()
  ) throws(ReplyFailure) -> [RESPValue] {
    let parser = ReplyParser(limits: limits)
    var replies: [RESPValue] = []
    var length = 0
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(meal))
      rest = rest.dropFirst(part.count)
      var failure: ReplyFailure?
      unsafe part.withUnsafeBytes { raw in
        do throws(ReplyFailure) {
          var rest = unsafe raw[...]
          while let (reply, count) = try unsafe parser.nextReply(from: &rest) {
            replies.append(reply)
            length += count
          }
        } catch { failure = error }
      }
      if let failure { throw failure }
    }
    #expect(parser.isInReply || length == bytes.count)
    return replies
  }

  static func encode(_ value: RESPValue, into bytes: inout [UInt8]) {
    switch value {
    case .simple(let text): bytes += Array("+".utf8) + text + [13, 10]
    case .error(let text): bytes += Array("-\(text)\r\n".utf8)
    case .integer(let number): bytes += Array(":\(number)\r\n".utf8)
    case .bulk(let text): bytes += Array("$\(text.count)\r\n".utf8) + text + [13, 10]
    case .null: bytes += Array("$-1\r\n".utf8)
    case .array(let elements):
      bytes += Array("*\(elements.count)\r\n".utf8)
      for element in elements { encode(element, into: &bytes) }
    }
  }

  static func random(_ generator: inout SplitMix64, depth: Int) -> RESPValue {
    switch Int.random(in: 0..<(depth < 7 ? 7 : 5), using: &generator) {
    case 0: return .simple(Array("OK".utf8))
    case 1: return .integer(.random(in: .min ... .max, using: &generator))
    case 2: return .null
    case 3: return .error("ERR no")
    case 4:
      let count = Int.random(in: 0..<40, using: &generator)
      return .bulk((0..<count).map { _ in .random(in: 0...255, using: &generator) })
    default:
      let count = Int.random(in: 0..<5, using: &generator)
      return .array((0..<count).map { _ in random(&generator, depth: depth + 1) })
    }
  }

  @Test(arguments: [1, 2, 3, 7, 64, Int.max])
  func `replies survive every way of cutting the stream`(_ meal: Int) throws {
    for seed in 0..<50 as Range<UInt64> {
      var generator = SplitMix64(seed: seed)
      let values = (0..<20).map { _ in Self.random(&generator, depth: 0) }
      var bytes: [UInt8] = []
      for value in values { Self.encode(value, into: &bytes) }
      #expect(try Self.parse(bytes, meal: meal) == values)
    }
  }

  @Test func `random bytes never trap and never pass for more than they are`() {
    for seed in 0..<2000 as Range<UInt64> {
      var generator = SplitMix64(seed: seed)
      let alphabet = Array("+-:$*0123456789\r\nab\u{0}".utf8)
      let bytes = (0..<200).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
      }
      _ = try? Self.parse(bytes, meal: 5)
    }
  }

  static let refused: [(String, ReplyFailure)] = [
    ("*1000000000\r\n", .tooManyElements),
    ("*1048577\r\n", .tooManyElements),
    ("*2147483647\r\n*2147483647\r\n", .tooManyElements),
    (String(repeating: "*1\r\n", count: 9), .tooDeep),
    ("$33554433\r\n", .tooLong),
    ("$9223372036854775807\r\n", .tooLong),
    ("*3\r\n$99999999999\r\n", .tooLong),
    (String(repeating: "*2\r\n:1\r\n", count: 10_000), .tooDeep),
    ("+" + String(repeating: "x", count: 70_000), .tooLong),
    ("$5" + String(repeating: "\r", count: 70_000), .tooLong),
  ]

  @Test(arguments: refused)
  func `what is beyond a bound is refused on sight`(_ row: (String, ReplyFailure)) {
    #expect(throws: row.1) { try Self.parse(Array(row.0.utf8), meal: 4096) }
  }

  @Test(arguments: [
    "HTTP/1.1 400\r\n", "%1\r\n+a\r\n+b\r\n", "_\r\n", "$-2\r\n", "*-2\r\n", ":x\r\n",
  ])
  func `what is not RESP2 is malformed`(_ text: String) {
    do throws(ReplyFailure) {
      let replies = try Self.parse(Array(text.utf8))
      Issue.record("parsed as \(replies)")
    } catch {
      guard case .malformed = error else {
        Issue.record("refused as \(error)")
        return
      }
    }
  }

  @Test func `a bound counts a whole reply, not one of its parts`() {
    var limits = ReplyBuilder.Limits()
    limits.replyBytes = 1000
    let part = "$100\r\n" + String(repeating: "x", count: 100) + "\r\n"
    let nine = Array(("*9\r\n" + String(repeating: part, count: 9)).utf8)
    #expect(throws: Never.self) { try Self.parse(nine + nine, meal: 64, limits: limits) }
    let ten = Array(("*10\r\n" + String(repeating: part, count: 10)).utf8)
    #expect(throws: ReplyFailure.tooLong) { try Self.parse(ten, meal: 64, limits: limits) }
  }

  @Test func `numbers from a server never trap`() {
    #expect(RESPValue.bulk(Array("18446744073709551615".utf8)).unsigned == .max)
    #expect(RESPValue.bulk(Array("18446744073709551616".utf8)).unsigned == nil)
    #expect(RESPValue.bulk(Array("-9223372036854775808".utf8)).signed == .min)
    #expect(RESPValue.bulk(Array("-9223372036854775809".utf8)).signed == nil)
    #expect(RESPValue.bulk(Array("-".utf8)).signed == nil)
    #expect(RESPValue.bulk([]).unsigned == nil)
    #expect(RESPValue.integer(-1).unsigned == nil)
    #expect(RESPValue.bulk(Array("nan".utf8)).unsigned == nil)
  }
}
