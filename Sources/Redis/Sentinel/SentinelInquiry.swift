package import EventLoop

/// Finds the primary of a Sentinel group: asks every Sentinel, and the server that one names what it is
/// (https://redis.io/docs/latest/develop/reference/sentinel-clients/).
///
/// All Sentinels are asked at once instead of one after the other, so that none that hangs costs time;
/// the first answer that its server confirms counts. A Sentinel that was cut off may name a server that
/// is no primary any more.
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

  /// What one Sentinel led to.
  fileprivate enum Answer: Sendable {
    case primary(SentinelPrimary)
    case noSuchMaster(String, known: [String])
    /// It named a server that is not the primary, or that cannot be asked.
    case unconfirmed(String)
    case silent(String)
  }

  package func primary() async throws(SentinelFailure) -> SentinelPrimary {
    var failure = SentinelFailure(description: "")
    for round in 0..<Self.rounds {
      let answers = await ask()
      var others: [Answer] = []
      for answer in answers {
        if case .primary(let primary) = answer { return primary }
        others.append(answer)
      }
      failure = explain(others)
      let mayChange = others.contains { if case .unconfirmed = $0 { true } else { false } }
      guard mayChange, round + 1 < Self.rounds else { break }
      do { try await loop.sleep(for: Self.pause) } catch { break }
    }
    throw failure
  }

  /// Asks a server that was named whether it is the primary; nil: not, or not to be asked for some seconds.
  package func confirm(_ announced: NodeAddress) async -> SentinelPrimary? {
    let server = group.reaching(announced)
    for round in 0..<Self.rounds {
      if (try? await role(server)) == "master" {
        return SentinelPrimary(
          announced: announced, endpoint: server.endpoint, access: server.access)
      }
      guard round + 1 < Self.rounds else { break }
      do { try await loop.sleep(for: Self.pause) } catch { break }
    }
    return nil
  }

  /// Up to the first confirmed primary.
  private func ask() async -> [Answer] {
    await withTaskGroup(of: Answer.self) { tasks in
      for sentinel in group.sentinels { tasks.addTask { await ask(sentinel) } }
      var answers: [Answer] = []
      for await answer in tasks {
        answers.append(answer)
        if case .primary = answer {
          tasks.cancelAll()
          break
        }
      }
      return answers
    }
  }

  private func ask(_ sentinel: SentinelGroup.Sentinel) async -> Answer {
    let client = SentinelClient(sentinel, loop: loop, resolver: resolver, timeout: timeout)
    defer { client.close() }
    let announced: NodeAddress
    do throws(RedisError) {
      guard let told = try await client.address(of: group.master) else {
        return .noSuchMaster("\(sentinel.endpoint)", known: try await client.masters())
      }
      announced = told
    } catch {
      return .silent(Self.text(error, at: sentinel.endpoint))
    }
    let server = group.reaching(announced)
    do throws(RedisError) {
      let role = try await role(server)
      guard role == "master" else {
        return .unconfirmed(
          "\(sentinel.endpoint) names \(server.endpoint), which says that it is a \(role)")
      }
      return .primary(
        SentinelPrimary(announced: announced, endpoint: server.endpoint, access: server.access))
    } catch {
      return .unconfirmed("\(sentinel.endpoint) names \(Self.text(error, at: server.endpoint))")
    }
  }

  private func role(_ server: SentinelGroup.Sentinel) async throws(RedisError) -> String {
    var options = RedisClient.Options()
    options.connectTimeout = timeout
    options.commandTimeout = timeout
    options.gate = .only(["role"])
    let client = RedisClient(
      endpoint: server.endpoint, access: server.access, options: options, loop: loop,
      resolver: resolver)
    defer { client.close() }
    let reply = try await client.send(RedisCommand("ROLE"), action: "asking for its role")
    let role = reply.array?.first?.text ?? "server of no known role"
    return role == "slave" ? "replica" : PlainText.safe(role, limit: 40)
  }

  // MARK: For people

  static func text(_ error: RedisError, at endpoint: RedisEndpoint) -> String {
    // Reads that no gate lists count as changes; nothing of these ever changes anything.
    let message = error.kind == .indeterminate ? "no answer in time" : error.message
    let step = error.kind == .indeterminate ? "" : error.nextStep
    return "\(endpoint): \(message)" + (step.isEmpty ? "" : " (\(step))")
  }

  private func explain(_ answers: [Answer]) -> SentinelFailure {
    let master = PlainText.safe(group.master, limit: 80)
    var lines: [String] = []
    var unknown: [String] = []
    var known: Set<String> = []
    for answer in answers {
      switch answer {
      case .primary: break
      case .noSuchMaster(let sentinel, let names):
        unknown.append(sentinel)
        known.formUnion(names)
      case .unconfirmed(let text), .silent(let text): lines.append(text)
      }
    }
    lines.sort()
    if !unknown.isEmpty, unknown.count + lines.count == answers.count {
      let names = known.sorted().prefix(20).joined(separator: ", ")
      let list = known.isEmpty ? "they watch none" : "there are: \(names)"
      let rest = lines.isEmpty ? "" : "; " + lines.joined(separator: "; ")
      if lines.isEmpty || !answers.contains(where: \.isUnconfirmed) {
        return SentinelFailure(
          description: "no Sentinel knows a master '\(master)' (\(list))"
            + "; asked: \(unknown.sorted().joined(separator: ", "))\(rest)")
      }
    }
    let head =
      answers.contains(where: \.isUnconfirmed)
      ? "no primary of '\(master)' was found" : "no Sentinel of '\(master)' answers"
    return SentinelFailure(description: "\(head): \(lines.joined(separator: "; "))")
  }
}

extension SentinelInquiry.Answer {
  fileprivate var isUnconfirmed: Bool { if case .unconfirmed = self { true } else { false } }
}
