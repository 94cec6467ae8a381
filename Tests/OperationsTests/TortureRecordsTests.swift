import ConsoleModel
import Glibc
import Operations
import Redis
import TestKit
import Testing

extension TortureTests {
  /// Disks that are full, folders that cannot be written, records that were tampered with: what is left
  /// carries the run, and nothing runs unrecorded.
  @Suite(.blocking) struct TortureRecordsTests {
    private let yard: TortureYard

    init() throws { yard = try TortureYard(inside: 4000) }

    /// Syslog would take the records that these tests take from all other sinks.
    private static let hasNoSyslog = unsafe access("/dev/log", F_OK) != 0

    /// A state folder that cannot be made: a file stands where it should be.
    private func blocked(_ ticket: RunTicket) throws -> RunTicket {
      var ticket = ticket
      ticket.folder = "\(try yard.folder.write("blocked", ""))/state"
      return ticket
    }

    /// A user who may do everything but the audit stream.
    private func withoutStream(_ ticket: RunTicket) throws -> RunTicket {
      try yard.server.command([
        "ACL", "SETUSER", "ops", "on", "nopass", "~*", "&*", "+@all", "-xadd",
      ])
      var ticket = ticket
      ticket.servers[0].endpoint.user = "ops"
      ticket.servers[0].access = RedisAccess(password: Secret("x"))
      return ticket
    }

    /// No file of the runner's may have more bytes.
    private func start(_ ticket: RunTicket, fileBytes: Int) throws -> ChildProcess {
      var options = ChildProcess.Options()
      options.hasInput = true
      options.hasOwnSession = true
      let script =
        "ulimit -f \(fileBytes / 512); exec \"\(try BuiltProgram.console())\" \(RunLauncher.command)"
      let runner = try ChildProcess("dash", ["-c", script], options)
      try runner.write(ticket.json)
      runner.closeInput()
      return runner
    }

    private func expectDone(_ runner: ChildProcess) throws -> OperationStatus {
      #expect(runner.wait(within: 60) == .code(0), "\(runner.lastStatus?.note ?? runner.errorText)")
      #expect(try yard.oldKeys() == 0)
      #expect(try yard.touchedOutside() == 0)
      let status = try #require(try yard.mirrored())
      #expect(status.state == .done)
      #expect(status.changed == 4000)
      return status
    }

    @Test func `a journal that cannot grow ends, and the mirror carries the run`() async throws {
      let status = try expectDone(try start(try yard.ticket(), fileBytes: 8192))
      #expect(status.note.contains("the journal ended"), "\(status.note)")
      let audit = yard.audit()
      #expect(audit.verification.isIntact)
      #expect(audit.events == ["started", "done"])
    }

    @Test func `after a full disk and a kill the run is gone on with from the mirror`() async throws
    {
      let count = try DeletionCount(yard.server)
      let runner = try start(try yard.ticket(pace: 2000), fileBytes: 8192)
      let isUnderWay = try await Eventually.holds(within: 30) {
        try runner.exit != nil || yard.mirrored()?.changed ?? 0 > 1500
      }
      try #require(isUnderWay && runner.exit == nil)
      runner.send(SIGKILL)
      _ = runner.wait(within: 5)
      let status = try await yard.takeOver()
      #expect(status.state == .done)
      #expect(try yard.oldKeys() == 0)
      let real = UInt64(try count.finish()["search"] ?? 0)
      #expect(real == 4000)
      #expect(status.changed <= real && real <= status.changed + status.indeterminate)
      #expect(status.indeterminate <= 250)
    }

    @Test func `a disk without any room leaves the stream and the mirror`() throws {
      // A byte would do for nothing.
      let status = try expectDone(try start(try yard.ticket(), fileBytes: 0))
      #expect(status.note.contains("no local journal"), "\(status.note)")
      #expect(try yard.server.command(["XLEN", OperationRecords.auditStream]).integer == 2)
    }

