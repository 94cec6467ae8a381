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
    /// Each nil once nobody uses it any more.
    var clients: [@Sendable () -> RedisClient?] = []
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
      guard take(primary.told) else {
        throw SentinelFailure(
          kind: .unconfirmed,
          description: "\(primary.told.address) was the primary before the last failover")
      }
      return (primary.endpoint, primary.access)
    } catch {
      throw RedisError(
        kind: .unreachable, endpoint: PlainText.safe(inquiry.group.master, limit: 80),
        action: "connecting", message: error.description,
        nextStep: "wait for a failover, or look at its Sentinels")
    }
  }

  /// Closes this client's connection, too, when another is the primary.
  func add(_ client: RedisClient) {
    state.withLock { state in
      state.clients.removeAll { $0() == nil }
      state.clients.append { [weak client] in client }
    }
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
  ///
  /// - Returns: false if a Sentinel that was cut off tells of an older failover.
  @discardableResult private func take(_ told: SentinelClient.Told) -> Bool {
    let stale = state.withLock { state -> [RedisClient]? in
      guard let known = state.known else {
        state.known = told
        return []
      }
      guard told.epoch >= known.epoch else { return nil }
      state.known = told
      return told.address == known.address ? [] : state.clients.compactMap { $0() }
    }
    guard let stale else { return false }
    guard !stale.isEmpty else { return true }
    let error = RedisError(
      kind: .unreachable, endpoint: PlainText.safe(inquiry.group.master, limit: 80),
      action: "connecting", message: "\(told.address) is the primary now")
    for client in stale { client.reconnect(error) }
    return true
  }
}
