import EventLoop
import Redis
import Testing

/// The judge itself: each kind of wrong answer is found, and nothing else is called wrong.
struct StressLedgerTests {
  private static func at(_ milliseconds: Int64) -> EventLoop.Instant {
    EventLoop.Instant(nanoseconds: milliseconds * 1_000_000)
  }

  private static func bulk(_ text: String) -> Result<RESPValue, RedisError> {
    .success(.bulk(Array(text.utf8)))
  }

  private static func failure(_ kind: RedisError.Kind) -> Result<RESPValue, RedisError> {
    .failure(RedisError(kind: kind, endpoint: "", action: "", message: "lost"))
  }

  /// `a` and `b`; `a` has the versions 1 (WAIT confirmed it) and 2 (nobody did), answered at 10 and 20 ms.
  private static func ledger() -> StressLedger {
    var ledger = StressLedger(names: ["a", "b"], nonce: "7")
    _ = write(&ledger, 0, at: 1, .success(.null), replicas: 1, answered: 10)
    _ = write(&ledger, 0, at: 11, bulk("a=1#7"), answered: 20)
    return ledger
  }

  private static func write(
    _ ledger: inout StressLedger, _ key: Int, at began: Int64,
    _ old: Result<RESPValue, RedisError>, replicas: Int = 0, answered: Int64
  ) -> Int? {
    guard let (version, floor) = ledger.beginWrite(key, at: at(began)) else { return nil }
    ledger.endWrite(
      key, version: version, floor: floor, began: at(began),
      ClusterClient.ReplicatedAnswer(result: old, replicas: replicas), at: at(answered))
    return version
  }

  private static func read(
    _ ledger: inout StressLedger, _ answer: Result<RESPValue, RedisError>, floor: Int = 2,
    below: Int? = nil, began: Int64 = 30
  ) {
    ledger.endRead(0, floor: floor, below: below, began: at(began), answer, at: at(began + 1))
  }

  @Test(arguments: [
    ("b=2#7", 0, 0, "another key"), ("a=2#8", 0, 0, "another run"), ("a=3#7", 0, 0, "not written"),
    ("", 0, 0, "empty"), ("a=2#7", 1, 0, "right"), ("a=1#7", 1, 1, "one lost"),
  ]) func `a read is right, wrong or tells of a loss`(
    value: String, right: Int, losses: Int, what: String
  ) {
    var ledger = Self.ledger()
    Self.read(&ledger, Self.bulk(value))
    #expect(ledger.wrong.count == 1 - right, "\(what)")
    #expect(ledger.losses.count == losses, "\(what)")
  }

  @Test func `a lost write is counted once, and one that WAIT confirmed is told apart`() {
    var ledger = Self.ledger()
    Self.read(&ledger, Self.bulk("a=1#7"))
    Self.read(&ledger, Self.bulk("a=1#7"))
    #expect(ledger.losses.map(\.version) == [2] && ledger.losses.allSatisfy { !$0.wasKept })
    Self.read(&ledger, .success(.null))
    #expect(ledger.losses.map(\.wasKept) == [true, false])
    #expect(ledger.wrong == [])
  }

  @Test func `a write that overwrites a loss tells of it`() {
    var ledger = Self.ledger()
    let version = Self.write(&ledger, 0, at: 21, Self.bulk("a=1#7"), answered: 30)
    #expect(version == 3)
    #expect(ledger.losses.map(\.version) == [2])
    #expect(ledger.keys[0].floor == 3)
  }

  @Test func `what was lost does not come back, except to a command that began before`() {
    var ledger = Self.ledger()
    Self.read(&ledger, Self.bulk("a=1#7"), began: 40)
    Self.read(&ledger, Self.bulk("a=2#7"), floor: 1, began: 35)
    #expect(ledger.wrong == [])
    Self.read(&ledger, Self.bulk("a=2#7"), floor: 1, began: 50)
    #expect(ledger.wrong.count == 1)
  }

