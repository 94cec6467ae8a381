package import EventLoop
private import Synchronization

/// The way to whoever is the primary of a Sentinel group now: asked anew at each connect, so that a
/// connection that broke in a failover is made to the successor.
///
/// While it watches, connections to a primary that has been replaced are closed. Sentinels let an old
/// primary that still runs go on for about ten seconds before they make a replica of it, and what is
/// written to it in that time is lost
/// (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#consistency-under-partitions).
package final class SentinelRoute: ConnectRoute {
  private struct State {
    /// Where the connections lead.
    var known: SentinelClient.Told?
    var connections: [@Sendable (RedisError) -> Void] = []
  }

  private let inquiry: SentinelInquiry
  private let loop: EventLoop
  private let state = Mutex(State())

  /// Between two looks while it watches.
  private static let interval = Duration.milliseconds(500)

  package init(_ group: SentinelGroup, loop: EventLoop, resolver: Resolver? = nil) {
    self.loop = loop
    inquiry = SentinelInquiry(group, loop: loop, resolver: resolver ?? Resolver(loop: loop))
  }

  /// Takes as long as the Sentinels do: whoever waits for the connection has a deadline of his own.
  package func destination(
    within timeout: Duration
  ) async throws(RedisError) -> (endpoint: RedisEndpoint, access: RedisAccess?) {
    do throws(SentinelFailure) {
      let primary = try await inquiry.primary()
      take(primary.told)
      return (primary.endpoint, primary.access)
    } catch {
      throw RedisError(
        kind: .unreachable, endpoint: PlainText.safe(inquiry.group.master, limit: 80),
        action: "connecting", message: error.description,
        nextStep: "wait for a failover, or look at its Sentinels")
    }
  }

  /// - Parameter close: closes a connection that was made by this way; the next command makes another.
  func add(_ close: @escaping @Sendable (RedisError) -> Void) {
    state.withLock { $0.connections.append(close) }
  }

  /// Asks the Sentinels again and again, until the task is cancelled.
  package func watch() async {
    let clients = inquiry.clients()
    defer { for client in clients { client.close() } }
    while !Task.isCancelled {
      let round = await SentinelRound.ask(clients, for: inquiry.group.master, on: loop)
      if let told = round.best { take(told) }
      do { try await loop.sleep(for: Self.interval) } catch { return }
    }
  }

  /// Connections that lead elsewhere are of a primary that is none any more.
  private func take(_ told: SentinelClient.Told) {
    let stale = state.withLock { state -> [@Sendable (RedisError) -> Void] in
      guard let known = state.known else {
        state.known = told
        return []
      }
      // One that was cut off tells of an older failover.
      guard told.epoch >= known.epoch else { return [] }
      state.known = told
      return told.address == known.address ? [] : state.connections
    }
    guard !stale.isEmpty else { return }
    let error = RedisError(
      kind: .unreachable, endpoint: PlainText.safe(inquiry.group.master, limit: 80),
      action: "connecting", message: "\(told.address) is the primary now")
    for close in stale { close(error) }
  }
}
