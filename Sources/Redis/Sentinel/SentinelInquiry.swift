package import EventLoop

/// Finds the primary of a Sentinel group: asks every Sentinel, and the server that they name what it is
/// (https://redis.io/docs/latest/develop/reference/sentinel-clients/).
///
/// All Sentinels are asked at once instead of one after the other: none that hangs costs time, and one
/// that lies behind does not decide.
package struct SentinelInquiry: Sendable {
  package let group: SentinelGroup
  private let loop: EventLoop
  private let resolver: Resolver
  /// For each Sentinel and for each server, connecting included.
  private let timeout: Duration

  /// Looks while a failover is under way: a server that is named may not know yet that it is the primary.
  private static let rounds = 8
  private static let pause = Duration.milliseconds(250)

  package init(
    _ group: SentinelGroup, loop: EventLoop, resolver: Resolver,
    timeout: Duration = .milliseconds(1500)
  ) {
    self.group = group
    self.loop = loop
    self.resolver = resolver
    self.timeout = timeout
  }

  func clients() -> [SentinelClient] {
    group.sentinels.map {
      SentinelClient($0, loop: loop, resolver: resolver, timeout: timeout)
    }
  }

  /// Where the other Sentinels of the group announce to be.
  package func others() async -> [NodeAddress] {
    let clients = clients()
    defer { for client in clients { client.close() } }
    return await others(of: clients)
  }

  package func primary() async throws(SentinelFailure) -> SentinelPrimary {
    let clients = clients()
    defer { for client in clients { client.close() } }
    var round = 0
    while true {
      let answers = await SentinelRound.ask(clients, for: group.master, on: loop)
      guard let told = answers.best else { throw answers.failure }
      do throws(SentinelFailure) {
        return try await confirm(told)
      } catch {
        round += 1
        guard round < Self.rounds else { throw error }
        do { try await loop.sleep(for: Self.pause) } catch _ { throw error }
      }
    }
  }

  /// Asks the server that was named whether it is the primary.
  package func confirm(
    _ told: SentinelClient.Told
  ) async throws(SentinelFailure) -> SentinelPrimary {
    let server = group.server(at: told.address)
    let problem: String
    do throws(RedisError) {
      let role = try await role(server)
      guard role != "master" else {
        return SentinelPrimary(
          told: told, endpoint: server.endpoint, access: server.access)
      }
      problem = "says that it is a \(role == "slave" ? "replica" : PlainText.safe(role, limit: 40))"
    } catch {
      problem = SentinelRound.text(error)
    }
    let name = PlainText.safe(group.master, limit: 80)
    let reached = server.endpoint.description
    let announced = told.address.description
    let also = reached.hasSuffix(announced) ? "" : " (which announces \(announced))"
    throw SentinelFailure(
      kind: .unconfirmed,
      description: "no primary of '\(name)': the Sentinels name \(reached)\(also): \(problem)")
  }

  /// Where the other Sentinels of the group announce to be.
  package func others(of clients: [SentinelClient]) async -> [NodeAddress] {
    let master = group.master
    return await withTaskGroup(of: [NodeAddress].self) { tasks in
      for client in clients {
        // One that does not answer now is asked again.
        tasks.addTask { (try? await client.others(of: master)) ?? [] }
      }
      var found: Set<NodeAddress> = []
      for await some in tasks { found.formUnion(some) }
      return found.sorted { $0.description < $1.description }
    }
  }

  /// From INFO and not from ROLE: whoever may use the console at all may ask for INFO.
  private func role(_ server: SentinelGroup.Sentinel) async throws(RedisError) -> String {
    var options = RedisClient.Options()
    options.connectTimeout = timeout
    options.commandTimeout = timeout
    options.gate = .only(["info"])
    let client = RedisClient(
      endpoint: server.endpoint, access: server.access, options: options, loop: loop,
      resolver: resolver)
    defer { client.close() }
    let reply = try await client.send(
      RedisCommand("INFO", "replication"), action: "asking for its role")
    let line = (reply.text ?? "").split(whereSeparator: \.isNewline).first {
      $0.hasPrefix("role:")
    }
    return line.map { String($0.dropFirst(5)) } ?? "server of no known role"
  }
}
