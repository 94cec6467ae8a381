import EventLoop
import Glibc
import Redis
import TestKit
import Testing

/// The cluster client and the console's topology while 2,000 pipelined reads and writes a second run
/// against a cluster that changes under them.
///
/// One run by default; 20 with `CACHECONSOLE_FULL=1`, as `script/test --full` does.
@Suite(.serialized, .blocking) struct ClusterStressTests {
  private static var isFull: Bool { unsafe getenv("CACHECONSOLE_FULL") != nil }
  private static var seeds: [UInt64] {
    if let text = unsafe getenv("CACHECONSOLE_SEED"),
      let seed = UInt64(unsafe String(cString: text))
    {
      return [seed]
    }
    return isFull ? Array(1...20) : [1]
  }

  /// Seconds after all nodes agree in which the console must show it. Machines that test every commit
  /// are slower and do other things as well.
  private static var topologyLimit: Double { isFull ? 2 : 8 }

  /// Which event comes when, and how, depends on the seed; each begins with the cluster at rest.
  private static func plan(_ seed: UInt64) -> (
    options: StressRun.Options, events: [StressRun.Event]
  ) {
    var options = StressRun.Options(seed: seed)
    options.cutsOff = seed % 2 == 1
    options.needsFullCoverage = seed % 4 >= 2
    // Shorter than a failover, or the client's own. Machines that test every commit stand still for longer.
    options.timeout = seed % 3 == 2 ? .milliseconds(1500) : nil
    // Redis 6.2 keeps a primary's writers waiting for up to ten seconds after a manual failover:
    // github.com/redis/redis/issues/10985
    if !isFull || !Offered.isSevenOrLater { options.timeout = .seconds(20) }
    var groups: [[StressRun.Event]] = [
      [.reshard], [.failover], [.kill, .restart], [.add, .remove],
    ]
    if seed > 1 {
      var random = SplitMix64(seed: seed)
      groups.shuffle(using: &random)
    }
    return (options, groups.flatMap(\.self))
  }

  @Test(arguments: seeds)
  func `no wrong answer, no lost write that WAIT confirmed, errors only while a slot is down`(
    seed: UInt64
  ) async throws {
    let (options, events) = Self.plan(seed)
    var attempt = try await Self.attempt(options, events)
    if attempt.unwell != nil {
      // Redis 7.0 itself may be left with nodes that never agree on a slot again, where a node that has
      // just taken slots goes (github.com/redis/redis/issues/6339, pull 12336): seen once in 80 runs. No
      // client can heal that; what it answered has been judged all the same.
      attempt = try await Self.attempt(options, events)
    }
    #expect(attempt.unwell == nil, "the cluster heals")
    let (run, verdict) = (attempt.run, attempt.verdict)
    #expect(run.reports.allSatisfy { $0.counts.kept > 0 && $0.counts.reads > 0 })
    if Self.isFull { #expect(run.reports.allSatisfy { $0.rate > 1900 }, "2,000 commands a second") }
    let kill = try #require(run.reports.first { $0.event == .kill })
    // So that the count is known to count.
    if options.cutsOff { #expect(kill.counts.losses > 0) }
    for delay in verdict.topologyDelays {
      #expect((delay.seconds ?? .infinity) <= Self.topologyLimit, "\(delay)")
    }
    #expect(verdict.topologyDelays.count >= events.count)
  }

  /// One cluster's life, and what holds however it ended.
  private static func attempt(
    _ options: StressRun.Options, _ events: [StressRun.Event]
  ) async throws -> (run: StressRun, verdict: StressVerdict, unwell: String?) {
    let run = try await StressRun(options)
    var unwell: String?
    do {
      for event in events { try await run.run(event) }
    } catch let error as RedisCluster.Unwell {
      unwell = error.description
      print("seed \(options.seed): \(error)\n\(run.state)")
    } catch {
      print(StressVerdict(run).text + "\n" + run.state)
      await run.end()
      throw error
    }
    await run.end()
    let verdict = StressVerdict(run)
    print(verdict.text)
    #expect(verdict.wrong == [])
    #expect(verdict.errorsWhileUp == [])
    #expect(verdict.lostThoughKept == [])
    #expect(verdict.lostOutsideOfWindow == [])
    return (run, verdict, unwell)
  }
}
