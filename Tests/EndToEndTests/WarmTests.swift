import Documents
import Glibc
import Operations
import TestKit
import Testing

/// Warm-ups as they are used: from the shell by runners of their own, and on the demo's screen.
@Suite(.serialized, .blocking) struct WarmTests {
  private let home: TemporaryFolder
  private let server: RedisServer

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer(arguments: [
      "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu",
    ])
    try PrivateFolder.make(home.file("config/cacheconsole"))
    // Answers every key that it is asked for, and keeps which those were.
    let loader = try home.write(
      "loader.sh", #"exec sed -u -e "w $0.asked.$$" -e 's/\(.*\)/\1\t3600\tv-\1/'"#)
    try home.write(
      "config/cacheconsole/config.json5",
      """
      { schema: "cacheconsole.config", version: 1, environments: {
        "shop": { class: "development", loader: ["sh", "\(loader)"],
          servers: [{ name: "cache-1", url: "\(server.url)" }] } } }
      """)
  }

  private func run(
    _ words: [String], within seconds: Double = 60
  ) throws -> (output: String, error: String) {
    let result = try Console.run(words, home: home, within: seconds)
    try #require(result.exit == .code(0), "\(words): \(result.output)\(result.error)")
    return (result.output, result.error)
  }

  private func products(_ names: Range<Int>) throws -> [String?] {
    let reply = try server.command(["MGET"] + names.map { "product:\($0):de" })
    return (reply.array ?? []).map(\.text)
  }

  private func missing(_ names: Range<Int>) throws -> [Int] {
    zip(names, try products(names)).filter { $0.1 == nil }.map(\.0)
  }

  @Test func `recorded hot keys come back after they were lost`() throws {
    let connection = try server.connect()
    try connection.pipeline(
      (0..<200).map { ["SET", "product:\($0):de", "v\($0)", "EX", "3600"] })
    // Ten that everybody asks for.
    for _ in 0..<60 {
      try connection.pipeline(
        (0..<10).flatMap { key in
          (0..<10).map { _ in ["GET", "product:\(key):de"] }
        })
    }
    let file = home.file("hot.dump")
    let recorded = try run(["hot", "--env", "shop", "--output", file]).output
    #expect(recorded.contains("hot keys of cache-1"), "\(recorded)")
    let hot = (0..<10).map { "product:\($0):de" }
    #expect(try connection.command(["UNLINK"] + hot).integer == 10)
    let plan = try run(["warm", "--env", "shop", "--from", file, "--dry-run"]).output
    #expect(plan.contains("data        product"), "\(plan)")
    #expect(plan.contains("keys that are there already are skipped"))
    let result = try run(["warm", "--env", "shop", "--from", file, "--yes"]).output
    #expect(result.contains("10 changed of"), "\(result)")
    #expect(!result.contains("fresh") && !result.contains("gone"), "\(result)")
    #expect(try products(0..<10) == (0..<10).map { "v\($0)" })
    let life = try connection.command(["TTL", "product:3:de"]).integer ?? 0
    #expect(life > 3000 && life <= 3600)
  }

  /// Starts a slow warm-up, kills its runner in the middle and returns its name and what was missing then.
  private func killHalfway(_ words: [String], _ names: Range<Int>) throws -> (String, [Int]) {
    let started = try run(
      ["warm", "--env", "shop"] + words + ["--rate", "400", "--yes", "--detach", "--json"])
    let id = try #require(try JSONValue(parsing: started.output)["operation"]?.string)
    let isHalfway = try Eventually.holds(within: 60) { () throws -> Bool in
      try missing(names).count < names.count * 6 / 10
    }
    #expect(isHalfway)
    let path = home.file("state/cacheconsole/operations/\(id)/runner.pid")
    let pid = try #require(ChildProcess.readText(path).flatMap { Int32($0) })
    kill(pid, SIGKILL)
    #expect(Eventually.holds { !ChildProcess.isRunning(pid) })
    let left = try missing(names)
    #expect(left.count > names.count / 10)
    return (id, left)
  }

  private func takeOver(_ id: String) throws -> JSONValue {
    // The lease of the killed runner has to run out.
    let isOrphaned = try Eventually.holds(within: 60) { () throws -> Bool in
      try run(["operations", "--env", "shop"]).output.contains("orphaned")
    }
    #expect(isOrphaned)
    let text = try run(["operations", "take-over", id, "--env", "shop", "--json"]).output
    return try JSONValue(parsing: text)
  }

  private func calls(_ command: String) throws -> Int {
    let text = try server.command(["INFO", "commandstats"]).text ?? ""
    let line = text.split(whereSeparator: \.isNewline).first {
      $0.hasPrefix("cmdstat_\(command):calls=")
    }
    return line?.split(separator: "=")[1].split(separator: ",").first.flatMap { Int($0) } ?? 0
  }

  @Test func `a killed warm-up from a file goes on behind what it has loaded`() throws {
    let names = 0..<2000
    let connection = try server.connect()
    try connection.pipeline(names.map { ["SET", "product:\($0):de", "v\($0)", "EX", "3600"] })
    let file = home.file("all.dump")
    let keys = try home.write(
      "keys", names.map { "product:\($0):de\n" }.joined())
    // An operation's copies are such a file.
    let gone = try run(
      ["invalidate", "--env", "shop", "--keys-from", keys, "--yes", "--json"]
    ).output
    let id = try #require(try JSONValue(parsing: gone)["id"]?.string)
    let copies = home.file("state/cacheconsole/copies")
    let name = try #require(TemporaryFolder.list(copies)?.first { $0.contains(id) })
    let isMoved = unsafe rename("\(copies)/\(name)", file) == 0
    try #require(isMoved)
    #expect(try missing(names).count == names.count)
    let (warm, left) = try killHalfway(["--from", file], names)
    // A value that somebody writes meanwhile stays, there or not there before.
    let loaded = try #require(names.first { !left.contains($0) })
    let last = try #require(left.last)
    try connection.pipeline([loaded, last].map { ["SET", "product:\($0):de", "theirs"] })
    let status = try takeOver(warm)
    #expect(status["state"]?.string == "done")
    let expected = names.map { $0 == loaded || $0 == last ? "theirs" : "v\($0)" }
    #expect(try products(names) == expected)
    // Once each, but for the batch that was on its way.
    #expect(try calls("restore") <= names.count + 16)
  }

  @Test func `a killed warm-up by a loader asks for the rest only`() throws {
    let names = 0..<2000
    let keys = try home.write("keys", names.map { "product:\($0):de\n" }.joined())
    let (warm, left) = try killHalfway(["--keys-from", keys], names)
    let first = (TemporaryFolder.list(home.path) ?? []).filter { $0.contains(".asked.") }
    #expect(first.count == 1)
    let loaded = try #require(names.first { !left.contains($0) })
    try server.command(["SET", "product:\(loaded):de", "theirs"])
    let status = try takeOver(warm)
    #expect(status["state"]?.string == "done")
    let expected = names.map { $0 == loaded ? "theirs" : "v-product:\($0):de" }
    #expect(try products(names) == expected)
    let second = try #require(
      (TemporaryFolder.list(home.path) ?? []).first {
        $0.contains(".asked.") && !first.contains($0)
      })
    let asked = ChildProcess.readText(home.file(second)) ?? ""
    #expect(asked == left.map { "product:\($0):de\n" }.joined())
  }
}
