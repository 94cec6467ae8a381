import ConsoleModel
import Glibc
import Operations
import TestKit
import Testing

extension TortureTests {
  /// What one console tells a runner of another.
  @Suite(.blocking) struct TortureControlTests {
    private let yard: TortureYard

    init() throws { yard = try TortureYard() }

    private func begin(_ ticket: RunTicket) async throws -> ChildProcess {
      let runner = try TortureYard.start(ticket)
      let id = ticket.plan.id
      let isUnderWay = try await Eventually.holds(within: 30) {
        try runner.exit != nil || yard.mirrored(id)?.changed ?? 0 > 0
      }
      try #require(isUnderWay && runner.exit == nil, "\(runner.lastStatus?.note ?? "")")
      return runner
    }

    @Test func `another console pauses a run, which keeps its lease, and lets it go on`()
      async throws
    {
      let runner = try await begin(try yard.ticket(pace: 2500))
      let desk = try yard.desk()
      try await desk.control("20261125T000000-000001", .pause)
      #expect(try await Eventually.holds(within: 10) { try yard.mirrored()?.state == .paused })
      let paused = try #require(try yard.mirrored())
      #expect(paused.note.contains("paused by second@there"))
      let begin = Deadline.now
      // Three times the life of its lease.
      #expect(try await Eventually.holds(within: 10) { Deadline.now - begin > 1_500_000_000 })
      let seen = await desk.operations().operations.first
      #expect(seen?.state == .paused)
      #expect(seen?.changed == paused.changed)
      await #expect {
        try await desk.takeOver("20261125T000000-000001") { _ in }
      } throws: {
        "\($0)".contains("alive")
      }
      try await desk.control("20261125T000000-000001", .run)
      #expect(runner.wait(within: 30) == .code(0))
      #expect(try yard.oldKeys() == 0)
    }

    @Test(arguments: [true, false])
    func `an abort ends a run after its batch, and it is over`(isBySignal: Bool) async throws {
      let runner = try await begin(try yard.ticket(pace: 1000))
      let desk = try yard.desk()
      if isBySignal {
        runner.send(SIGTERM)
      } else {
        try await desk.control("20261125T000000-000001", .abort)
      }
      #expect(runner.wait(within: 10) == .code(1))
      let status = try #require(try yard.mirrored())
      #expect(status.state == .aborted)
      #expect(status.note.contains("aborted by"))
      // What it says it did is what is gone.
      #expect(try UInt64(yard.oldKeys()) == UInt64(yard.inside) - status.changed)
      await #expect {
        try await desk.takeOver("20261125T000000-000001") { _ in }
      } throws: {
        "\($0)".contains("is aborted")
      }
      #expect(yard.audit().events == ["started", "aborted"])
    }

    @Test func `an abort is heard while a slow run waits its turn`() async throws {
      var ticket = try yard.ticket()
      // A batch of 250 keys every four minutes.
      ticket.keysPerMinute = 60
      let runner = try await begin(ticket)
      try await yard.desk().control("20261125T000000-000001", .abort)
      #expect(runner.wait(within: 10) == .code(1))
    }

    @Test func `a stop ends every run of every console`() async throws {
      var other = try yard.ticket("20261125T000000-000002", pace: 1000)
      other.folder = yard.folder.file("other")
      let runners = [
        try await begin(try yard.ticket("20261125T000000-000001", pace: 1000)),
        try await begin(other),
      ]
      try await yard.desk().stopAll(token: "now")
      for runner in runners { #expect(runner.wait(within: 10) == .code(1)) }
      #expect(try yard.mirrored("20261125T000000-000001")?.state == .aborted)
      #expect(try yard.mirrored("20261125T000000-000002")?.state == .aborted)
      #expect(
        try yard.mirrored("20261125T000000-000002")?.note.contains("stopped by second@there")
          == true)
      // It was for those: what is started afterwards runs.
      let later = try yard.ticket("20261125T000000-000003", pace: 100_000)
      #expect(try TortureYard.start(later).wait(within: 30) == .code(0))
      #expect(try yard.oldKeys() == 0)
    }

    @Test func `a hangup does not end a runner`() async throws {
      let runner = try await begin(try yard.ticket())
      runner.send(SIGHUP)
      runner.send(SIGPIPE)
      #expect(runner.wait(within: 30) == .code(0))
      #expect(try yard.oldKeys() == 0)
    }
  }
}
