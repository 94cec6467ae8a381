import TestKit
import Testing

/// `inspect`, and names that nobody expects, in arguments, lists and output.
@Suite(.serialized, .blocking) struct InspectCommandTests {
  private let shop: CommandShop
  private var server: RedisServer { shop.server }

  init() throws {
    shop = try CommandShop()
    try server.connect().pipeline([
      ["SET", "s", "text"], ["HSET", "h", "f", "v"], ["RPUSH", "l", "a", "b"],
      ["SADD", "set", "m"],
      ["ZADD", "z", "1.5", "m"], ["XADD", "x", "1-1", "f", "v"], ["HSET", "cart:1", "f", "secret"],
    ])
  }

  @Test(arguments: [
    ("s", "string", "  text"), ("h", "hash", "  f v"), ("l", "list", "  a\n  b"),
    ("set", "set", "  m"), ("z", "zset", "  1.5 m"), ("x", "stream", "  1-1 f v"),
  ])
  func `each type is shown`(key: String, type: String, rows: String) throws {
    let ended = try shop.run(["inspect", key])
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(ended.output.hasPrefix("\(key) on cache-1\n  type: \(type)\n  life: no expiry\n"))
    #expect(ended.output.contains(rows), "\(ended.output)")
    let document = try #require(try shop.documents(["inspect", key]).first)
    #expect(document["type"]?.string == type)
    #expect(document["exists"] == .bool(true))
    #expect(document["value"]?.isNull == false)
  }

  @Test(arguments: ["session:1", "cart:1"])
  func `personal data is masked`(key: String) throws {
    let ended = try shop.run(["inspect", key])
    #expect(ended.exit == .code(0))
    #expect(ended.output.contains("masked"))
    #expect(!ended.output.contains("secret"))
    let document = try #require(try shop.documents(["inspect", key]).first)
    #expect(document["masked"] == .bool(true))
    #expect(document["value"]?.isNull == true)
  }

  @Test func `a key that there is not is exit code 1`() throws {
    let ended = try shop.run(["inspect", "nothing"])
    #expect(ended.exit == .code(1))
    #expect(ended.output.contains("there is no such key"))
  }

  /// Escape sequences, line ends, quotes, an option's look, what is wide or right to left.
  static let hostile = [
    "evil\u{1B}[31m\u{1B}]0;title\u{7}", "two\nlines\r\t", "quote'\"\\n", "日本\u{202E}rtl", " ",
    "--yes", "$(reboot)`x`", "\u{9B}2J",
  ]

  @Test(arguments: hostile)
  func `a hostile name is hit exactly and printed harmlessly`(key: String) throws {
    let neighbours = [key + "x", String(key.dropLast())].filter { !$0.isEmpty }
    for name in [key] + neighbours { try server.command(["SET", name, key]) }
    for words in [["inspect", "--", key], ["invalidate", "--dry-run", "--", key]] {
      let ended = try shop.run(Self.before(words, ["--env", "dev"]), in: nil)
      #expect(ended.exit == .code(0), "\(ended)")
      #expect(CommandShop.isPlain(ended.output + ended.error), "\(ended)")
      let json = try shop.run(Self.before(words, ["--env", "dev", "--json"]), in: nil)
      #expect(CommandShop.isPlain(json.output), "\(json)")
      let document = try #require(try CommandShop.documents(json.output).first)
      let named = document["key"] ?? document["request"]?["target"]?["keys"]?[0]
      #expect(named?.string == key)
    }
    let ended = try shop.run(
      ["invalidate", "--yes", "--break-glass", "--env", "dev", "--", key], in: nil)
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(CommandShop.isPlain(ended.output + ended.error), "\(ended)")
    #expect(ended.error.contains("BREAK GLASS"))
    #expect(try shop.exists([key]) == 0)
    #expect(try shop.exists(neighbours) == Int64(neighbours.count))
    for words in [["operations"], ["audit"], ["audit", "--json"]] {
      let ended = try shop.run(words, in: words[0] == "audit" ? nil : "dev")
      #expect(ended.exit == .code(0))
      #expect(CommandShop.isPlain(ended.output + ended.error), "\(words): \(ended)")
    }
  }

  /// Puts options before the `--`.
  private static func before(_ words: [String], _ options: [String]) -> [String] {
    let mark = words.firstIndex(of: "--") ?? words.endIndex
    return words[..<mark] + options + words[mark...]
  }

  @Test func `bytes that are not text go through a list`() throws {
    let key: [UInt8] = [0xFF, 0x00, 0x0A, 0x41]
    try server.connect().command(bytes: [Array("SET".utf8), key, [0x31]])
    let size = try server.command(["DBSIZE"]).integer ?? 0
    let ended = try shop.run(
      ["invalidate", "--keys-from", "-", "--yes", "--no-copy"], input: "\\xff\\x00\\nA\n")
    #expect(ended.exit == .code(0), "\(ended)")
    #expect(
      try server.connect().command(bytes: [Array("EXISTS".utf8), key]) == .integer(0))
    #expect(size > 1)
    for (input, text) in [
      ("a\\q\n", "input:1: "), ("ok\n\\x4\n", "input:2: "), ("\n\n", "holds no key"),
      ("", "holds no key"),
    ] {
      let ended = try shop.run(["invalidate", "--keys-from", "-", "--yes"], input: input)
      #expect(ended.exit == .code(1), "\(input.debugDescription): \(ended)")
      #expect(ended.error.contains("standard input") && ended.error.contains(text), "\(ended)")
    }
    let missing = try shop.run(["invalidate", "--keys-from", "/no/such\u{1B}[1m", "--yes"])
    #expect(missing.exit == .code(1))
    #expect(CommandShop.isPlain(missing.error), "\(missing)")
  }
}
