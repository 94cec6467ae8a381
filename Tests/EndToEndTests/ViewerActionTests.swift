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

  /// Presses anew until it is there: on a busy machine Esc and the digit may come in one read.
  private static func show(_ panel: Int, _ session: TerminalSession) throws {
    let isShown = try Eventually.holds(within: 30) { () throws(TestKitError) -> Bool in
      try session.press("Escape")
      _ = Eventually.holds(within: 0.03) { false }
      try session.press(String(panel))
      return try Eventually.holds(within: 1) { () throws(TestKitError) -> Bool in
        try session.screen().contains("[\(panel)]")
      }
    }
    #expect(isShown, "panel \(panel)")
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
      try Self.leave(session)
      if panel == 3 {
        // A row to act on.
        try session.type(":keys product:*")
        try session.press("Enter")
        try session.wait(for: "found 1")
      } else {
        try Self.show(panel, session)
      }
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
      try Self.leave(session)
      try session.type(line)
      try session.press("Enter", "y", "y")
    }
    try Self.leave(session)
    if try session.screen().contains("PAUSED") {
      try session.type(":pause")
      try session.press("Enter")
    }
    try session.waitUntil("going on") { !$0.contains("PAUSED") }
    try session.type(":stop")
    try session.press("Enter")
    try session.wait(for: "read-only: \(means.reason)")
    // The last one: its environment has the same rights.
    try session.type(":env other")
    try session.press("Enter")
    try session.wait(for: "cacheconsole  other")
    try session.wait(for: "1/1")
    try session.type(":stop")
    try session.press("Enter")
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
