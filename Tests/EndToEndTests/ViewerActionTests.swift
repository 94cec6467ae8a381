import TestKit
import Testing

/// Every action of the registry, by its key and by its command, in the hands of a viewer.
@Suite(.serialized, .blocking) struct ViewerActionTests {
  private let shop: ViewerShop

  init() throws {
    shop = try ViewerShop()
    try shop.home.write("load", "#!/bin/sh\ntouch '\(shop.home.file("loaded"))'\n", mode: 0o700)
  }

  private func open(_ means: ViewerShop.Means) throws -> TerminalSession {
    let session = try Console.open(
      ["--env", "shop", "--interval", "0.5"] + means.words, home: shop.home)
    try session.wait(for: "1/1")
    return session
  }

  /// Esc and what follows it in one read would be one key with Alt.
  private static func leave(_ session: TerminalSession) throws {
    try session.press("Escape")
    _ = Eventually.holds(within: 0.03) { false }
  }

  /// Types a command whole, and once more where Esc before it took its first key.
  private static func give(_ line: String, to session: TerminalSession) throws {
    let isTyped = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
      try session.press("Escape")
      _ = Eventually.holds(within: 0.05) { false }
      try session.type(line)
      return try Eventually.holds(within: 0.5) { () throws(TestKitError) -> Bool in
        try session.screen().contains(line)
      }
    }
    guard isTyped else { throw TestKitError("\(line) was not taken:\n\(try session.screen())") }
    try session.press("Enter")
  }

  /// Goes to a panel, with a row to act on where there is one.
  private static func go(to panel: Int, _ session: TerminalSession) throws {
    guard panel != 3 else {
      try give(":keys product:*", to: session)
      try session.wait(for: "found 1")
      return
    }
    let isThere = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
      try session.press("Escape")
      _ = Eventually.holds(within: 0.05) { false }
      try session.press(String(panel))
      return try Eventually.holds(within: 0.5) { () throws(TestKitError) -> Bool in
        try session.screen().contains("[\(panel)]")
      }
    }
    guard isThere else { throw TestKitError("no panel \(panel):\n\(try session.screen())") }
  }

  @Test(arguments: ViewerShop.Means.allCases)
  func `every key on every panel and every command send nothing but reads`(
    means: ViewerShop.Means
  ) throws {
    try shop.configure(means)
    let state = try shop.state()
    let digest = try shop.server.command(["DEBUG", "DIGEST"])
    let watcher = try shop.server.connect()
    let before = try CommandStatistics(watcher)
    let session = try open(means)
    for panel in 1...9 {
      try Self.go(to: panel, session)
      if panel == 8 { try session.wait(for: "orphaned") }
      for key in means == .readOnlyFlag ? ActionLines.keys : ActionLines.changingKeys {
        try session.press(key, "Enter", "y")
        try Self.leave(session)
        // Wherever the key led to.
        if key == "Enter" || panel == 3 { try session.press(String(panel)) }
      }
    }
    for line in ActionLines.all(node: "cache-1", operation: shop.operation)
    where !line.hasPrefix(":env") {
      try Self.give(line, to: session)
      try session.press("y", "y")
    }
    if try session.screen().contains("PAUSED") { try Self.give(":pause", to: session) }
    try session.waitUntil("going on") { !$0.contains("PAUSED") }
    try Self.give(":stop", to: session)
    try session.wait(for: "read-only: \(means.reason)")
    // The last one: its environment has the same rights.
    try Self.give(":env other", to: session)
    try session.wait(for: "cacheconsole  other")
    try session.wait(for: "1/1")
    try Self.give(":stop", to: session)
    try session.wait(for: "read-only: ")
    let sent = shop.proxy.commands
    let names = Set(sent.map(AllowList.name))
    #expect(
      names.isSuperset(of: ["info", "scan", "zrange", "getrange", "slowlog|get"]), "\(names)")
    #expect(AllowList.strangers(sent) == [])
    #expect(try AllowList.strangers(from: before, to: CommandStatistics(watcher)) == [])
    #expect(try shop.server.command(["DEBUG", "DIGEST"]) == digest)
    #expect(try shop.state() == state)
    #expect(ChildProcess.readText(shop.home.file("loaded")) == nil)
  }
}
