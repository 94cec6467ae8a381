/// The right to go on with one operation on one server.
///
/// Three keys: `<name>:fence` counts the holders; `<name>:holder:<fence>` is there until the next one
/// takes over, and every change of its holder is a transaction that watches it; `<name>:lease:<fence>`
/// expires, and is there as long as its holder is alive. A key that carries its holder's number says by
/// being there that the number is the current one; MEMORY USAGE looks without counting a hit or a miss.
/// What is renewed is not what is watched, so that a renewal from anywhere breaks no transaction.
package struct Lease: Sendable, Hashable {
  /// `cacheconsole:operation:<id>`
  package var name: String
  /// Which holder this is; counts up from 1.
  package var fence: UInt64
  /// For people: `host:pid`.
  package var holder: String
  /// Milliseconds without a renewal after which another may take over.
  package var lifeMilliseconds: UInt64

  /// On a cluster what puts its keys into one slot of the server.
  package var tag: String?

  package static let lifeMilliseconds: UInt64 = 10_000

  package init(
    name: String, fence: UInt64, holder: String,
    lifeMilliseconds: UInt64 = Self.lifeMilliseconds
  ) {
    self.name = name
    self.fence = fence
    self.holder = holder
    self.lifeMilliseconds = lifeMilliseconds
  }

  /// None: the server had no memory for one. Changes under it are not fenced.
  package static func none(_ name: String) -> Lease { Lease(name: name, fence: 0, holder: "") }

  package var isNone: Bool { fence == 0 }

  /// The same lease on that server.
  package func on(_ mutator: Mutator) -> Lease {
    var lease = self
    lease.tag = mutator.route?.tag
    return lease
  }

  private var place: String { ClusterRoute.own(name, tag: tag) }

  var key: String { Self.key(place, fence: fence) }

  /// There until another takes over.
  var holderKey: String { "\(place):holder:\(fence)" }

  /// The key that is there as long as that holder is alive.
  package static func key(_ name: String, fence: UInt64) -> String { "\(name):lease:\(fence)" }

  static func counter(_ name: String) -> String { "\(name):fence" }

  /// Seconds that the counter and the holder's key live from the taking on; renewals leave them as they are.
  static let counterLife = "604800"

  /// What makes this the current holder's.
  fileprivate var taking: [RedisCommand] {
    [
      RedisCommand("SET", Self.counter(place), String(fence), "EX", Self.counterLife),
      RedisCommand("SET", holderKey, holder, "EX", Self.counterLife),
      RedisCommand("SET", key, holder, "PX", String(lifeMilliseconds)),
    ]
  }

  /// The holder before watches its key: it is gone for good with the same step.
  fileprivate func ending(_ fence: UInt64) -> [RedisCommand] {
    guard fence > 0 else { return [] }
    var last = Lease(name: name, fence: fence, holder: "")
    last.tag = tag
    return [RedisCommand("DEL", last.holderKey, last.key)]
  }

  var renewal: RedisCommand { RedisCommand("PEXPIRE", key, String(lifeMilliseconds)) }
}

/// Why a fenced change did not happen.
package enum FenceError: Error, Sendable, Hashable {
  case server(RedisError)
  /// Another holds the lease: nothing was changed by this batch.
  case superseded
}

/// When a lease may be taken.
package enum LeaseCondition: Sendable, Hashable {
  /// There never was a holder.
  case first
  /// The last holder is not alive; its number is at least this.
  case free(above: UInt64)
}

extension Mutator {
  /// Takes the lease, if it may be taken.
  ///
  /// - Returns: nil if not.
  package func takeLease(
    _ name: String, holder: String, if condition: LeaseCondition = .free(above: 0),
    lifeMilliseconds: UInt64 = Lease.lifeMilliseconds
  ) async throws(RedisError) -> Lease? {
    let action = "taking the operation's lease"
    for _ in 0..<3 {
      let (current, generation) = try await watchCounter(name, action)
      let floor: UInt64
      switch condition {
      case .first:
        guard current == 0 else { return nil }
        floor = 0
      case .free(let above):
        if current > 0 {
          let alive = try await client.pipeline(
            [RedisCommand("EXISTS", Lease.key(own(name), fence: current))],
            onGeneration: generation,
            action: action)
          if alive.first?.unsigned != 0 { return nil }
        }
        floor = above
      }
      let next = Lease(
        name: name, fence: max(current, floor) &+ 1, holder: holder,
        lifeMilliseconds: lifeMilliseconds
      ).on(self)
      let commands = next.taking + next.ending(current)
      if try await run(commands, generation, action) { return next }
    }
    return nil
  }

  /// Puts a lease that is held already where it is missing: on another server of the operation, or where
  /// the server has lost it (FLUSHALL, evicted). Its number stays what it is on all servers, so that a
  /// holder that woke up late finds a higher one on each of them.
  ///
  /// - Returns: false if a later holder has been here.
  package func placeLease(_ lease: Lease) async throws(RedisError) -> Bool {
    let action = "taking the operation's lease on this server"
    let lease = lease.on(self)
    for _ in 0..<3 {
      let (current, generation) = try await watchCounter(lease.name, action)
      guard current <= lease.fence else { return false }
      let commands = lease.taking + (current < lease.fence ? lease.ending(current) : [])
      if try await run(commands, generation, action) { return true }
    }
    return false
  }

  /// Is it still this holder's? Looks without counting a hit or a miss.
  package func holds(_ lease: Lease) async throws(RedisError) -> Bool {
    let reply = try await send(
      RedisCommand("MEMORY", "USAGE", lease.on(self).holderKey),
      action: "looking at the operation's lease")
    return reply.unsigned != nil
  }

  private func watchCounter(
    _ name: String, _ action: String
  ) async throws(RedisError) -> (current: UInt64, generation: UInt64) {
    let first = try await client.pipeline(
      [
        RedisCommand("WATCH", Lease.counter(own(name))),
        RedisCommand("GET", Lease.counter(own(name))),
      ],
      action: action)
    let generation = client.generation
    for reply in first {
      if case .error(let text) = reply { throw refused(text, action) }
    }
    guard first.count == 2 else { throw unexpected(action) }
    return (first[1].unsigned ?? 0, generation)
  }

  /// - Returns: false if what is watched has changed.
  private func run(
    _ commands: [RedisCommand], _ generation: UInt64, _ action: String
  ) async throws(RedisError) -> Bool {
    let replies = try await client.pipeline(
      [RedisCommand("MULTI")] + commands + [RedisCommand("EXEC")], onGeneration: generation,
      action: action)
    for reply in replies {
      if case .error(let text) = reply { throw refused(text, action) }
    }
    return replies.last?.array != nil
  }

  /// Prolongs it from another connection than the one that watches it: for times without batches.
  package func prolong(_ lease: Lease) async throws(RedisError) {
    _ = try await send(lease.on(self).renewal, action: "prolonging the operation's lease")
  }

  /// Gives it back, so that nobody has to wait for its end.
  package func releaseLease(_ lease: Lease) async throws(RedisError) {
    let lease = lease.on(self)
    _ = try await send(
      RedisCommand("DEL", lease.key, lease.holderKey), action: "giving the lease back")
  }

  func refused(_ text: String, _ action: String) -> RedisError {
    .server(text, endpoint: endpoint.description, action: action)
  }

  /// A server's error reply as people read it.
  package func refusal(_ text: String, action: String) -> RedisError { refused(text, action) }
}
