internal import ConsoleModel
internal import Documents
internal import EventLoop
internal import Redis

/// One batch, from the look at its keys to the server's answer.
extension ShardRun {
  struct BatchOutcome {
    var changed: UInt64 = 0
    var failed: UInt64 = 0
    /// Keys of attempts whose answer never came.
    var indeterminate: UInt64 = 0
    /// Keys that were changed without the copy that was promised.
    var uncopied: UInt64 = 0
    var fault = ""
    /// Keys that are not there after all.
    var refused: Set<[UInt8]> = []
    /// Attempts in a row whose answer never came, while the server answered everything else.
    private(set) var lost = 0

    private static let patience = 20

    /// - Parameter keys: of the attempt.
    mutating func fails(_ error: FenceError, keys: Int) throws(RunStop) {
      guard case .server(let cause) = error, cause.kind == .indeterminate || cause.kind == .timeout
      else { return }
      indeterminate &+= UInt64(clamping: keys)
      lost += 1
      guard lost < Self.patience else {
        throw .failed("\(cause.description); a batch was sent \(lost) times and never answered")
      }
    }

    mutating func answered() { lost = 0 }
  }

  /// A batch, or what is left of one that was cut smaller.
  struct Piece {
    var keys: [[UInt8]]
    /// MEMORY USAGE of each, where it is known.
    var sizes: [UInt64?]?
    /// Copies are kept of it.
    var isCopied: Bool
    /// How often a key of it was written between the look at it and its change.
    var conflicts = 0

    /// The second half first: it is to be taken last.
    var halves: [Piece] {
      let middle = keys.count / 2
      return [middle..<keys.count, 0..<middle].map { range in
        Piece(
          keys: Array(keys[range]), sizes: sizes.map { Array($0[range]) }, isCopied: isCopied)
      }
    }
  }

  private enum Sent {
    case done
    case conflict
    /// The keys are more than one answer may have.
    case tooLarge
    /// The server was not there; it is again.
    case again
  }

  /// Conflicts after which a batch is halved, and those after which a single key, which others write
  /// faster than it can be copied, goes without.
  private static let conflictsOfMany = 3
  private static let conflictsOfOne = 20

  mutating func attempt(_ whole: Piece) async throws(RunStop) -> BatchOutcome {
    var result = BatchOutcome()
    var rest = [whole]
    while var piece = rest.popLast() {
      switch try await send(piece, &result) {
      case .done: break
      case .again: rest.append(piece)
      case .tooLarge:
        if piece.keys.count > 1 {
          rest += piece.halves
        } else {
          piece.isCopied = false
          rest.append(piece)
        }
      case .conflict:
        // A key was written between its copy and its removal, or the lease went: look again.
        piece.conflicts += 1
        try await renew()
        let isOne = piece.keys.count == 1
        if piece.conflicts < (isOne ? Self.conflictsOfOne : Self.conflictsOfMany) {
          rest.append(piece)
        } else if !isOne {
          rest += piece.halves
        } else if piece.isCopied {
          piece.isCopied = false
          piece.conflicts = 0
          rest.append(piece)
        } else {
          result.failed += 1
          result.fault = "a key is written faster than it can be changed"
        }
      }
    }
    if !result.fault.isEmpty {
      let fault = result.fault
      runState.updateShard(node) { $0.fault = fault }
    }
    return result
  }

  private mutating func send(
    _ piece: Piece, _ result: inout BatchOutcome
  ) async throws(RunStop) -> Sent {
    try await placeLease()
    var uncopied: UInt64 = 0
    if let copies {
      if piece.isCopied {
        switch try await copy(piece, to: copies, &result) {
        case .kept(let without): uncopied = without
        case .tooLarge: return .tooLarge
        case .again: return .again
        }
      } else {
        uncopied = UInt64(clamping: piece.keys.count { copies.promises($0) })
      }
    }
    let outcome: FencedChanges.Outcome
    let start: EventLoop.Instant
    do throws(FenceError) {
      let commands = try await commands(for: piece.keys)
      start = EventLoop.now()
      outcome =
        commands.isEmpty
        ? .done([]) : try await changes.commit(commands, with: record, action: action)
    } catch {
      try result.fails(error, keys: piece.keys.count)
      try await recover(from: error)
      return .again
    }
    guard case .done(let replies) = outcome else { return .conflict }
    monitor.renewed(changes.lease)
    result.answered()
    batch.observe(microseconds: Double(start.duration(to: EventLoop.now()).nanoseconds) / 1000)
    var changed: UInt64 = 0
    for reply in replies {
      if case .error(let text) = reply {
        if isOnCluster, Self.hasMoved(text) { continue }
        let isOfAll = request.action == .invalidate && !isOnCluster
        result.failed &+= isOfAll ? UInt64(piece.keys.count) : 1
        result.fault = text
      } else {
        changed &+= reply.unsigned ?? 0
      }
    }
    result.changed &+= changed
    result.uncopied &+= min(uncopied, changed)
    return .done
  }

  // MARK: Copies

  private enum Copied {
    /// On disk; so many keys that are there have none.
    case kept(without: UInt64)
    case tooLarge
    case again
  }

  /// Copies keys under a WATCH, so that what was copied is what is changed.
  private mutating func copy(
    _ piece: Piece, to keeper: CopyKeeper, _ result: inout BatchOutcome
  ) async throws(RunStop) -> Copied {
    let action = "copying keys"
    var keys: [[UInt8]] = []
    var bytes = 0
    var without: UInt64 = 0
    for (index, key) in piece.keys.enumerated() where keeper.promises(key) {
      let size = piece.sizes?[index] ?? 0
      if keeper.hasRoom(for: key, bytes: size) {
        keys.append(key)
        bytes += Int(clamping: size)
      } else {
        without += 1
      }
    }
    guard !keys.isEmpty else { return .kept(without: without) }
    var found: [CopyRecord] = []
    do throws(FenceError) {
      let replies = try await changes.watch(
        keys, reads: keys.flatMap { [.dump($0), .remainingLife($0)] }, action: action, bytes: bytes)
      for (index, key) in keys.enumerated() {
        if case .error(let text) = replies[2 * index] {
          // Its new owner is walked later.
          if isOnCluster, Self.isRedirection(text) { continue }
          throw .server(changes.mutator.refusal(text, action: action))
        }
        guard let payload = replies[2 * index].bytes,
          let life = replies[2 * index + 1].signed, life != -2
        else { continue }
        found.append(keeper.record(key, payload, milliseconds: life))
      }
    } catch {
      if case .server(let cause) = error, cause.kind == .limit { return .tooLarge }
      // Nothing was changed by a look.
      try result.fails(error, keys: 0)
      try await recover(from: error)
      return .again
    }
    do throws(DocumentError) {
      return .kept(without: without &+ (try await keeper.keep(found)))
    } catch {
      throw .failed(
        "keeping copies of the keys for undo: \(error.description); free some space, or run it"
          + " without copies")
    }
  }
}
