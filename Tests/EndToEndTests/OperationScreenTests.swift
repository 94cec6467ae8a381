import Documents
import Operations
import TestKit
import Testing

/// Operations from the screen: planned, confirmed, run by a process of their own, verified, recorded.
@Suite(.serialized, .blocking) struct OperationScreenTests {
  private let home: TemporaryFolder
  private let server: RedisServer

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer(arguments: ["--enable-debug-command", "local"])
    let client = try server.connect()
    try client.pipeline(
      (1...40).map { ["SET", "product:\($0):de", "v\($0)"] }
        + (1...500).map { ["SET", "search:g1:\($0)", "v"] }
        + (1...20).map { ["SET", "session:\($0)", "secret"] })
    try configure("development")
  }

  private func configure(_ environmentClass: String) throws {
    try PrivateFolder.make(home.file("config/cacheconsole"))
    try home.write(
      "config/cacheconsole/config.json5",
      """
      { schema: "cacheconsole.config", version: 1, environments: {
        "shop": { class: "\(environmentClass)", servers: [{ name: "cache-1", url: "\(server.url)" }] } } }
      """)
  }

  private func open(_ more: [String] = []) throws -> TerminalSession {
    let session = try Console.open(["--env", "shop", "--interval", "0.5"] + more, home: home)
    try session.wait(for: "1/1")
    return session
  }

  /// A dialog takes nothing for a second, and each key in that time makes it wait longer.
  private func confirm(_ session: TerminalSession, _ key: String = "y", gone: String) throws {
    let isConfirmed = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
      _ = Eventually.holds(within: 1.1) { false }
      try session.press(key)
      return try Eventually.holds(within: 0.5) { () throws(TestKitError) -> Bool in
        try !session.screen().contains(gone)
      }
    }
    #expect(isConfirmed)
  }

  private func exists(_ keys: [String]) throws -> Int64 {
    try server.command(["EXISTS"] + keys).integer ?? -1
  }

  @Test func `a product, marked keys and a pattern are invalidated, each verified and recorded`()
    throws
  {
    let session = try open()
    try session.type(":keys product:7:de")
    try session.press("Enter")
    try session.wait(for: "product:7:de")
    try session.wait(for: "found 1")
    try session.press("v")
    try session.wait(for: "UNLINK")
    try confirm(session, gone: "[Esc Cancel]")
    try session.wait(for: "nothing born before")
    #expect(try exists(["product:7:de"]) == 0)
    // Marks.
    try session.type(":keys product:1?:de")
    try session.press("Enter")
    try session.wait(for: "found 10")
    try session.press("Space", "Down", "Space")
    try session.wait(for: "2 marked")
    try session.press("v")
    try session.wait(for: "[Esc Cancel]")
    try session.wait(for: "UNLINK")
    try confirm(session, gone: "[Esc Cancel]")
    #expect(
      try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
        try server.command(["EXISTS"] + (10...19).map { "product:\($0):de" }).integer == 8
      })
    // A pattern: sessions stay although it takes them.
    try session.type(":invalidate se*")
    try session.press("Enter")
    try session.wait(for: "invalidate se*")
    try session.wait(for: "500")
    try session.wait(for: "20 sessions")
    try confirm(session, gone: "[Esc Cancel]")
    #expect(
      try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
        try server.command(["EXISTS", "search:g1:1", "search:g1:500"]).integer == 0
      })
    #expect(try exists(["session:1", "session:20"]) == 2)
    try session.press("8")
    try session.wait(for: "[8]")
    try session.wait(for: "done")
    try session.press("9")
    try session.wait(for: "started")
    // Two entries of each operation; the last runner writes its second one after the screen has "done".
    var lines = ""
    let isComplete = Eventually.holds(within: 40) { () throws(Never) -> Bool in
      lines = (try? Console.run(["audit", "--json"], home: home).output) ?? ""
      return lines.split(whereSeparator: \.isNewline).count >= 6
    }
    #expect(isComplete, "\(lines)")
    #expect(lines.split(whereSeparator: \.isNewline).count == 6)
    let audit = try Console.run(["audit", "--verify"], home: home)
    #expect(audit.exit == .code(0), "\(audit.error)")
    #expect(lines.contains("\"event\":\"done\""))
  }

  @Test
  func
    `production takes the reason, the name and the count; Enter, paste and a held key do nothing`()
    throws
  {
    try configure("production")
    let session = try open()
    try session.type(":invalidate search:*")
    try session.press("Enter")
    try session.wait(for: "Why?")
    try session.wait(for: "500")
    try session.press("Enter", "y", "y", "Enter")
    #expect(try session.screen().contains("[Esc Cancel]"))
    #expect(try exists(["search:g1:1"]) == 1)
    // The reason once the dialog takes keys.
    let isAsked = try Eventually.holds(within: 40) { () throws(TestKitError) -> Bool in
      _ = Eventually.holds(within: 1.1) { false }
      try session.press("C-u")
      try session.type("incident 42")
      try session.press("Enter")
      return try Eventually.holds(within: 0.5) { () throws(TestKitError) -> Bool in
        try !session.screen().contains("Why?")
      }
    }
    #expect(isAsked)
    // A wrong name, then y and Enter: refused.
    _ = Eventually.holds(within: 1.1) { false }
    try session.type("search:")
    try session.press("y", "Enter")
    _ = Eventually.holds(within: 0.3) { false }
    #expect(try session.screen().contains("[Esc Cancel]"))
    #expect(try exists(["search:g1:1"]) == 1)
    try session.press("C-u")
    try session.type("search:*")
    try session.press("Enter")
    _ = Eventually.holds(within: 0.5) { false }
    #expect(try exists(["search:g1:1"]) == 1)
    try confirm(session, gone: "[Esc Cancel]")
    try session.wait(for: "nothing born before")
    #expect(try exists(["search:g1:1", "search:g1:500"]) == 0)
    let audit = try Console.run(["audit", "--json"], home: home).output
    #expect(audit.contains("incident 42"))
  }

  @Test func `a viewer is refused with the reason`() throws {
    let session = try open(["--read-only"])
    try session.type(":keys product:7:de")
    try session.press("Enter")
    try session.wait(for: "found 1")
    try session.press("v")
    try session.wait(for: "read-only: started with --read-only")
    try session.type(":invalidate product:*")
    try session.press("Enter")
    _ = Eventually.holds(within: 0.5) { false }
    #expect(try !session.screen().contains("[Esc Cancel]"))
    #expect(try exists(["product:7:de"]) == 1)
  }
}
