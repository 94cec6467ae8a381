import TestKit
import Testing

/// Every panel of the whole binary on a live server, in every terminal that it promises.
@Suite(.serialized, .blocking) struct LiveScreenTests {
  private let home: TemporaryFolder
  private let server: RedisServer

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer(arguments: [
      "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu", "--slowlog-log-slower-than", "0",
      "--slowlog-max-len", "32",
    ])
    let client = try server.connect()
    try client.pipeline([
      ["SET", "product:1181:de", #"{"id":1181,"name":"Aurora Rain Jacket","price":"89.90"}"#],
      ["HSET", "stock:1181", "berlin", "4", "lyon", "0"],
      ["RPUSH", "category:shoes:1", "alpha", "beta", "gamma"],
      ["SADD", "tags:1181", "rain", "jacket"],
      ["ZADD", "bestsellers:today", "12", "product:1181", "3", "product:77"],
      ["XADD", "events:orders", "1-1", "order", "4711", "state", "paid"],
      ["SET", "session:4711", "top-secret-token"],
    ])
    for _ in 0..<20 { try client.pipeline((0..<50).map { _ in ["GET", "product:1181:de"] }) }
  }

  struct Terminal: Sendable, Hashable, CustomTestStringConvertible {
    var size: TerminalSession.Size
    var name: String
    var locale: String
    var testDescription: String { "\(size) \(name) \(locale)" }
  }

  static let terminals: [Terminal] = [(80, 24), (120, 40), (200, 50), (40, 10)].flatMap { size in
    ["xterm-256color", "tmux-256color", "linux", "vt100"].flatMap { name in
      ["C.UTF-8", "C"].map {
        Terminal(size: .init(size.0, size.1), name: name, locale: $0)
      }
    }
  }

  private static let panels = [
    "Overview", "Nodes", "Keys", "Hot keys", "Slow", "Commands", "Clients", "Operations",
    "History", "Topology",
  ]

  @Test func `every panel opens in every terminal, size and locale`() throws {
    // A server of its own: 32 consoles that sample hot keys and read a full slow log are a load test.
    let server = try RedisServer()
    try server.command(["SET", "product:1181:de", "{}"])
    // All at once: each waits for its server's figures, none for another session.
    let sessions = try Self.terminals.map { terminal in
      (
        terminal,
        try Console.open(
          ["--redis", server.url, "--interval", "1"], size: terminal.size,
          terminal: terminal.name, locale: terminal.locale, home: home)
      )
    }
    for (terminal, session) in sessions {
      try session.waitUntil("live figures at \(terminal.testDescription)") {
        $0.contains("L2 redis") && !$0.contains("connecting")
      }
    }
    for (index, panel) in Self.panels.enumerated() {
      // The tenth has the key after 9.
      let digit = (index + 1) % 10
      for (_, session) in sessions { try session.press("\(digit)") }
      for (terminal, session) in sessions {
        let screen = try session.wait(for: "[\(digit)]\(panel)")
        expectDrawable(screen, terminal, panel)
      }
    }
    for (_, session) in sessions { try session.press("?") }
    for (terminal, session) in sessions {
      expectDrawable(try session.wait(for: "[?]"), terminal, "Help")
      try session.press("q")
    }
    for (terminal, session) in sessions {
      #expect(try session.waitForEnd() == .code(0), "\(terminal.testDescription)")
    }
  }

