import ConsoleModel
import Documents
import Glibc
import Operations
import Redis
import TestKit
import Testing

extension TortureTests {
  /// Copies before a deletion, and the undo that puts them back.
  @Suite(.blocking) struct TortureUndoTests {
    private let yard: TortureYard
    private let names: [[UInt8]]

    // As operations are named.
    private static let run1 = "20261125T165512-000001"
    private static let run2 = "20261125T165512-000002"
    private static let run3 = "20261125T165512-000003"

    init() throws {
      yard = try TortureYard(
        inside: 0, outside: 10, arguments: ["--enable-debug-command", "local"])
      let client = try yard.server.connect()
      try client.pipeline([
        ["SET", "u:string", "value", "PX", "500000"], ["SET", "u:number", "12345678901"],
        ["SET", "u:empty", ""],
        ["RPUSH", "u:list", "a", "b", "c"], ["SADD", "u:numbers", "1", "2", "3"],
        ["SADD", "u:set", "x", "y"], ["HSET", "u:hash", "f", "1", "g", "2"],
        ["ZADD", "u:ranks", "1.5", "a", "-inf", "b", "2", "c"],
        ["XADD", "u:stream", "1-1", "f", "v"], ["XGROUP", "CREATE", "u:stream", "readers", "0"],
        ["XREADGROUP", "GROUP", "readers", "one", "STREAMS", "u:stream", ">"],
        ["PFADD", "u:hyperloglog", "a", "b"], ["GEOADD", "u:places", "13.36", "38.11", "Palermo"],
        ["SETBIT", "u:bits", "1000", "1"],
      ])
      // Large ones, which are encoded in other ways.
      try client.pipeline((0..<1000).map { ["HSET", "u:large-hash", "field \($0)", "\($0)"] })
      try client.pipeline((0..<1000).map { ["ZADD", "u:large-ranks", "\($0)", "member \($0)"] })
      try client.command(["SET", "u:large", String(repeating: "0123456789", count: 300_000)])
      let hostile: [[UInt8]] = [
        Array("u:".utf8) + [0, 255, 10, 13, 27, 91, 50, 74], Array("u:*?[a]\\".utf8),
        Array("u:{tag} with  blanks ".utf8), Array("u:\u{202E}ba".utf8),
        Array("u:".utf8) + [UInt8](repeating: 0x41, count: 5000),
      ]
      for name in hostile {
        try client.command(bytes: [
          Array("SET".utf8), name, name, Array("EX".utf8), Array("900".utf8),
        ])
      }
      let found = try client.command(["KEYS", "u:*"]).array ?? []
      names = found.compactMap { if case .bulk(let bytes) = $0 { bytes } else { nil } }
      #expect(names.count == 20)
    }

    private func delete(_ id: String = Self.run1) throws {
      let ticket = try yard.ticket(
        id, lease: 5000, target: .pattern(Array("u:*".utf8)), keepsCopy: true)
      let runner = try TortureYard.start(ticket)
      #expect(runner.wait(within: 30) == .code(0), "\(runner.lastStatus?.note ?? "")")
      #expect(try yard.server.command(["KEYS", "u:*"]) == .array([]))
      #expect(try yard.mirrored(id)?.copies == UInt64(names.count))
    }

    private func undo(_ id: String, as run: String) async throws -> OperationStatus {
      let request = try await yard.desk().resolved(
        OperationRequest(.restore(operation: id), .keys([]), nodes: [RunFixture.node])
      ).request
      var ticket = try yard.ticket(run, action: request.action, target: request.target)
      ticket.plan.request.nodes = request.nodes
      ticket.plan = ticket.plan.hashed()
      let runner = try TortureYard.start(ticket)
      #expect(runner.wait(within: 30) == .code(0), "\(runner.lastStatus?.note ?? "")")
      return try #require(runner.lastStatus)
    }

    private struct Content: Equatable {
      var digest: String?
      var dump: RedisReply
      var life: Int64
    }

    private func content(_ client: RedisConnection, _ name: [UInt8]) throws -> Content {
      let words = ["DEBUG", "DIGEST-VALUE"].map { Array($0.utf8) }
      return Content(
        digest: try client.command(bytes: words + [name]).array?.first?.text,
        dump: try client.command(bytes: [Array("DUMP".utf8), name]),
        life: try client.command(bytes: [Array("PTTL".utf8), name]).integer ?? -9)
    }

    @Test func `every type and every name comes back as it was`() async throws {
      let client = try yard.server.connect()
      let before = try names.map { try content(client, $0) }
      let begin = Deadline.now
      try delete()
      let folder = yard.folder.file("state/copies")
      let files = try #require(TemporaryFolder.list(folder))
      #expect(files.count == 1)
      for (path, mode) in [(folder, 0o700), ("\(folder)/\(files[0])", 0o600)] {
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == mode)
      }
      let status = try await undo(Self.run1, as: Self.run2)
      #expect(status.changed == UInt64(names.count))
      let passed = (Deadline.now - begin) / 1_000_000
      for (name, old) in zip(names, before) {
        let text = Comment(rawValue: String(decoding: name.prefix(40), as: UTF8.self))
        let new = try content(client, name)
        #expect(new.digest == old.digest, text)
        // A hash table's order is its own; the digest does not depend on it.
        if !["u:large-hash", "u:set"].contains(text.rawValue) {
          #expect(new.dump == old.dump, text)
        }
        if old.life < 0 {
          #expect(new.life == old.life, text)
        } else {
          #expect(abs(new.life - (old.life - passed)) < 1000, text)
        }
      }
    }

