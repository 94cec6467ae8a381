import ConsoleModel
import Glibc
import Operations
import TestKit
import Testing

extension TortureTests {
  /// `kill -9` of a runner, at any moment of its work, and another that goes on from there.
  ///
  /// Two of the ten seeded moments by default; all with `CACHECONSOLE_FULL=1` (`script/test --full`).
  @Suite(.blocking) struct TortureKillTests {
    /// What must be so after every takeover.
    private func expectDone(
      _ yard: TortureYard, _ status: OperationStatus, _ deleted: [String: Int],
      _ note: Comment
    ) throws {
      #expect(status.state == .done, "\(status.note); \(note)")
      #expect(status.verdict?.isFresh == true, note)
      #expect(try yard.oldKeys() == 0, note)
      #expect(try yard.touchedOutside() == 0, note)
      #expect(deleted["keep"] == nil && deleted["live"] == nil, note)
      // It tells the truth: what was really deleted lies between what it says.
      let real = UInt64(deleted["search"] ?? 0)
      #expect(real >= UInt64(yard.inside), note)
      #expect(status.changed <= real, note)
      #expect(real <= status.changed + status.indeterminate, note)
      let audit = yard.audit()
      #expect(audit.verification.isIntact, "\(audit.verification.text); \(note)")
      #expect(audit.events == ["started", "taken over", "done"], note)
      let summary = OperationRunner.summary(status.shards[0])
      #expect(audit.results.last?.contains(summary) == true, note)
      #expect(try yard.mirrored()?.state == .done, note)
    }

    /// The journal's length is the clock: two lines for each batch, so that both the moment between a
    /// batch's announcement and its answer and the one after it are hit.
    @Test(arguments: TortureYard.seeds)
    func `a runner that is killed anywhere is gone on from there`(seed: UInt64) async throws {
      var random = SplitMix64(seed: seed)
      let yard = try TortureYard()
      let moment = Int.random(in: 1...50, using: &random)
      let count = try DeletionCount(yard.server)
      let writer = TortureWriter(yard.server, old: yard.inside)
      let runner = try TortureYard.start(try yard.ticket())
      let isReached = try await Eventually.holds(within: 30) {
        yard.journalLines() >= moment || runner.exit != nil
      }
      try #require(isReached && runner.exit == nil, "\(runner.errorText)")
      runner.send(SIGKILL)
      try #require(runner.wait(within: 5) == .signal(SIGKILL))
      let status = try await yard.takeOver()
      writer.stop()
      #expect(writer.written > 200)
      try expectDone(yard, status, try count.finish(), "killed at line \(moment)")
    }

    @Test func `a runner that is killed while it verifies is gone on from there`() async throws {
      let yard = try TortureYard()
      let count = try DeletionCount(yard.server)
      let runner = try TortureYard.start(try yard.ticket())
      let isVerifying = try await Eventually.holds(within: 30) {
        runner.lastStatus?.state == .verifying
      }
      try #require(isVerifying)
      runner.send(SIGKILL)
      try #require(runner.wait(within: 5) == .signal(SIGKILL))
      try expectDone(yard, try await yard.takeOver(), try count.finish(), "in verification")
    }

    enum Moment: CaseIterable {
      /// The journal has announced the first batch; the server has not got it.
      case beforeFirstStep
      /// The server has done a batch; its answer has not come back.
      case insideBatch
    }

    @Test(arguments: Moment.allCases, [true, false])
    func `a kill around a batch is told truly, with the journal and without`(
      moment: Moment, hasJournal: Bool
    ) async throws {
      let yard = try TortureYard(inside: 3000)
      let count = try DeletionCount(yard.server)
      let proxy = try TortureProxy(
        to: yard.server.address,
        moment == .beforeFirstStep ? .holdRequest("UNLINK") : .holdReply("UNLINK"),
        after: moment == .beforeFirstStep ? 0 : 5)
      let ticket = try yard.ticket(through: proxy.address)
      let runner = try TortureYard.start(ticket)
      let hasHappened = try await Eventually.holds(within: 20) { proxy.hasHappened }
      try #require(hasHappened, "\(runner.errorText)")
      if moment == .insideBatch {
        // The batch has been done when its effect is there.
        let isDone = try await Eventually.holds {
          try yard.server.command(["DBSIZE"]).integer ?? 0 < 2900 + 1000
        }
        #expect(isDone)
      }
      runner.send(SIGKILL)
      try #require(runner.wait(within: 5) == .signal(SIGKILL))
      let folder = RunFolder(state: ticket.folder, operation: ticket.plan.id)
      // As on another machine: what the server has is all there is.
      if !hasJournal { TemporaryFolder.remove(folder.journal) }
      let status = try await yard.takeOver()
      try expectDone(yard, status, try count.finish(), "\(moment), journal \(hasJournal)")
      if moment == .insideBatch { #expect(status.indeterminate > 0) }
      #expect(status.indeterminate <= 250)
    }
  }
}
