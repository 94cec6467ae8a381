internal import ConsoleModel
internal import EventLoop
internal import Redis

extension ShardRun {
  /// Walks the keyspace and changes what the pattern takes.
  ///
  /// SCAN gives every key that is there from its beginning to its end, so that after one whole walk no
  /// key of the target is left that was there before. The next page is asked for before this one's keys
  /// are sent: the server is never idle in between.
  mutating func walk(_ pattern: [UInt8]) async throws(RunStop) {
    guard let shard = context.checkpoint[node], !shard.isFinished else { return }
    var cursor = Array(shard.cursor.utf8)
    let isWhole = request.isWholeTier
    let match = isWhole ? nil : pattern
    let filter = KeyFilter(pattern, takesSessions: request.namesSessions)
    // Nearly all patterns begin with a word that rules out what is left out.
    let mayMeetOthers = filter.mayMeetOthers
    var page = try await scan(cursor, match)
    while !hasSuccessor {
      let ahead = page.isLast ? nil : readAhead(page.cursor, match)
      let keys = mayMeetOthers ? page.keys.filter { filter.takes(matching: $0) } : page.keys
      let next = page.cursor
      let isLast = page.isLast
      let visited = UInt64(clamping: max(pageKeys, page.keys.count))
      let finish: (inout RunCheckpoint.Shard) -> Void = { shard in
        shard.cursor = String(decoding: next, as: UTF8.self)
        shard.status.visited =
          isLast ? shard.status.size : min(shard.status.size, shard.status.visited &+ visited)
        shard.isFinished = isLast
      }
      if !request.pace.isFull {
        // The walk costs the server something where nothing matches, too.
        try await context.wait(walkPacer.delay(for: Int(visited), now: EventLoop.now()), monitor)
      }
      if keys.isEmpty {
        try await context.gate(monitor)
        try await context.note("done", on: node, progress(finish))
      } else {
        do throws(RunStop) {
          try await change(keys, done: finish)
        } catch {
          ahead?.cancel()
          throw error
        }
      }
      guard !isLast, let ahead else { return }
      cursor = next
      let found = await ahead.value
      context.releaseLater(page.keys)
      switch found {
      case .success(let found):
        page = found
        try await confirmServer()
      case .failure(let error):
        try await recover(from: .server(error))
        page = try await scan(cursor, match)
      }
    }
  }

  /// Keys of one SCAN: a slow run with small batches still walks by whole pages.
  private var pageKeys: Int { max(100, batch.keys) }

  private func readAhead(
    _ cursor: [UInt8], _ match: [UInt8]?
  ) -> Task<Result<ScanPage, RedisError>, Never> {
    let (mutator, count) = (changes.mutator, pageKeys)
    return context.loop.spawn {
      do throws(RedisError) {
        return .success(try await mutator.scan(cursor: cursor, match: match, count: count))
      } catch {
        return .failure(error)
      }
    }
  }

  private mutating func scan(
    _ cursor: [UInt8], _ match: [UInt8]?
  ) async throws(RunStop) -> ScanPage {
    while true {
      if hasSuccessor { return ScanPage(cursor: [UInt8(ascii: "0")], keys: []) }
      do throws(RedisError) {
        let page = try await changes.mutator.scan(cursor: cursor, match: match, count: pageKeys)
        guard changes.mutator.generation != changes.boundTo else { return page }
        try await checkIdentity()
      } catch {
        try await recover(from: .server(error))
      }
    }
  }

  /// Keys of a list that are looked through at once for those of one shard.
  private static let listStep = 100_000

  /// Changes a list of keys, in its order.
  mutating func list(_ keys: [KeyName]) async throws(RunStop) {
    guard let shard = context.checkpoint[node], !shard.isFinished else { return }
    var index = min(shard.index, keys.count)
    while index < keys.count, !hasSuccessor {
      // On a cluster most of the list is other shards'.
      var part: [[UInt8]] = []
      var end = index
      while end < keys.count, part.count < batch.keys, end - index < Self.listStep {
        let key = keys[end].bytes
        if !key.starts(with: OperationRequest.ownPrefix), isOwn(key) { part.append(key) }
        end += 1
      }
      let (isLast, reached) = (end == keys.count, end)
      let finish: (inout RunCheckpoint.Shard) -> Void = { shard in
        shard.index = reached
        shard.status.visited = UInt64(clamping: reached)
        shard.isFinished = isLast
      }
      if part.isEmpty {
        try await context.note("done", on: node, progress(finish))
      } else {
        try await change(part, done: finish)
      }
      index = end
    }
  }
}
