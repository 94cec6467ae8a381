import ConsoleModel
import Glibc
import Operations
import Redis
import TestKit
import Testing

extension TortureTests {
  /// Servers and networks that misbehave during a run: it goes on or ends with words, and never hangs.
  @Suite(.blocking) struct TortureTroubleTests {
    private func begin(
      _ yard: TortureYard, _ ticket: RunTicket, lines: Int = 16
    ) async throws -> ChildProcess {
      let runner = try TortureYard.start(ticket)
      let isUnderWay = try await Eventually.holds(within: 30) {
        yard.journalLines() >= lines || runner.exit != nil
      }
      try #require(isUnderWay && runner.exit == nil, "\(runner.lastStatus?.note ?? "")")
      return runner
    }

    private func expectDone(_ yard: TortureYard, _ runner: ChildProcess) throws -> OperationStatus {
      #expect(runner.wait(within: 60) == .code(0), "\(runner.lastStatus?.note ?? "")")
      let status = try #require(runner.lastStatus)
      #expect(status.state == .done, "\(status.note)")
      #expect(try yard.oldKeys() == 0)
      #expect(try yard.touchedOutside() == 0)
      return status
    }

    @Test func `a server that hangs for three seconds is waited for`() async throws {
      let yard = try TortureYard()
      let runner = try await begin(yard, try yard.ticket(lease: 10_000))
      yard.server.pause()
      let begin = Deadline.now
      #expect(try await Eventually.holds(within: 10) { Deadline.now - begin > 3_000_000_000 })
      yard.server.resume()
      _ = try expectDone(yard, runner)
    }

    @Test func `a connection that is reset in a batch loses nothing, and is told`() async throws {
      let yard = try TortureYard()
      let count = try DeletionCount(yard.server)
      let proxy = try TortureProxy(to: yard.server.address, .reset("UNLINK"), after: 8)
      let status = try expectDone(
        yard, try TortureYard.start(try yard.ticket(through: proxy.address)))
      #expect(proxy.hasHappened)
      let real = UInt64(try count.finish()["search"] ?? 0)
      #expect(real == UInt64(yard.inside))
      #expect(status.changed < real && real <= status.changed + status.indeterminate)
      #expect(status.indeterminate <= 250)
      #expect(yard.audit().results.last?.contains("answer was lost") == true)
    }

    @Test func `a server that restarts is another one`() async throws {
      let yard = try TortureYard()
      let runner = try await begin(yard, try yard.ticket())
      try yard.server.restart()
      try yard.server.command(["SET", "search:after", "old"])
      #expect(runner.wait(within: 30) == .code(1))
      let note = runner.lastStatus?.note ?? ""
      #expect(note.contains("another server process"), "\(note)")
      #expect(note.contains("make a new plan"), "\(note)")
      #expect(try yard.server.command(["EXISTS", "search:after"]).integer == 1)
    }

    @Test func `a server that is gone for good ends the run, which can be gone on with`()
      async throws
    {
      let yard = try TortureYard()
      var ticket = try yard.ticket()
      ticket.thresholds.unreachableSeconds = 1
      let runner = try await begin(yard, ticket)
      yard.server.kill9()
      #expect(runner.wait(within: 40) == .code(1))
      let note = runner.lastStatus?.note ?? ""
      #expect(note.contains("take the operation over"), "\(note)")
      #expect(yard.audit().events == ["started", "failed"])
    }

    @Test func `a server that becomes a replica is not written to`() async throws {
      let yard = try TortureYard()
      let runner = try await begin(yard, try yard.ticket())
      try yard.server.command(["REPLICAOF", "127.0.0.1", "1"])
      #expect(runner.wait(within: 30) == .code(1))
      let note = runner.lastStatus?.note ?? ""
      #expect(note.contains("replica"), "\(note)")
      #expect(try yard.oldKeys() > 0)
    }

