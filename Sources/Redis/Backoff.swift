/// How long to wait after failures in a row: doubling, capped, and drawn at random from the upper
/// half, so that many consoles do not come back at the same moment.
package struct Backoff: Sendable, Hashable {
  package var first: Duration = .milliseconds(100)
  package var limit: Duration = .seconds(5)

  package init() {}

  package func delay(afterFailures failures: Int) -> Duration {
    var generator = SystemRandomNumberGenerator()
    return delay(afterFailures: failures, using: &generator)
  }

  package func delay(
    afterFailures failures: Int, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    guard failures > 0 else { return .zero }
    // 2^20 times the first delay is beyond any limit.
    let whole = min(limit, first * (1 << min(failures - 1, 20)))
    return whole * Double.random(in: 0.5...1, using: &generator)
  }
}
