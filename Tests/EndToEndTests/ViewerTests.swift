import TestKit
import Testing

/// What may be changed, by whom: seen from the server, through a proxy that records every byte.
@Suite(.serialized, .blocking) struct ViewerTests {
  private let home: TemporaryFolder
  private let server: RedisServer

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer(
      .loopback,
      arguments: [
        "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu", "--slowlog-log-slower-than",
        "0", "--enable-debug-command", "local",
      ])
    let client = try server.connect()
    try client.pipeline([
      ["SET", "product:1", "{\"a\":1}"], ["HSET", "cart:1", "f", "v"], ["RPUSH", "l", "a", "b"],
      ["SADD", "s", "a"], ["ZADD", "z", "1", "a"], ["XADD", "x", "*", "f", "v"],
      ["SET", "session:1", "secret"],
    ])
  }

  @Test func `10,000 random keys and every command of a viewer send nothing but reads`() throws {
    let proxy = try RecordingProxy(to: server.address)
    var generator = SplitMix64(seed: 20_261_122)
    let letters = "abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789/:?*[]. "
      .map(String.init)
    let special = [
      "Enter", "Escape", "Tab", "BTab", "Up", "Down", "Left", "Right", "PPage", "NPage", "Home",
      "End", "BSpace", "F1", "C-l", "C-b", "C-f", "C-y", "Space", "y",
    ]
    let typed = ActionLines.all(node: "redis-1", operation: ActionLines.operation)
    let digest = try server.command(["DEBUG", "DIGEST"])
    let watcher = try server.connect()
    let before = try CommandStatistics(watcher)
    var session = try open(proxy)
    let length = try server.command(["SLOWLOG", "LEN"]).integer ?? 0
    try session.type(":keys product:*")
    try session.press("Enter")
    try session.wait(for: "found 1")
    try session.press("Enter")
    try session.wait(for: "\"a\"")
    var pressed = 0
    while pressed < 10_000 {
      if pressed % 1_000 == 0 {
        // Each command whole, as chance would hardly type one.
        for command in typed {
          try session.press("Escape")
          try session.type(command)
          try session.press("Enter", "y", "y")
        }
      }
      let keys = (0..<250).map { _ in
        UInt64.random(in: 0..<10, using: &generator) < 5
          ? special.randomElement(using: &generator) ?? "Up"
          : letters.randomElement(using: &generator) ?? "a"
      }
      try session.press(keys)
      pressed += keys.count
      if try session.exit() != nil { session = try open(proxy) }
    }
    // Keys are taken in order: once these two are answered, all before them were.
    // Esc and what follows in the same read would be one key with Alt, so that each look presses anew.
    for key in ["1", "2"] {
      let isShown = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
        try session.press("Escape")
        _ = Eventually.holds(within: 0.1) { false }
        try session.press(key)
        return try Eventually.holds(within: 0.2) { () throws(TestKitError) -> Bool in
          try session.screen().contains("[\(key)]")
        }
      }
      #expect(isShown)
    }
    let sent = proxy.commands
    let names = Set(sent.map(AllowList.name))
    #expect(names.isSuperset(of: ["info", "scan", "getrange"]))
    #expect(AllowList.strangers(sent) == [])
    #expect(try AllowList.strangers(from: before, to: CommandStatistics(watcher)) == [])
    #expect(try server.command(["DEBUG", "DIGEST"]) == digest)
    #expect(try (server.command(["SLOWLOG", "LEN"]).integer ?? 0) >= min(length, 128))
  }

  private func open(_ proxy: RecordingProxy) throws -> TerminalSession {
    let session = try Console.open(
      ["--redis", proxy.url, "--read-only", "--interval", "0.5"], home: home)
    try session.wait(for: "L2 redis")
    return session
  }

  @Test func `an operator resets a slow log only with a reason, its name and y`() throws {
    let session = try Console.open(["--redis", server.url, "--interval", "0.5"], home: home)
    try session.wait(for: "1/1")
    // From here on nothing is slow: what the log has is from before.
    try server.command(["CONFIG", "SET", "slowlog-log-slower-than", "-1"])
    let address = String(server.url.dropFirst("redis://".count))
    try session.press("5")
    try session.wait(for: "[5]Slow")
    try session.press("R")
    try session.wait(for: "SLOWLOG RESET on")
    // Enter and a y without the name confirm nothing.
    try session.press("Enter", "y")
    try session.press("Escape")
    try session.waitUntil("no dialog") { !$0.contains("SLOWLOG RESET on") }
    let before = try server.command(["SLOWLOG", "GET", "-1"]).array?.count ?? 0
    #expect(before > 10)
    try session.press("R")
    try session.wait(for: "SLOWLOG RESET on")
    // A new dialog takes nothing for a second, and each key in that time makes it wait longer: this
    // pause is what it asks for.
    let isOpen = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
      _ = Eventually.holds(within: 1.1) { false }
      try session.type("x")
      return try Eventually.holds(within: 0.3) { () throws(TestKitError) -> Bool in
        try session.screen().contains("> x")
      }
    }
    #expect(isOpen)
    try session.press("C-u")
    try session.type("a test")
    try session.wait(for: "> a test")
    try session.press("Enter")
    try session.wait(for: "Type \(address)")
    try session.type(address)
    // Once it is right, keys are answers.
    try session.wait(for: "[Esc Cancel]  y SLOWLOG RESET")
    let isConfirmed = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
      _ = Eventually.holds(within: 0.5) { false }
      try session.press("y")
      return try Eventually.holds(within: 0.3) { () throws(TestKitError) -> Bool in
        try !session.screen().contains("SLOWLOG RESET on")
      }
    }
    #expect(isConfirmed)
    #expect(
      try Eventually.holds { () throws(TestKitError) -> Bool in
        try server.command(["SLOWLOG", "LEN"]).integer == 0
      })
  }
}
