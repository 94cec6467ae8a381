/// The right to go on with one operation on one server.
///
/// Two keys: `<name>:fence` counts the holders, `<name>:lease:<fence>` is there as long as the holder of
/// that number is. A holder's key carries its number, so that a look whether it exists is a look
/// whether the lease is still one's own; MEMORY USAGE looks without counting a hit or a miss.
package struct Lease: Sendable, Hashable {
  /// `cacheconsole:operation:<id>`
  package var name: String
  /// Which holder this is; counts up from 1.
  package var fence: UInt64
  /// Milliseconds without a renewal after which another may take over.
  package var lifeMilliseconds: UInt64

  package init(name: String, fence: UInt64, lifeMilliseconds: UInt64 = 10_000) {
    self.name = name
    self.fence = fence
    self.lifeMilliseconds = lifeMilliseconds
  }

  var key: String { Self.key(name, fence: fence) }

  /// The key that is there as long as that holder is.
  package static func key(_ name: String, fence: UInt64) -> String { "\(name):lease:\(fence)" }

  static func counter(_ name: String) -> String { "\(name):fence" }

  /// Seconds that the counter outlives its last holder.
  static let counterLife = "604800"
}

/// Why a fenced change did not happen.
package enum FenceError: Error, Sendable, Hashable {
  case server(RedisError)
  /// The lease has run out or another holds it: nothing was changed by this batch.
  case superseded
}

extension Mutator {
  /// Takes the lease if nobody holds it.
  ///
  /// - Parameters:
  ///   - holder: who, for people: `host:pid`.
  ///   - last: take it only if this was its last holder: for one whose own lease ran out.
  /// - Returns: nil if a holder is alive, or another was there since `last`.
  package func takeLease(
    _ name: String, holder: String, after last: UInt64? = nil, lifeMilliseconds: UInt64 = 10_000
  ) async throws(RedisError) -> Lease? {
    let action = "taking the operation's lease"
    for _ in 0..<3 {
      let first = try await client.pipeline(
        [RedisCommand("WATCH", Lease.counter(name)), RedisCommand("GET", Lease.counter(name))],
        action: action)
      let generation = client.generation
      if case .error(let text) = first.first { throw refused(text, action) }
      guard first.count == 2 else { throw unexpected(action) }
      let current = first[1].unsigned ?? 0
      if let last, current != last { return nil }
      let held = Lease(name: name, fence: current, lifeMilliseconds: lifeMilliseconds)
      let next = Lease(name: name, fence: current + 1, lifeMilliseconds: lifeMilliseconds)
      if current > 0 {
        let alive = try await client.pipeline(
          [RedisCommand("EXISTS", held.key)], onGeneration: generation, action: action)
        if alive.first?.unsigned != 0 { return nil }
      }
      let taken = try await client.pipeline(
        [
          RedisCommand("MULTI"),
          RedisCommand(
            "SET", Lease.counter(name), String(next.fence), "EX", Lease.counterLife),
          RedisCommand("SET", next.key, holder, "PX", String(lifeMilliseconds)),
          RedisCommand("EXEC"),
        ], onGeneration: generation, action: action)
      for reply in taken {
        if case .error(let text) = reply { throw refused(text, action) }
      }
      // null: another took it at the same moment; look again.
      if taken.last?.array != nil { return next }
    }
    return nil
  }

  /// Prolongs it from another connection than the one that watches it: for times without batches. The
  /// next batch then meets a conflict and looks again.
  package func prolong(_ lease: Lease) async throws(RedisError) {
    _ = try await send(
      RedisCommand("PEXPIRE", lease.key, String(lease.lifeMilliseconds)),
      action: "prolonging the operation's lease")
  }

  /// Gives it back, so that nobody has to wait for its end.
  package func releaseLease(_ lease: Lease) async throws(RedisError) {
    _ = try await send(RedisCommand("DEL", lease.key), action: "giving the lease back")
  }

  func refused(_ text: String, _ action: String) -> RedisError {
    .server(text, endpoint: endpoint.description, action: action)
  }

  /// A server's error reply as people read it.
  package func refusal(_ text: String, action: String) -> RedisError { refused(text, action) }
}
