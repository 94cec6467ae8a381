internal import ConsoleModel
internal import EventLoop
internal import Redis

/// What a warm-up need not load, and where it goes on.
extension ShardRun {
  /// True for a loader that is given a list.
  func asksForMissing(_ source: WarmSource) -> Bool {
    if case .command = source, case .keys = request.target { true } else { false }
  }

  /// Opens the source where a killed runner left it: a file of copies goes on behind what was loaded, a
  /// loader is asked for what is still missing, and one without a list begins again.
  mutating func open(
    _ source: WarmSource, after shard: RunCheckpoint.Shard
  ) async throws(RunStop) -> WarmStream {
    let wall = context.wall
    var wanted: [KeyName]?
    if case .command = source {
      if case .keys(let keys) = request.target {
        wanted = try await missing(keys.filter { isOwn($0.bytes) })
      } else {
        loadedBefore = shard.status.changed
        let anew = progress { shard in
          shard.status.visited = 0
          shard.status.skipped = 0
        }
        try await context.note("done", on: node, anew)
      }
    }
    let slots = slots
    do throws(WarmFailure) {
      return switch source {
      case .dump(let path):
        try WarmStream(
          dump: path, skipping: UInt64(clamping: shard.index),
          takes: { key in slots?.contains(HashSlot.of(key)) ?? true }, now: wall)
      case .command(let command):
        try WarmStream(program: WarmProgram(command: command, wanted: wanted), now: wall)
      }
    } catch {
      throw .failed(error.description)
    }
  }

  /// The keys that are not there: the others are not loaded, so that the database is spared.
  private mutating func missing(_ keys: [KeyName]) async throws(RunStop) -> [KeyName] {
    var missing: [KeyName] = []
    var rest = keys[...]
    var present: UInt64 = 0
    while !rest.isEmpty {
      let part = Array(rest.prefix(500))
      rest = rest.dropFirst(part.count)
      try await context.gate(monitor)
      for (key, life) in zip(part, try await remainingLives(part.map(\.bytes))) {
        if life == -2 {
          missing.append(key)
        } else {
          present += 1
          sample.offer(key.bytes)
        }
      }
    }
    let count = present
    let looked = progress { shard in
      // All of them, counted anew: what a killed runner has loaded is among them.
      shard.status.skipped = count &- min(count, shard.status.changed)
      shard.status.visited = count
    }
    try await context.note("done", on: node, looked)
    return missing
  }

  /// The records whose key is not there. What is there costs no more than this look, and not its share of
  /// the rate.
  mutating func absent(
    of records: ArraySlice<WarmRecord>, _ chunk: inout WarmChunk
  ) async throws(RunStop) -> [WarmRecord] {
    try await context.gate(monitor)
    let lives = try await remainingLives(records.map(\.key.bytes))
    var absent: [WarmRecord] = []
    for (record, life) in zip(records, lives) {
      if life == -2 { absent.append(record) } else { sample.offer(record.key.bytes) }
    }
    chunk.there = UInt64(clamping: records.count - absent.count)
    chunk.isAllThere = absent.isEmpty
    if chunk.there > 0 {
      // A look is about a fifth of the work of a load.
      try await context.wait(
        pacer.delay(for: Int(chunk.there) / 5 + 1, now: EventLoop.now()), monitor)
    }
    return absent
  }

  /// Notes what was skipped once its neighbours are loaded: who goes on from there counts nothing twice.
  mutating func book(skipped chunk: WarmChunk) async throws(RunStop) {
    let own = min(chunk.there, loadedBefore)
    loadedBefore -= own
    let finish = progress { shard in
      shard.index = max(shard.index, Int(clamping: chunk.end))
      shard.status.skipped &+= chunk.there - own
      shard.status.visited &+= chunk.there
    }
    try await context.note("done", on: node, finish)
  }
}

/// Records that came from the source together.
struct WarmChunk {
  /// Place of the last one.
  var end: UInt64 = 0
  /// Keys that are there already.
  var there: UInt64 = 0
  var isAllThere = false
  /// So it was with the records before.
  var wasAllThere = false
}
