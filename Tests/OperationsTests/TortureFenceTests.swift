import ConsoleModel
import Glibc
import Operations
import TestKit
import Testing

extension TortureTests {
  /// Only one runner changes anything, whatever the others believe.
  @Suite(.blocking) struct TortureFenceTests {
    private let yard: TortureYard

    init() throws { yard = try TortureYard() }

    private func stopInTheMiddle(_ ticket: RunTicket) async throws -> ChildProcess {
      let runner = try TortureYard.start(ticket)
      let isUnderWay = try await Eventually.holds(within: 30) {
        yard.journalLines() >= 16 || runner.exit != nil
      }
      try #require(isUnderWay && runner.exit == nil, "\(runner.errorText)")
      runner.send(SIGSTOP)
      return runner
    }

    @Test(arguments: [true, false])
    func `a runner that wakes up after a takeover changes nothing more`(
      isSecondAtWork: Bool
    ) async throws {
      let count = try DeletionCount(yard.server)
      let first = try await stopInTheMiddle(try yard.ticket(pace: 2500))
      let desk = try yard.desk()
      #expect(
        try await Eventually.holds(within: 10) {
          await desk.operations().operations.first?.state == .orphaned
        })
      let end = Ending()
      try await desk.takeOver("20261125T000000-000001") { end.take($0) }
      let isUnderWay = try await Eventually.holds(within: 30) {
        isSecondAtWork ? (try yard.mirrored()?.fence == 2) : end.hasEnded
      }
      try #require(isUnderWay)
      if !isSecondAtWork {
        // What came after the end is not the first one's to delete.
        for number in 0..<200 { try yard.server.command(["SET", "search:late:\(number)", "new"]) }
      }
      first.send(SIGCONT)
      #expect(first.wait(within: 20) == .code(3))
      #expect(try await Eventually.holds(within: 60) { end.hasEnded })
      let status = try #require(end.status)
      #expect(status.state == .done, "\(status.note)")
      #expect(status.fence == 2)
      #expect(try yard.mirrored() == status)
      #expect(try yard.oldKeys() == 0)
      if !isSecondAtWork {
        #expect(
          try yard.server.command(["EXISTS", "search:late:0", "search:late:199"]).integer == 2)
      }
      let real = UInt64(try count.finish()["search"] ?? 0)
      #expect(status.changed <= real && real <= status.changed + status.indeterminate)
      let audit = yard.audit()
      #expect(audit.verification.isIntact)
      #expect(audit.events.sorted() == ["done", "started", "superseded", "taken over"])
      // Its last word never stands in for the operation's.
      #expect(first.lastStatus?.state != .failed)
    }

    @Test(arguments: [true, false])
    func `of two takeovers at once exactly one wins`(isOneMachine: Bool) async throws {
      let first = try await stopInTheMiddle(try yard.ticket(pace: 2500))
      first.send(SIGKILL)
      _ = first.wait(within: 5)
      var ticket = try yard.ticket(pace: 2500)
      ticket.mode = .takeOver
      var other = ticket
      if !isOneMachine { other.folder = yard.folder.file("other") }
      let lease = "cacheconsole:operation:20261125T000000-000001:lease:1"
      #expect(
        try await Eventually.holds(within: 10) {
          try yard.server.command(["EXISTS", lease]).integer == 0
        })
      let runners = [try TortureYard.start(ticket), try TortureYard.start(other)]
      let exits = runners.map { $0.wait(within: 60) }
      #expect(exits.contains(.code(0)) && exits.contains(.code(1)), "\(exits)")
      let loser = exits[0] == .code(1) ? runners[0] : runners[1]
      #expect(loser.lastStatus?.note.contains("another runner is at work") == true)
      let status = try #require(try yard.mirrored())
      #expect(status.state == .done && status.fence == 2, "\(status.note)")
      #expect(try yard.oldKeys() == 0)
      #expect(try yard.touchedOutside() == 0)
    }

    @Test func `what is alive or over is not taken over, and a ticket starts once`() async throws {
      let ticket = try yard.ticket(pace: 5000)
      let runner = try TortureYard.start(ticket)
      let desk = try yard.desk()
      #expect(try await Eventually.holds(within: 10) { try yard.mirrored()?.state == .running })
      await #expect {
        try await desk.takeOver("20261125T000000-000001") { _ in }
      } throws: {
        "\($0)".contains("alive")
      }
      #expect(runner.wait(within: 30) == .code(0))
      await #expect {
        try await desk.takeOver("20261125T000000-000001") { _ in }
      } throws: {
        "\($0)".contains("is done")
      }
      let again = try TortureYard.start(ticket)
      #expect(again.wait(within: 10) == .code(1))
      #expect(again.lastStatus?.note.contains("was started before") == true)
      #expect(try yard.mirrored()?.state == .done)
    }

    @Test func `a lease that the server has lost is put back`() async throws {
      let runner = try TortureYard.start(try yard.ticket())
      let isUnderWay = try await Eventually.holds(within: 30) { yard.journalLines() >= 16 }
      try #require(isUnderWay)
      // As eviction does it, which asks nobody.
      try yard.server.command([
        "EVAL",
        "for _, key in ipairs(redis.call('KEYS', 'cacheconsole:operation:*')) do redis.call('DEL', key) end",
        "0",
      ])
      #expect(runner.wait(within: 30) == .code(0), "\(runner.lastStatus?.note ?? "")")
      #expect(try yard.mirrored()?.state == .done)
      #expect(try yard.oldKeys() == 0)
    }
  }
}
