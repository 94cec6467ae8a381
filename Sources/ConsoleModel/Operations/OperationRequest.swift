/// What an operator asks for, before anything is known of its blast radius.
package struct OperationRequest: Sendable, Hashable {
  package enum Action: Sendable, Hashable {
    /// Delete (UNLINK).
    case invalidate
    /// Soft invalidation: no key lives longer than this from now on.
    case shorten(seconds: UInt64)
    /// A new time to live; nil: none (PERSIST).
    case adjust(seconds: UInt64?)
    case warm(WarmSource)
    /// Undo: put back what this operation kept a copy of.
    case restore(operation: String)
    case slowlogReset
    /// CLIENT KILL ID.
    case clientKill(id: UInt64)
  }

  package enum Target: Sendable, Hashable {
    case keys([KeyName])
    /// A Redis glob.
    case pattern([UInt8])
    /// The server itself: slow log, clients.
    case server
  }

  package var action: Action
  package var target: Target
  /// The servers to act on; never empty in a plan.
  package var nodes: [NodeID]
  /// Sessions are left out of patterns unless they are named: by this, or by a pattern that begins
  /// with `session:`.
  package var includesSessions: Bool
  /// Keep a copy (DUMP and TTL) of what is deleted, for `undo`.
  package var keepsCopy: Bool
  /// Copies of sessions and carts as well; for administrators.
  package var copiesGuarded: Bool
  package var pace: Pace
  /// Why; asked for in production.
  package var reason: String

  package init(
    _ action: Action, _ target: Target, nodes: [NodeID], includesSessions: Bool = false,
    keepsCopy: Bool = true, copiesGuarded: Bool = false, pace: Pace = Pace(), reason: String = ""
  ) {
    self.action = action
    self.target = target
    self.nodes = nodes
    self.includesSessions = includesSessions
    self.keepsCopy = keepsCopy
    self.copiesGuarded = copiesGuarded
    self.pace = pace
    self.reason = reason
  }

  /// Keys of a list beyond this are refused: a list that long is a pattern, or a file for `warm`.
  package static let maximumKeys = 1_000_000
  /// Copies are kept of this many keys at most, and of this many bytes.
  package static let maximumCopies = 10_000
  package static let maximumCopyBytes: UInt64 = 256 << 20
  /// Bytes of one key beyond which no copy of it is kept: it would be in memory several times.
  package static let maximumCopiedValue = 64 << 20

  /// Everything that the console itself keeps on servers; no operation touches it.
  package static let ownPrefix = Array("cacheconsole:".utf8)

  /// True if sessions belong to the target: named keys are, patterns only where they say so.
  package var namesSessions: Bool {
    switch target {
    case .keys: true
    case .pattern(let glob): includesSessions || glob.starts(with: Array("session:".utf8))
    case .server: false
    }
  }

  /// What it is about is a server, and not keys that a preview can count: only the loader knows what it
  /// prints when it is asked for everything, while a dump is read before.
  package var isAboutServer: Bool {
    guard target == .server else { return false }
    if case .warm(.dump) = action { return false }
    return true
  }

  /// Writes what is not there and leaves alone what is; everything else changes what is there.
  package var writesAbsent: Bool {
    switch action {
    case .warm, .restore: true
    case .invalidate, .shorten, .adjust, .slowlogReset, .clientKill: false
    }
  }

  /// A pattern that takes every key, or all but the shortest: `*`, `?*`.
  package var takesEveryKey: Bool {
    guard case .pattern(let glob) = target else { return false }
    return glob.contains(UInt8(ascii: "*"))
      && glob.allSatisfy { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
  }

  /// The pattern `*`, for which the server need not match anything.
  package var isWholeTier: Bool {
    guard case .pattern(let glob) = target else { return false }
    return !glob.isEmpty && glob.allSatisfy { $0 == UInt8(ascii: "*") }
  }

  /// Is this what a planner made of `asked`? It leaves out keys that stand twice, knows which keys an
  /// undo is about, and slows the pace to what the role allows.
  package func answers(_ asked: OperationRequest) -> Bool {
    guard answersAnywhere(asked) else { return false }
    if case .restore = action { return true }
    return Set(nodes) == Set(asked.nodes)
  }

  /// The same but for the servers.
  func answersAnywhere(_ asked: OperationRequest) -> Bool {
    guard action == asked.action else { return false }
    if case .restore = action { return true }
    switch (target, asked.target) {
    case (.keys(let keys), .keys(let wanted)): return keys.count <= wanted.count
    case (.pattern(let glob), .pattern(let wanted)): return glob == wanted
    case (.server, .server): return true
    case (.keys, _), (.pattern, _), (.server, _): return false
    }
  }
}

/// Where the values of a warm-up come from.
package enum WarmSource: Sendable, Hashable {
  /// A dump file of ours: a recorded set of hot keys, or an operation's copies.
  case dump(path: String)
  /// A program and its arguments, that prints `key TAB ttl TAB value` records; the keys that are wanted,
  /// if any, are its standard input, one a line.
  case command([String])
}

/// How fast a run may go.
package struct Pace: Sendable, Hashable {
  /// Keys changed per second at most.
  package var keysPerSecond: Int
  /// As fast as the server takes it: no pacing, no backing off, no measuring of sizes.
  package var isFull: Bool
  /// Records loaded at the same time by a warm-up.
  package var concurrency: Int

  package static let standardKeysPerSecond = 20_000

  package init(
    keysPerSecond: Int = Self.standardKeysPerSecond, isFull: Bool = false, concurrency: Int = 16
  ) {
    self.keysPerSecond = keysPerSecond
    self.isFull = isFull
    self.concurrency = concurrency
  }
}