  private func expectDrawable(_ screen: String, _ terminal: Terminal, _ panel: String) {
    let rows = screen.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(rows.count == terminal.size.rows, "\(terminal.testDescription) \(panel)")
    if terminal.locale == "C" {
      #expect(
        screen.unicodeScalars.allSatisfy { $0 == "\n" || (0x20...0x7E).contains($0.value) },
        "\(terminal.testDescription) \(panel)")
    }
    #expect(!screen.contains("Fatal") && !screen.contains("nan"), "\(panel)")
  }

  @Test func `colour follows the terminal and NO_COLOR, never alone`() throws {
    func attributes(_ terminal: String, _ extra: [String: String?] = [:]) throws -> String {
      let session = try Console.open(
        ["--redis", server.url], terminal: terminal, home: home, environment: extra)
      try session.wait(for: "L2 redis")
      return try session.attributedScreen()
    }
    let indexed = /\u{1B}\[[0-9;]*38;5;/
    let colour = /\u{1B}\[[0-9;]*(3[0-7]|4[0-7]|9[0-7]|38)[;m]/
    #expect(try attributes("xterm-256color").contains(indexed))
    #expect(try attributes("linux").contains(colour))
    #expect(try !attributes("vt100").contains(colour))
    #expect(try !attributes("xterm-256color", ["NO_COLOR": "1"]).contains(colour))
  }

  @Test func `search, inspect every type, filter, and Esc all the way back`() throws {
    let session = try Console.open(["--redis", server.url, "--interval", "1"], home: home)
    try session.wait(for: "L2 redis")
    let expected = [
      ("product:1181:de", "Aurora Rain Jacket"), ("stock:1181", "berlin"),
      ("category:shoes:1", "gamma"), ("tags:1181", "jacket"), ("bestsellers:today", "product:77"),
      ("events:orders", "4711"),
    ]
    for (key, content) in expected {
      try session.type(":keys \(key)")
      try session.press("Enter")
      try session.waitUntil("\(key) in the list") { screen in
        // The line above the list names the pattern before there is a row.
        screen.contains("[3]Keys") && screen.contains("complete in")
          && screen.split(separator: "\n").contains { $0.hasPrefix("▌\(key)") }
      }
      try session.press("Enter")
      let isRead = try Eventually.holds(within: 5) { () throws(TestKitError) -> Bool in
        try session.screen().contains(content)
      }
      // On a loaded machine a read may time out; r reads again, as the screen then says.
      if !isRead { try session.press("r") }
      try session.wait(for: content)
      try session.press("Escape")
      try session.waitUntil("back in the list") { !$0.contains(content) }
    }
    try session.type(":keys *")
    try session.press("Enter")
    try session.waitUntil("all keys") { screen in
      expected.allSatisfy { screen.contains($0.0) }
    }
    try session.type("/stock")
    try session.waitUntil("only what the filter lets through") {
      $0.contains("stock:1181") && !$0.contains("tags:1181")
    }
    try session.press("Enter")
    try session.press("Escape")
    try session.wait(for: "tags:1181")
    for _ in 0..<4 { try session.press("Escape") }
    try session.wait(for: "[1]Overview")
  }

  @Test func `personal data is masked, in the value, the slow log and for a viewer`() throws {
    let session = try Console.open(["--redis", server.url, "--read-only"], home: home)
    try session.wait(for: "L2 redis")
    try session.type(":keys session:*")
    try session.press("Enter")
    try session.waitUntil("the session") { $0.contains("session:4711") }
    try session.press("Enter")
    try session.wait(for: "masked")
    #expect(try !session.screen().contains("top-secret"))
    try session.press("R")
    try session.waitUntil("a refusal with its reason") { $0.contains("--read-only") }
    #expect(try !session.screen().contains("top-secret"))
    try session.press("Escape")
    try session.waitUntil("back in the list") { $0.contains("complete in") }
    try session.press("5")
    try session.wait(for: "[5]Slow")
    try session.waitUntil("entries") { $0.contains("SET") }
    #expect(try !session.screen().contains("top-secret"))
    try session.press("R")
    try session.waitUntil("a refusal with its reason") { $0.contains("--read-only") }
    #expect(try (server.command(["SLOWLOG", "LEN"]).integer ?? 0) > 0)
  }

  @Test func `the command line completes, suggests and switches the theme`() throws {
    let session = try Console.open(["--redis", server.url], home: home)
    try session.wait(for: "L2 redis")
    let before = try session.attributedScreen()
    try session.type(":theme high")
    try session.press("Tab", "Enter")
    try session.waitUntil("other colours") { _ in (try? session.attributedScreen()) != before }
    try session.type(":themee mono")
    try session.press("Enter")
    try session.wait(for: "theme")
    try session.press("Escape")
    try session.waitUntil("no command line") { !$0.contains(":themee") }
    try session.press("p")
    try session.waitUntil("a pause") { $0.lowercased().contains("paused") }
    try session.press("p")
    try session.waitUntil("collecting again") { !$0.lowercased().contains("paused") }
  }
}
