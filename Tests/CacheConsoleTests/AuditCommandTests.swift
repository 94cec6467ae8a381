import CacheConsole
import ConsoleModel
import Operations
import TestKit
import Testing

/// `cacheconsole audit` as a process.
@Suite(.serialized, .blocking) struct AuditCommandTests {
  private let home: TemporaryFolder
  private let trail: AuditTrail

  init() throws {
    home = try TemporaryFolder()
    trail = AuditTrail(folder: home.path + "/state/cacheconsole", syslogSocket: "/nonexistent")
  }

  private func append(_ event: String, _ title: String = "invalidate product:*") {
    let receipt = trail.append(
      AuditRecord(
        event: event, operation: "20261125T165512-3f9a0c", title: title, environment: "shop",
        author: OperationAuthor(
          user: "alice", uid: 1000, role: .admin, host: "ops", from: "192.0.2.7"),
        reason: "INC-1", result: "12 gone"))
    #expect(receipt.taken == [.file])
  }

  private func run(_ words: [String]) throws -> (
    exit: ChildProcess.Exit, output: String, error: String
  ) {
    var options = ChildProcess.Options()
    options.hasEmptyEnvironment = true
    options.environment = [
      "HOME": home.path, "XDG_STATE_HOME": home.path + "/state", "PATH": "/usr/bin:/bin",
    ]
    return try ChildProcess.run(try BuiltProgram.console(), ["audit"] + words, options)
  }

  @Test func `entries are printed newest last, each on a line without control characters`() throws {
    append("planned")
    append("confirmed")
    append("finished", "invalidate a\nb\u{1B}[31m\u{202E}")
    let result = try run(["--read-only"])
    #expect(result.exit == .code(0) && result.error == "")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].contains("  planned  20261125T165512-3f9a0c  alice from 192.0.2.7  shop  "))
    #expect(lines[2].contains("12 gone  (INC-1)"))
    #expect(!result.output.unicodeScalars.contains("\u{1B}"))
    #expect(!result.output.unicodeScalars.contains("\u{202E}"))
    #expect(
      try run(["--limit", "1"]).output.split(separator: "\n").map(String.init) == [String(lines[2])]
    )
  }

  @Test func `as JSON the lines are those of the file`() throws {
    for number in 0..<3 { append("e\(number)") }
    let lines = try run(["--json", "--limit=2"]).output.split(separator: "\n")
    #expect(lines.count == 2)
    let values = try lines.map { try JSONValue(parsing: String($0)) }
    #expect(values.map { $0["seq"]?.number } == [2, 3])
    #expect(values.map { $0["schema"]?.string } == ["cacheconsole.audit", "cacheconsole.audit"])
  }

  @Test func `verify ends with 0 if all is well, and with 1 at the first broken line`() throws {
    let none = try run(["--verify"])
    #expect(none.exit == .code(0) && none.output.contains("no entries yet"))
    for number in 0..<4 { append("e\(number)") }
    let good = try run(["--verify"])
    #expect(
      good.exit == .code(0) && good.output.contains("4 entries, all intact"), "\(good.output)")
    let file = trail.folder + "/audit.jsonl"
    let text = try #require(ChildProcess.readText(file))
    try home.write("state/cacheconsole/audit.jsonl", text.replacing("\"e2\"", with: "\"e9\""))
    let bad = try run(["--verify"])
    #expect(bad.exit == .code(1) && bad.output.contains("broken at line 3"), "\(bad.output)")
    let json = try run(["--verify", "--json"])
    #expect(json.exit == .code(1))
    let value = try JSONValue(parsing: json.output)
    #expect(value["schema"]?.string == "cacheconsole.audit.verification")
    #expect(value["broken_line"]?.number == 3 && value["damage"]?.string == "altered")
    #expect(value["intact"]?.number == 2)
    // The list leaves the line out and says so.
    let list = try run([])
    #expect(list.exit == .code(0) && list.output.split(separator: "\n").count == 3)
    #expect(list.error.contains("does not match its hash; see cacheconsole audit --verify"))
  }

  @Test(arguments: [
    (["--limit"], "--limit needs a value"), (["--limit", "0"], "is not a number from 1"),
    (["--limit", "99999999999999999999"], "is not a number"),
    (["--verfy"], "did you mean --verify?"),
    (["x\u{1B}[31m"], "unknown argument"),
  ])
  func `mistakes are usage errors`(words: [String], expected: String) throws {
    let result = try run(words)
    #expect(result.exit == .code(2) && result.error.contains(expected), "\(result.error)")
    #expect(!result.error.unicodeScalars.contains("\u{1B}"))
  }

  @Test func `its help is its own`() throws {
    let result = try run(["--help"])
    #expect(result.exit == .code(0) && result.output.hasPrefix("usage: cacheconsole audit"))
  }
}
