internal import Redis
private import Synchronization

/// The right to the whole operation, as its mirror holds it for all parts of the run.
///
/// With fence 0 there is none yet: the server has no memory for it, and the run is what frees some.
/// Only a run that was never started before may begin so; its journal's lock keeps two of them apart.
final class HeldLease: Sendable {
  private let lease: Mutex<Lease>

  init(_ lease: Lease) { self.lease = Mutex(lease) }

  var current: Lease { lease.withLock { $0 } }

  func replace(_ lease: Lease) { self.lease.withLock { $0 = lease } }
}
