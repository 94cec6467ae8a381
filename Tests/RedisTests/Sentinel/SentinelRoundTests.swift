import Redis
import Testing

/// What the answers of several Sentinels come to.
@Suite struct SentinelRoundTests {
  private static func names(_ text: String, _ epoch: UInt64) -> SentinelRound.Answer {
    // Written here, so that it parses.
    .names(
      SentinelClient.Told(
        address: NodeAddress(parsing: text) ?? NodeAddress(host: "?", port: 1), epoch: epoch))
  }

  private static func round(_ answers: [SentinelRound.Answer]) -> SentinelRound {
    SentinelRound(
      master: "shop",
      entries: answers.enumerated().map { .init(sentinel: "s\($0 + 1):26379", answer: $1) })
  }

  @Test(
    arguments: [
      ([names("a:1", 3), names("a:1", 3), names("a:1", 3)], "a:1"),
      // Those that were cut off are many and wrong.
      ([names("a:1", 3), names("a:1", 3), names("b:1", 4)], "b:1"),
      ([names("b:1", 4), names("a:1", 3), .silent("away")], "b:1"),
      // Old Sentinels do not tell their epoch: then most decide.
      ([names("a:1", 0), names("b:1", 0), names("b:1", 0)], "b:1"),
      ([.silent("away"), .noSuchMaster(known: []), names("a:1", 0)], "a:1"),
    ])
  func `the latest failover counts`(answers: [SentinelRound.Answer], expected: String) {
    for answers in [answers, answers.reversed()] {
      #expect(Self.round(answers).best?.address.description == expected)
    }
  }

  @Test func `without an answer each Sentinel is named with what it said`() {
    let silent = Self.round([.silent("connection refused"), .silent("no connection in time")])
    #expect(silent.best == nil && silent.failure.kind == .silent)
    #expect(
      silent.failure.description
        == "no Sentinel of 'shop' answers: s1:26379: connection refused; s2:26379: no connection in"
        + " time")
    let unknown = Self.round([
      .noSuchMaster(known: ["carts", "prices"]), .noSuchMaster(known: ["carts"]), .silent("away"),
    ])
    #expect(unknown.failure.kind == .noSuchMaster)
    #expect(
      unknown.failure.description
        == "no Sentinel knows a master 'shop' (there are: carts, prices); asked: s1:26379, s2:26379;"
        + " s3:26379: away")
  }
}