    @Test func `what was written since is kept as it was written`() async throws {
      try delete()
      try yard.server.command(["SET", "u:string", "written since"])
      try yard.server.command(["SADD", "u:list", "of another type"])
      let status = try await undo(Self.run1, as: Self.run2)
      #expect(status.changed == UInt64(names.count - 2))
      #expect(status.skipped == 2)
      #expect(try yard.server.command(["GET", "u:string"]).text == "written since")
      #expect(try yard.server.command(["TYPE", "u:list"]).text == "set")
      // A second undo has nothing left to do.
      let again = try await undo(Self.run1, as: Self.run3)
      #expect(again.changed == 0)
      #expect(again.skipped == UInt64(names.count))
    }

    @Test(arguments: [OperationRequest.Action.shorten(seconds: 60), .adjust(seconds: nil)])
    func `an undo of new lives gives back the old ones where the value is the same`(
      action: OperationRequest.Action
    ) async throws {
      let client = try yard.server.connect()
      try client.pipeline([
        ["SET", "u:number", "7", "EX", "5000"], ["SET", "u:empty", "", "EX", "4000"],
      ])
      let ticket = try yard.ticket(
        Self.run1, action: action, target: .pattern(Array("u:*".utf8)), keepsCopy: true)
      #expect(try TortureYard.start(ticket).wait(within: 30) == .code(0))
      let changed = try client.command(["TTL", "u:number"]).integer ?? 0
      #expect(action == .adjust(seconds: nil) ? changed == -1 : changed <= 60)
      // Another value with the same life.
      try client.command(["SET", "u:empty", "written since", "KEEPTTL"])
      let kept = try client.command(["TTL", "u:empty"]).integer ?? 0
      _ = try await undo(Self.run1, as: Self.run2)
      let life = try client.command(["TTL", "u:number"]).integer ?? 0
      #expect(life > 4900 && life <= 5000)
      #expect(try client.command(["TTL", "u:set"]).integer == -1)
      #expect(abs((try client.command(["TTL", "u:empty"]).integer ?? 0) - kept) <= 30)
      #expect(try client.command(["GET", "u:empty"]).text == "written since")
    }

    @Test func `of a key that was written while it was deleted, the last copy comes back`()
      async throws
    {
      // The copy is there, the deletion has not reached the server, and the key is written again.
      let proxy = try TortureProxy(to: yard.server.address, .holdRequest("UNLINK"))
      let ticket = try yard.ticket(
        Self.run1, target: .pattern(Array("u:*".utf8)), keepsCopy: true, through: proxy.address)
      let runner = try TortureYard.start(ticket)
      #expect(try await Eventually.holds(within: 20) { proxy.hasHappened })
      try yard.server.command(["SET", "u:string", "written meanwhile"])
      runner.send(SIGKILL)
      _ = runner.wait(within: 5)
      let status = try await yard.takeOver(Self.run1)
      #expect(status.state == .done, "\(status.note)")
      #expect(try yard.server.command(["KEYS", "u:*"]) == .array([]))
      _ = try await undo(Self.run1, as: Self.run2)
      #expect(try yard.server.command(["GET", "u:string"]).text == "written meanwhile")
      #expect(try yard.server.command(["DBSIZE"]).integer ?? 0 >= Int64(names.count))
    }

    @Test(arguments: [(true, Role.admin), (true, .operatorRole), (false, .admin)])
    func `sessions and carts are copied only where an administrator asks`(
      isAsked: Bool, role: Role
    ) async throws {
      let keys = ["session:1", "cart:1", "product:1"]
      try yard.server.connect().pipeline(keys.map { ["SET", $0, "secret"] })
      var ticket = try yard.ticket(
        Self.run1, target: .keys(keys.map { KeyName($0) }), keepsCopy: true)
      ticket.plan.request.copiesGuarded = isAsked
      ticket.plan.author.role = role
      ticket.plan = ticket.plan.hashed()
      #expect(try TortureYard.start(ticket).wait(within: 30) == .code(0))
      let isAllowed = isAsked && role == .admin
      #expect(try yard.mirrored(Self.run1)?.copies == (isAllowed ? 3 : 1))
      let status = try await undo(Self.run1, as: Self.run2)
      #expect(status.changed == (isAllowed ? 3 : 1))
      #expect(
        try yard.server.command(["EXISTS", "session:1", "cart:1"]).integer == (isAllowed ? 2 : 0))
    }

    @Test func `copies older than a day are refused`() async throws {
      try delete()
      let path = yard.folder.file("state/copies")
      let file = "\(path)/\(try #require(TemporaryFolder.list(path)?.first))"
      let store = CopyStore(folder: path)
      let now = TortureYard.wall()
      let tomorrow = WallTime(microseconds: now.microseconds + 86_401 * 1_000_000)
      _ = try store.reader(path: file, now: now)
      #expect {
        try store.reader(path: file, now: tomorrow)
      } throws: {
        "\($0)".contains("expired")
      }
      store.removeExpired(now: tomorrow)
      let desk = try yard.desk()
      await #expect {
        try await desk.resolved(
          OperationRequest(.restore(operation: Self.run1), .keys([]), nodes: [RunFixture.node]))
      } throws: {
        ($0 as? Fault)?.line.contains("no copies of it are kept") == true
      }
    }
  }
}
