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

  var isNone: Bool { fence == 0 }

  var key: String { Self.key(name, fence: fence) }

  /// There until another takes over.
  var holderKey: String { "\(name):holder:\(fence)" }

  /// The key that is there as long as that holder is alive.
  package static func key(_ name: String, fence: UInt64) -> String { "\(name):lease:\(fence)" }

  static func counter(_ name: String) -> String { "\(name):fence" }

  /// Seconds that the counter and the holder's key live from the taking on; renewals leave them as they are.
  static let counterLife = "604800"

  /// What makes this the current holder's.
  fileprivate var taking: [RedisCommand] {
    [
      RedisCommand("SET", Self.counter(name), String(fence), "EX", Self.counterLife),
      RedisCommand("SET", holderKey, holder, "EX", Self.counterLife),
      RedisCommand("SET", key, holder, "PX", String(lifeMilliseconds)),
    ]
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
  /// Whoever holds it: for one who already has the right, from the lease of the whole operation.
  case always(above: UInt64)
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
            [RedisCommand("EXISTS", Lease.key(name, fence: current))], onGeneration: generation,
            action: action)
          if alive.first?.unsigned != 0 { return nil }
        }
        floor = above
      case .always(let above): floor = above
      }
      let next = Lease(
        name: name, fence: max(current, floor) &+ 1, holder: holder,
        lifeMilliseconds: lifeMilliseconds)
      var commands = next.taking
      if current > 0 {
        // The one before watches this; it is gone for good with the same step.
        let last = Lease(name: name, fence: current, holder: "")
        commands.append(RedisCommand("DEL", last.holderKey, last.key))
      }
      if try await run(commands, generation, action) { return next }
    }
    return nil
  }

  /// Puts a lease back that the server has lost (FLUSHALL, evicted), unless another has taken over.
  ///
  /// - Returns: false if another has.
  package func reclaimLease(_ lease: Lease) async throws(RedisError) -> Bool {
    let action = "renewing the operation's lease"
    for _ in 0..<3 {
      let (current, generation) = try await watchCounter(lease.name, action)
      guard current == lease.fence || current == 0 else { return false }
      if try await run(lease.taking, generation, action) { return true }
    }
    return false
  }

  private func watchCounter(
    _ name: String, _ action: String
  ) async throws(RedisError) -> (current: UInt64, generation: UInt64) {
    let first = try await client.pipeline(
      [RedisCommand("WATCH", Lease.counter(name)), RedisCommand("GET", Lease.counter(name))],
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
    _ = try await send(lease.renewal, action: "prolonging the operation's lease")
  }

  /// Gives it back, so that nobody has to wait for its end.
  package func releaseLease(_ lease: Lease) async throws(RedisError) {
    _ = try await send(
      RedisCommand("DEL", lease.key, lease.holderKey), action: "giving the lease back")
  }

  func refused(_ text: String, _ action: String) -> RedisError {
    .server(text, endpoint: endpoint.description, action: action)
  }

  /// A server's error reply as people read it.
  package func refusal(_ text: String, action: String) -> RedisError { refused(text, action) }
}