  @Test func `a read before a write of its pipeline does not see it`() {
    var ledger = Self.ledger()
    #expect(ledger.beginWrite(0, at: Self.at(25))?.version == 3)
    Self.read(&ledger, Self.bulk("a=3#7"))
    #expect(ledger.wrong == [])
    Self.read(&ledger, Self.bulk("a=3#7"), below: 3)
    #expect(ledger.wrong.count == 1)
  }

  @Test func `an open write may have happened, a refused one may not`() {
    for (answer, isWrong) in [
      (Self.failure(.indeterminate), false), (Self.failure(.unreachable), true),
      (.success(.error("CLUSTERDOWN x")), true),
    ] {
      var ledger = Self.ledger()
      _ = Self.write(&ledger, 0, at: 21, answer, answered: 25)
      #expect(ledger.failures.count == 1 && ledger.wrong == [])
      Self.read(&ledger, Self.bulk("a=3#7"))
      #expect(ledger.wrong.isEmpty != isWrong)
      #expect(ledger.losses.isEmpty)
    }
  }

  @Test func `after an open write the key is only read until the cluster is at rest`() {
    var ledger = Self.ledger()
    _ = Self.write(&ledger, 0, at: 21, Self.failure(.indeterminate), answered: 25)
    #expect(ledger.beginWrite(0, at: Self.at(30)) == nil)
    ledger.rest()
    #expect(ledger.beginWrite(0, at: Self.at(30))?.version == 4)
    // One at a time.
    #expect(ledger.beginWrite(0, at: Self.at(30)) == nil)
  }

  @Test func `an error that no moving cluster explains is a wrong answer`() {
    var ledger = Self.ledger()
    Self.read(&ledger, .success(.error("WRONGTYPE x")))
    Self.read(&ledger, .success(.error("TRYAGAIN x")))
    #expect(ledger.wrong.count == 1 && ledger.failures.count == 2)
  }

  @Test func `a window begins with the last write that WAIT confirmed before it`() {
    var ledger = Self.ledger()
    _ = Self.write(&ledger, 0, at: 40, Self.bulk("a=2#7"), replicas: 1, answered: 50)
    let slots = SlotRanges(HashSlot.of(Array("a".utf8)))
    #expect(ledger.lastKept(in: slots, before: Self.at(60)) == Self.at(40))
    #expect(ledger.lastKept(in: slots, before: Self.at(50)) == Self.at(1))
    #expect(ledger.lastKept(in: slots.inverted, before: Self.at(60)) == nil)
  }

  @Test func `a slot is down from the last look that found it well to the next one`() throws {
    var looks = (0..<5).map { index in
      ClusterObserver.Look(began: Self.at(Int64(index) * 10), ended: Self.at(Int64(index) * 10 + 1))
    }
    looks[2].down = SlotRanges(5)
    func isDown(_ slot: Int, _ from: Int64, _ to: Int64) -> Bool {
      ClusterObserver.Look.isDown(slot, looks, from: Self.at(from), to: Self.at(to))
    }
    #expect(isDown(5, 12, 15) && isDown(5, 25, 29) && isDown(5, 0, 100))
    #expect(!isDown(5, 0, 9) && !isDown(5, 32, 50) && !isDown(6, 0, 100))
    let outage = try #require(ClusterObserver.Look.outages(looks).first)
    #expect(outage.began == Self.at(10) && outage.ended == Self.at(31))
  }

  @Test func `a view of CLUSTER NODES knows owners, followers and who is gone`() {
    let view = ClusterView(
      """
      a 127.0.0.1:1@2 myself,master - 0 0 3 connected 0-5 7 [8->-b]
      b 127.0.0.1:2@3 master,fail - 0 0 2 connected
      c 127.0.0.1:3@4 slave a 0 0 3 connected
      d 127.0.0.1:4@5 master,fail? - 0 0 1 connected 8-16383
      e :0@0 master,noaddr - 0 0 1 disconnected
      """)
    #expect(view.summary == "a 0-5 7 [c]\nd 8-16383 []\nfailed: b")
    #expect(view.missing([]) == SlotRanges([6...6, 8...16_383]))
    #expect(view.missing(["a"]) == .all)
  }
}