    @Test func `copies that cannot be kept refuse the run, with what to do`() throws {
      let ticket = try yard.ticket("20261125T165512-000001", keepsCopy: true)
      let runner = try start(ticket, fileBytes: 8192)
      #expect(runner.wait(within: 30) == .code(1))
      let note = runner.lastStatus?.note ?? ""
      #expect(note.contains("copies"), "\(note)")
      // What has no copy was not deleted.
      let left = try yard.oldKeys()
      #expect(left + Int(runner.lastStatus?.changed ?? 0) == 4000 && left > 3000)
    }

    @Test func `a state folder that cannot be made leaves the stream and the mirror`() throws {
      let runner = try TortureYard.start(try blocked(try yard.ticket()))
      let status = try expectDone(runner)
      #expect(status.note.contains("no local journal"), "\(status.note)")
      #expect(try yard.server.command(["XLEN", OperationRecords.auditStream]).integer == 2)
    }

    @Test(.enabled(if: hasNoSyslog)) func `without any sink nothing is changed`() throws {
      let runner = try TortureYard.start(try blocked(try withoutStream(try yard.ticket())))
      #expect(runner.wait(within: 60) == .code(1))
      let note = runner.lastStatus?.note ?? ""
      #expect(note.contains("no audit sink can be written"), "\(note)")
      #expect(note.contains("--break-glass"), "\(note)")
      #expect(try yard.oldKeys() == 4000)
    }

    @Test(.enabled(if: hasNoSyslog), arguments: [Role.operatorRole, .admin])
    func `an administrator breaks the glass, loudly, and it is recorded as soon as can be`(
      role: Role
    ) async throws {
      var ticket = try blocked(try withoutStream(try yard.ticket()))
      ticket.isBreakGlass = true
      ticket.actor.role = role
      let runner = try TortureYard.start(ticket)
      guard role == .admin else {
        #expect(runner.wait(within: 60) == .code(1))
        #expect(try yard.oldKeys() == 4000)
        return
      }
      #expect(try await Eventually.holds(within: 60) { try yard.mirrored()?.state == .done })
      let status = try #require(try yard.mirrored())
      #expect(status.note.contains("BREAK-GLASS by tester"), "\(status.note)")
      #expect(try yard.oldKeys() == 0)
      // It stays until its records are written, for which there is a place now.
      #expect(runner.exit == nil)
      TemporaryFolder.remove(yard.folder.file("blocked"))
      #expect(runner.wait(within: 30) == .code(0))
      let trail = AuditTrail(folder: ticket.folder)
      #expect(trail.verify().isIntact, "\(trail.verify().text)")
      #expect(trail.recent(limit: 10).entries.reversed().map(\.event) == ["break-glass", "done"])
    }

    @Test func `a trail that was tampered with is added to, and stays broken`() throws {
      #expect(try TortureYard.start(try yard.ticket()).wait(within: 30) == .code(0))
      #expect(yard.audit().verification.isIntact)
      let path = yard.folder.file("state/audit.jsonl")
      let text = try #require(ChildProcess.readText(path))
      try yard.folder.write("state/audit.jsonl", text.replacing("\"started\"", with: "\"stopped\""))
      try yard.fill()
      #expect(
        try TortureYard.start(try yard.ticket("20261125T000000-000002")).wait(within: 30)
          == .code(0))
      #expect(try yard.oldKeys() == 0)
      let verification = yard.audit().verification
      #expect(verification.broken?.line == 1)
      #expect(verification.broken?.damage == .altered)
    }

    @Test func `consoles that act at once share one chain`() throws {
      let tickets = try (1...4).map { try yard.ticket("run-\($0)", pace: 20_000) }
      let runners = try tickets.map { try TortureYard.start($0) }
      for runner in runners { #expect(runner.wait(within: 60) == .code(0)) }
      let audit = yard.audit()
      #expect(audit.verification.isIntact, "\(audit.verification.text)")
      #expect(
        audit.events.sorted() == ["done", "done", "done", "done"]
          + Array(repeating: "started", count: 4))
      // Each key was one run's.
      let changed = try (1...4).reduce(0) { try $0 + (yard.mirrored("run-\($1)")?.changed ?? 0) }
      #expect(changed == 4000)
      #expect(try yard.oldKeys() == 0)
    }
  }
}
