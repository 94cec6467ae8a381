import ConsoleModel
import Documents
import Operations
import TestKit
import Testing

@Suite(.blocking) struct WarmRunTests {
  private let folder: TemporaryFolder
  private let server: RedisServer

  init() throws {
    folder = try TemporaryFolder()
    server = try RedisServer()
  }

  private func loader(_ script: String) throws -> [String] {
    let path = folder.file("loader.sh")
    try FileWriter.replace(path, with: script)
    return ["sh", path]
  }

  @Test func `a loader is given the keys that are missing, and what is there stays`() async throws {
    try server.command(["SET", "product:1", "old"])
    let command = try loader(
      """
      while read -r key; do echo "$key" >> \(folder.file("asked")); printf '%s\\t60\\tnew-%s\\n' "$key" "$key"; done
      """)
    let keys = (1...300).map { KeyName("product:\($0)") }
    func request() -> OperationRequest {
      OperationRequest(
        .warm(.command(command)), .keys(keys), nodes: [RunFixture.node],
        pace: Pace(keysPerSecond: 10_000))
    }
    let first = await RunFixture.run(
      try RunFixture.ticket(request(), on: server, folder: folder.path))
    #expect(first.state == .done, "\(first.note)")
    #expect(first.changed == 299)
    #expect(first.skipped == 1)
    #expect(try server.command(["GET", "product:1"]).text == "old")
    #expect(try server.command(["GET", "product:300"]).text == "new-product:300")
    let life = try server.command(["TTL", "product:300"]).integer ?? 0
    #expect(life > 50 && life <= 60)
    let asked = String(
      decoding: try FileReader.read(folder.file("asked"))?.bytes ?? [], as: UTF8.self)
    #expect(!asked.contains("product:1\n"))
    // The second run finds all of it there.
    let second = await RunFixture.run(
      try RunFixture.ticket(
        request(), on: server, folder: folder.path, id: "20261125T000000-000002"))
    #expect(second.state == .done, "\(second.note)")
    #expect(second.changed == 0)
    #expect(second.skipped == 300)
  }

  @Test func `a loader that fails ends the run with what it said`() async throws {
    let command = try loader("echo 'cannot reach the database' >&2; exit 3")
    let request = OperationRequest(
      .warm(.command(command)), .keys([KeyName("product:1")]), nodes: [RunFixture.node])
    let status = await RunFixture.run(
      try RunFixture.ticket(request, on: server, folder: folder.path))
    #expect(status.state == .failed)
    #expect(status.note.contains("cannot reach the database"), "\(status.note)")
  }
}
