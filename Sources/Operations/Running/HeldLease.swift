internal import ConsoleModel
internal import Redis
private import Synchronization

/// The right to the whole operation, as its mirror holds it for all parts of the run.
///
/// With fence 0 there is none yet: the server has no memory for it, and the run is what frees some.
/// Only a run that was never started before may begin so; its journal's lock keeps two of them apart.
final class HeldLease: Sendable {
  private let lease: Mutex<Lease>
  private let mutator: Mutator?

  /// - Parameter mutator: of the plan's first server.
  init(_ lease: Lease, on mutator: Mutator?) {
    self.lease = Mutex(lease)
    self.mutator = mutator
  }

  var current: Lease { lease.withLock { $0 } }

  func replace(_ lease: Lease) { self.lease.withLock { $0 = lease } }

  /// Looks on the first server: for one that has no memory for a lease of its own.
  func isHeld() async throws(RedisError) -> Bool {
    guard let mutator else { return false }
    return try await mutator.holds(current)
  }
}

extension OperationRequest {
  /// Deleting frees memory: of all operations, this one must not wait for memory to be free.
  func mayBeginWithoutLease(_ error: RedisError) -> Bool {
    action == .invalidate && error.message.hasPrefix("OOM")
  }
}
