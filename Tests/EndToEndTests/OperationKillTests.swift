import Documents
import ConsoleModel
import Glibc
import Operations
import TestKit
import Testing

/// `kill -9` of the console that started an operation, and of the shell above it: the run goes on to
/// its end, and the next console shows it.
///
/// Two of the ten seeded moments each by default; all with `CACHECONSOLE_FULL=1` (`script/test --full`).
@Suite(.serialized, .blocking) struct OperationKillTests {
  enum Victim: String, CaseIterable {
    case console, shell
  }

  private let home: TemporaryFolder
  private let server: RedisServer

  private static let seeds: [UInt64] =
    unsafe getenv("CACHECONSOLE_FULL") != nil ? Array(1...10) : [1, 2]
  /// Three seconds at the default pace.
  private static let keys = 60_000

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer(arguments: ["--enable-debug-command", "local"])
    try server.command(["DEBUG", "POPULATE", "\(Self.keys)", "search", "10"])
    try server.command(["SET", "keep:1", "kept"])
    try PrivateFolder.make(home.file("config/cacheconsole"))
    try home.write(
      "config/cacheconsole/config.json5",
      """
      { schema: "cacheconsole.config", version: 1, environments: {
        "shop": { class: "development", servers: [{ name: "cache-1", url: "\(server.url)" }] } } }
      """)
  }

  private func mirrored() throws -> OperationStatus? {
    let index = try server.command(["ZRANGE", OperationRecords.index, "-1", "-1"])
    guard let id = index.array?.first?.text,
      case .bulk(let bytes) = try server.command(["GET", OperationRecords.status(id)])
    else { return nil }
    return try OperationStatus(json: bytes, file: "the mirror")
  }

  /// A dialog takes nothing for a second, and each key in that time makes it wait longer.
  private func confirm(_ session: TerminalSession) throws {
    let isStarted = try Eventually.holds(within: 60) { () throws(TestKitError) -> Bool in
      _ = Eventually.holds(within: 1.1) { false }
      try session.press("y")
      return try Eventually.holds(within: 0.5) { () throws(TestKitError) -> Bool in
        try server.command(["EXISTS", OperationRecords.index]).integer == 1
      }
    }
    let screen = try session.screen()
    try #require(isStarted, "\(screen)")
  }

  @Test(arguments: Victim.allCases, seeds)
  func `a run outlives whoever started it`(victim: Victim, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let moment = UInt64.random(in: 0..<50_000, using: &random)
    let session = try Console.shell(home: home)
    try session.type("\(BuiltProgram.console()) --env shop --interval 0.5")
    try session.press("Enter")
    try session.wait(for: "1/1")
    let shell = try session.processID()
    let console = try session.foregroundProcessID()
    try session.type(":invalidate search:*")
    try session.press("Enter")
    try session.wait(for: "60,000")
    try confirm(session)
    let isReached = try Eventually.holds(within: 90) { try mirrored()?.changed ?? 0 >= moment }
    let started = try #require(try mirrored())
    try #require(isReached, "\(started.changed) of \(moment) \(started.state) \(started.note)")
    let runner = try #require(Int32(started.runner.split(separator: ":").last ?? ""))
    // Of a session and a group of its own, so that no hangup reaches it.
    let isItself = getsid(runner) == runner && getpgid(runner) == runner
    #expect(isItself || !ChildProcess.isRunning(runner))
    kill(victim == .console ? console : shell, SIGKILL)
    #expect(Eventually.holds { !ChildProcess.isRunning(console) })
    let isDone = try Eventually.holds(within: 90) { try mirrored()?.state == .done }
    let status = try #require(try mirrored())
    #expect(isDone, "\(status.state) \(status.note)")
    #expect(status.runner == started.runner)
    #expect(status.fence == 1)
    #expect(status.changed == UInt64(Self.keys))
    #expect(status.verdict?.isFresh == true)
    #expect(try server.command(["EXISTS", "search:0", "search:59999", "keep:1"]).integer == 1)
    #expect(Eventually.holds(within: 40) { !ChildProcess.isRunning(runner) })
    // The next console sees its end.
    let next = try Console.open(["--env", "shop", "--interval", "0.5"], home: home)
    try next.wait(for: "1/1")
    try next.press("8")
    try next.waitUntil("the operation that is done") { screen in
      screen.contains("invalidate se") && screen.contains("● done") && screen.contains("60,000")
    }
    let audit = try Console.run(["audit", "--verify"], home: home)
    #expect(audit.exit == .code(0), "\(audit.output)\(audit.error)")
  }
}
