/// Where a run stands.
package enum OperationState: String, Sendable, Hashable, CaseIterable {
  case starting, running, paused, verifying, done, failed, aborted
  /// Its runner has not been heard of for longer than its lease: it can be taken over.
  case orphaned
  /// Some servers are done; the others failed and are tried again.
  case partial

  package var isOver: Bool {
    switch self {
    case .done, .failed, .aborted: true
    case .starting, .running, .paused, .verifying, .orphaned, .partial: false
    }
  }

  /// As people read it.
  package var label: String { self == .partial ? "partly done" : rawValue }

  /// Over for good; what has failed can be gone on with.
  package var isFinal: Bool { self == .done || self == .aborted }
}

/// What was found when everything that was hit was read again.
package struct Verdict: Sendable, Hashable {
  package var gone: UInt64 = 0
  /// There again, written after it was hit.
  package var reborn: UInt64 = 0
  /// There, and no sign that it was hit.
  package var stillThere: UInt64 = 0
  /// Soft invalidation and new lives: there, with the life that was asked for.
  package var asAsked: UInt64 = 0
  /// How many were looked at; fewer than were hit where there are very many.
  package var checked: UInt64 = 0
  package var at: WallTime?
  /// An invalidation's: nothing born before the start is served any more: proven, not hoped.
  package var isFresh = false
  /// In words.
  package var text = ""

  package init() {}
}

/// One server's part of a run.
package struct ShardStatus: Sendable, Hashable {
  package var node: NodeID
  package var state: OperationState = .starting
  /// Keys of the database when it began, and visited so far.
  package var size: UInt64 = 0
  package var visited: UInt64 = 0
  /// Keys that were changed, as the server confirmed.
  package var changed: UInt64 = 0
  /// Keys that were sent but not there, or already as asked; by a warm-up or an undo: there already.
  package var skipped: UInt64 = 0
  package var failed: UInt64 = 0
  /// Keys of batches whose answer never came: changed or not, the next look decides.
  package var indeterminate: UInt64 = 0
  package var bytes: UInt64 = 0
  /// Keys that were changed without the copy that the plan promised.
  package var uncopied: UInt64 = 0
  /// The last error, in one line.
  package var fault: String?

  package init(node: NodeID) { self.node = node }
}

/// A run as every console of the environment sees it.
package struct OperationStatus: Sendable, Hashable {
  package var id: String
  /// `invalidate product:*`
  package var title: String
  package var environment: String
  package var author: OperationAuthor
  package var reason: String
  package var planHash: String
  package var state: OperationState
  package var started: WallTime
  package var updated: WallTime
  package var finished: WallTime?
  /// Keys expected, from the plan.
  package var expected: UInt64
  package var shards: [ShardStatus]
  /// Keys per second over the last seconds.
  package var rate: Double?
  package var etaSeconds: Double?
  /// Why it goes slower than asked, why it waits, why it ended: one line.
  package var note: String
  package var verdict: Verdict?
  /// Keys of which a copy is kept, on all servers; 0: nothing to undo.
  package var copies: UInt64
  /// Counts up with each takeover; the highest may act.
  package var fence: UInt64
  /// `host:pid` of the runner.
  package var runner: String

  package init(
    id: String, title: String, environment: String, author: OperationAuthor, reason: String = "",
    planHash: String = "", state: OperationState = .starting, started: WallTime,
    updated: WallTime, expected: UInt64 = 0, shards: [ShardStatus] = [], note: String = "",
    copies: UInt64 = 0, fence: UInt64 = 0, runner: String = ""
  ) {
    self.id = id
    self.title = title
    self.environment = environment
    self.author = author
    self.reason = reason
    self.planHash = planHash
    self.state = state
    self.started = started
    self.updated = updated
    self.expected = expected
    self.shards = shards
    self.note = note
    self.copies = copies
    self.fence = fence
    self.runner = runner
  }

  package var changed: UInt64 { shards.reduce(0) { $0 &+ $1.changed } }
  package var skipped: UInt64 { shards.reduce(0) { $0 &+ $1.skipped } }
  package var failed: UInt64 { shards.reduce(0) { $0 &+ $1.failed } }
  package var indeterminate: UInt64 { shards.reduce(0) { $0 &+ $1.indeterminate } }
  package var uncopied: UInt64 { shards.reduce(0) { $0 &+ $1.uncopied } }

  /// How far it is, 0…1: by keys visited where the keyspace is walked.
  package var progress: Double {
    let size = shards.reduce(0) { $0 &+ $1.size }
    guard size > 0 else { return state.isOver ? 1 : 0 }
    return min(1, Double(shards.reduce(0) { $0 &+ min($1.visited, $1.size) }) / Double(size))
  }
}

/// What a console can tell a run.
package enum OperationControl: String, Sendable, Hashable, CaseIterable {
  case run, pause, abort
}