    @Test func `a replica that falls behind makes the run wait`() async throws {
      let yard = try TortureYard(.loopback)
      guard case .loopback(let port) = yard.server.address else { return }
      let replica = try RedisServer(
        .loopback,
        arguments: ["--replicaof", "127.0.0.1 \(port)", "--repl-diskless-load", "swapdb"])
      #expect(
        try await Eventually.holds(within: 20) {
          try replica.info("master_link_status", "replication") == "up"
        })
      var ticket = try yard.ticket(pace: 1000)
      ticket.thresholds.replicaLagSeconds = 1
      let runner = try await begin(yard, ticket)
      replica.pause()
      let isWaiting = try await Eventually.holds(within: 20) {
        runner.lastStatus?.note.contains("waits: replica") == true || runner.exit != nil
      }
      #expect(isWaiting && runner.exit == nil)
      replica.resume()
      _ = try expectDone(yard, runner)
    }

    @Test func `a server that goes away while the run waits for a replica ends the run`()
      async throws
    {
      let yard = try TortureYard(.loopback)
      guard case .loopback(let port) = yard.server.address else { return }
      let replica = try RedisServer(
        .loopback,
        arguments: ["--replicaof", "127.0.0.1 \(port)", "--repl-diskless-load", "swapdb"])
      #expect(
        try await Eventually.holds(within: 20) {
          try replica.info("master_link_status", "replication") == "up"
        })
      var ticket = try yard.ticket(pace: 1000)
      ticket.thresholds.replicaLagSeconds = 1
      ticket.thresholds.unreachableSeconds = 2
      let runner = try await begin(yard, ticket)
      replica.pause()
      let isWaiting = try await Eventually.holds(within: 20) {
        runner.lastStatus?.note.contains("waits: replica") == true || runner.exit != nil
      }
      #expect(isWaiting && runner.exit == nil)
      yard.server.kill9()
      #expect(runner.wait(within: 40) == .code(1))
      let note = runner.lastStatus?.note ?? ""
      #expect(note.contains("take the operation over"), "\(note)")
      replica.resume()
    }

    @Test func `a user without UNLINK is told what is missing`() async throws {
      let yard = try TortureYard()
      try yard.server.command([
        "ACL", "SETUSER", "ops", "on", "nopass", "~*", "&*", "+@all", "-unlink",
      ])
      var ticket = try yard.ticket()
      ticket.servers[0].endpoint.user = "ops"
      ticket.servers[0].access = RedisAccess(password: Secret("x"))
      let runner = try TortureYard.start(ticket)
      #expect(runner.wait(within: 20) == .code(1))
      let note = runner.lastStatus?.note ?? ""
      #expect(note.contains("ACL") && note.lowercased().contains("unlink"), "\(note)")
      #expect(try yard.oldKeys() == yard.inside)
      #expect(try yard.mirrored()?.state == .failed)
    }

    @Test func `a password that is changed ends the run with words`() async throws {
      let yard = try TortureYard()
      let runner = try await begin(yard, try yard.ticket())
      try yard.server.connect().pipeline([
        ["CONFIG", "SET", "requirepass", "other"], ["CLIENT", "KILL", "TYPE", "normal"],
      ])
      #expect(runner.wait(within: 30) == .code(1))
      let note = runner.lastStatus?.note ?? ""
      #expect(note.contains("password"), "\(note)")
    }

    @Test(arguments: [true, false])
    func `a server without memory is what deletions are for`(isFullAtStart: Bool) async throws {
      let yard = try TortureYard(inside: 3000)
      let full = ["CONFIG", "SET", "maxmemory", "1mb"]
      let runner: ChildProcess
      if isFullAtStart {
        let ticket = try yard.ticket()
        #expect(try yard.server.command(full) == .simple("OK"))
        #expect(try yard.server.command(["SET", "x", "y"]).errorText?.hasPrefix("OOM") == true)
        runner = try TortureYard.start(ticket)
      } else {
        runner = try await begin(yard, try yard.ticket(), lines: 8)
        try yard.server.command(full)
      }
      let status = try expectDone(yard, runner)
      #expect(status.changed == 3000)
      #expect(yard.audit().events == ["started", "done"])
    }
  }
}
