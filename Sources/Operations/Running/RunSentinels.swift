internal import ConsoleModel
internal import EventLoop
internal import Redis
private import Synchronization

/// A run's ways to servers that Sentinels watch: one for each, for all parts of the run.
final class RunSentinels: Sendable {
  private let routes = Mutex<[NodeID: SentinelRoute]>([:])

  /// The way to a server, made with the first call; nil: it is always where it is.
  func route(_ server: RunTicket.Server, loop: EventLoop) -> SentinelRoute? {
    guard let group = server.sentinels else { return nil }
    return routes.withLock { routes in
      if let route = routes[server.node] { return route }
      let route = SentinelRoute(group, loop: loop)
      routes[server.node] = route
      return route
    }
  }

  /// Closes connections to primaries that were replaced, until the task is cancelled.
  func watch() async {
    let routes = routes.withLock { Array($0.values) }
    await withTaskGroup { group in
      for route in routes { group.addTask { await route.watch() } }
    }
  }
}

extension RunTicket {
  /// Who says where a server is after a failover; nil: it is always there, or what is to be done is
  /// about one process.
  func sentinels(_ server: Server, loop: EventLoop) -> SentinelRoute? {
    switch plan.request.action {
    case .slowlogReset, .clientKill: nil
    case .invalidate, .shorten, .adjust, .warm, .restore: following.route(server, loop: loop)
    }
  }
}
