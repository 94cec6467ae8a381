internal import ConsoleModel
internal import Documents
internal import EventLoop
internal import Redis

extension ShardRun {
  /// Puts back what an operation kept a copy of on this server: never over what was written since.
  mutating func undo(_ operation: String) async throws(RunStop) {
    guard let shard = context.checkpoint[node], !shard.isFinished else { return }
    let store = CopyStore(folder: CopyStore.folder(in: context.ticket.folder))
    let restoresLives = changedLives(operation)
    var reader: CopySequence
    let newest: [[UInt8]: Int]
    do throws(DocumentError) {
      // A key may be another shard's by now.
      let paths =
        isOnCluster ? try store.files(for: operation).sorted() : [try store.path(operation, node)]
      let sequence = CopySequence(store, paths, now: context.wall())
      newest = try places(sequence)
      reader = sequence
    } catch {
      throw .failed("the copies of operation \(operation): \(error.description)")
    }
    var index = 0
    var next: CopyRecord?
    while !hasSuccessor {
      var records: [CopyRecord] = []
      var bytes = 0
      do throws(DocumentError) {
        while records.count < min(100, batch.keys) {
          if next == nil { next = try reader.next() }
          guard let record = next else { break }
          let size = record.key.count + record.payload.count
          guard records.isEmpty || bytes + size <= BatchSize.largestValues else { break }
          next = nil
          index += 1
          // What a killed runner has put back already, and what was copied again later.
          guard index > shard.index, newest[record.key] == index else { continue }
          records.append(record)
          bytes += size
        }
      } catch {
        throw .failed("the copies of operation \(operation): \(error.description)")
      }
      let isLast = records.isEmpty
      let reached = index
      try await context.gate(monitor)
      if !isLast {
        try await context.wait(pacer.delay(for: records.count, now: EventLoop.now()), monitor)
        let count = records.count
        try await context.note("sent", on: node, progress { $0.open = count })
      }
      let outcome =
        isLast ? BatchOutcome() : try await putBack(records, restoresLives: restoresLives)
      let count = UInt64(records.count)
      let finish = progress { shard in
        shard.open = 0
        shard.index = reached
        shard.status.visited = UInt64(reached)
        shard.status.changed &+= outcome.changed
        shard.status.failed &+= outcome.failed
        shard.status.skipped &+= count &- min(count, outcome.changed &+ outcome.failed)
        shard.status.indeterminate &+= outcome.indeterminate
        shard.isFinished = isLast
      }
      try await context.note("done", on: node, synced: isLast, finish)
      for record in records where !outcome.refused.contains(record.key) {
        sample.offer(record.key)
      }
      if isLast { return }
    }
  }

  /// Where the last copy of each key is, counted from 1: a key that was written while its batch was on
  /// its way was copied again, and the last copy is what was deleted.
  private func places(
    _ copies: consuming CopySequence
  ) throws(DocumentError) -> [[UInt8]: Int] {
    var places: [[UInt8]: Int] = [:]
    var index = 0
    while let record = try copies.next() {
      index += 1
      if isOwn(record.key) { places[record.key] = index }
    }
    return places
  }

  /// True if the operation changed lives only: its keys are still there.
  private func changedLives(_ operation: String) -> Bool {
    let folder = RunFolder(state: context.ticket.folder, operation: operation)
    guard
      let contents = try? FileReader.read(
        folder.plan, limit: OperationRequest.maximumDocumentBytes),
      let plan = try? OperationPlan(json: contents.bytes, file: folder.plan)
    else { return false }
    switch plan.request.action {
    case .shorten, .adjust: return true
    case .invalidate, .warm, .restore, .slowlogReset, .clientKill: return false
    }
  }

  private mutating func putBack(
    _ whole: [CopyRecord], restoresLives: Bool
  ) async throws(RunStop) -> BatchOutcome {
    var result = BatchOutcome()
    var rest: [(records: ArraySlice<CopyRecord>, conflicts: Int)] = [(whole[...], 0)]
    while let (records, conflicts) = rest.popLast() {
      let outcome: FencedChanges.Outcome
      do throws(FenceError) {
        let commands = try await commands(puttingBack: records, restoresLives, &result)
        guard !commands.isEmpty else { continue }
        let bytes = records.reduce(0) { $0 + $1.payload.count }
        outcome = try await changes.commit(
          commands, with: record, action: "putting keys back", bytes: bytes)
      } catch {
        if case .server(let cause) = error, cause.kind == .limit {
          // The values that are there now are more than one answer may have; one that is that large
          // alone is not the one that was copied.
          rest += Self.halves(records)
          continue
        }
        try result.fails(error, keys: records.count)
        try await recover(from: error)
        rest.append((records, conflicts))
        continue
      }
      result.answered()
      guard case .done(let replies) = outcome else {
        // A key changed between the look and the change: looked at again. One that never stands still
        // is not what it was any more.
        try await renew()
        if conflicts < 2 {
          rest.append((records, conflicts + 1))
        } else {
          rest += Self.halves(records)
        }
        continue
      }
      for reply in replies {
        switch reply {
        case .error(let text) where text.hasPrefix("BUSYKEY"): break
        case .error(let text) where isOnCluster && Self.hasMoved(text): break
        case .error(let text):
          result.failed += 1
          result.fault = text
        case .integer(let count): result.changed &+= UInt64(clamping: count)
        case .simple, .bulk, .array, .null: result.changed += 1
        }
      }
    }
    if !result.fault.isEmpty {
      let fault = result.fault
      runState.updateShard(node) { $0.fault = fault }
    }
    return result
  }

  /// Nothing of one that cannot be halved.
  private static func halves(
    _ records: ArraySlice<CopyRecord>
  ) -> [(records: ArraySlice<CopyRecord>, conflicts: Int)] {
    guard records.count > 1 else { return [] }
    let middle = records.startIndex + records.count / 2
    return [(records[middle...], 0), (records[..<middle], 0)]
  }

  private mutating func commands(
    puttingBack records: ArraySlice<CopyRecord>, _ restoresLives: Bool,
    _ result: inout BatchOutcome
  ) async throws(FenceError) -> [RedisCommand] {
    let now = try await serverTime()
    if restoresLives { return try await lives(of: records, now: now) }
    var commands: [RedisCommand] = []
    for record in records {
      guard let end = record.expiresAt else {
        commands.append(.restore(record.key, record.payload, milliseconds: 0))
        continue
      }
      if end > now {
        commands.append(
          .restore(record.key, record.payload, milliseconds: UInt64(end - now)))
      } else {
        result.refused.insert(record.key)
      }
    }
    return commands
  }

  /// Gives the keys their old lives where their value is still the one that was copied.
  private mutating func lives(
    of records: ArraySlice<CopyRecord>, now: Int64
  ) async throws(FenceError) -> [RedisCommand] {
    let payloads = try await changes.watch(
      records.map(\.key), reads: records.map { .dump($0.key) }, action: "comparing keys",
      bytes: records.reduce(0) { $0 + $1.payload.count })
    return zip(records, payloads).compactMap { record, payload in
      guard payload.bytes == record.payload else { return nil }
      guard let end = record.expiresAt else { return .persist(record.key) }
      return end > now ? .expireAt(record.key, milliseconds: UInt64(end)) : nil
    }
  }

  private func serverTime() async throws(FenceError) -> Int64 {
    do throws(RedisError) {
      return Int64(clamping: try await changes.mutator.time())
    } catch {
      throw .server(error)
    }
  }
}

extension CopyStore {
  /// Where copies lie in a state folder.
  package static func folder(in state: String) -> String { "\(state)/copies" }
}
