import EventLoop
import Redis
import Synchronization
import TestKit

/// Reads and writes at a steady rate over all slots of a cluster, in pipelines that overlap, and holds
/// each answer against its ledger.
final class StressWorkload: Sendable {
  struct Options {
    /// Commands a second, reads and writes.
    var rate = 2000
    /// Commands of one pipeline.
    var batch = 20
    /// Keys of their own, spread over the slots.
    var keys = 6000
    /// Groups of four keys with the same tag, which are also read together.
    var groups = 500
    /// For each pipeline; nil: the client's.
    var timeout: Duration?
    /// Pipelines underway; beyond them the rate falls.
    var underway = 700

    init() {}
  }

  private enum Step {
    case read(Int, floor: Int, below: Int? = nil)
    /// A read behind a write of the same pipeline.
    case readBehind(Int, step: Int)
    /// `below`: the version of the last key that a write behind it gives it.
    case group([Int], floors: [Int], below: Int? = nil)
    case write(Int, version: Int, floor: Int)
  }

  private struct Batch {
    var steps: [Step] = []
    var commands: [RedisCommand] = []
    var waits = false
    var began: EventLoop.Instant
  }

  private struct State {
    var ledger: StressLedger
    var random: SplitMix64
    /// Pipelines that were begun, and those that are not over, by their number.
    var begun = 0
    var underway: Set<Int> = []
    var waiting = 0
    /// Pipelines that have ended.
    var turns = 0
    var commands = 0
  }

  /// Fewer than a node client has connections for commands that block.
  private static let waitingAtOnce = 3
  /// Long beside an acknowledgement, short beside a pipeline's time.
  private static let wait = ReplicaWait(replicas: 1, timeout: .milliseconds(500))
  private static let pause = Duration.milliseconds(5)

  private let client: ClusterClient
  private let options: Options
  private let loop: EventLoop
  private let state: Mutex<State>
  private let flag = Flag()
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(_ client: ClusterClient, seed: UInt64, options: Options = Options(), loop: EventLoop) {
    self.client = client
    self.options = options
    self.loop = loop
    let names =
      (0..<options.keys).map { "stress:\($0)" }
      + (0..<options.groups).flatMap { group in (0..<4).map { "{group-\(group)}:\($0)" } }
    state = Mutex(
      State(
        ledger: StressLedger(names: names, nonce: "\(seed)"), random: SplitMix64(seed: seed)))
  }

  var ledger: StressLedger { state.withLock { $0.ledger } }
  var counts: StressLedger.Counts { state.withLock { $0.ledger.counts } }
  /// Commands sent so far.
  var commands: Int { state.withLock { $0.commands } }

  // MARK: Beginning and end

  /// Writes every key once, so that from here on none may be missing; then begins.
  ///
  /// - Returns: false if not all could be written.
  func start() async -> Bool {
    for start in stride(from: 0, to: keyCount, by: 200) {
      let keys = start..<min(start + 200, keyCount)
      let batch = state.withLock { state in
        var batch = Batch(began: .now())
        for key in keys { Self.write(key, &batch, &state) }
        return batch
      }
      await send(batch)
    }
    guard counts.writes == keyCount else { return false }
    let begin = EventLoop.now()
    let task = loop.spawn {
      var launched = 0
      while !self.flag.isSet {
        let seconds = Double(begin.duration(to: .now()).nanoseconds) / 1e9
        let due = Int(seconds * Double(self.options.rate)) / self.options.batch
        // A machine that stood still does not make up for it all at once.
        launched = max(launched, due - 20)
        while launched < due {
          launched += 1
          self.launch()
        }
        do { try await self.loop.sleep(for: Self.pause) } catch { return }
      }
    }
    self.task.withLock { $0 = task }
    return true
  }

  /// Waits for what is underway.
  func stop() async -> Bool {
    flag.set()
    await task.withLock { $0 }?.value
    return (try? await Eventually.holds(within: 40) { self.state.withLock { $0.underway.isEmpty } })
      ?? false
  }

  /// Waits until all pipelines underway and so many that begin after this call have ended.
  func pass(_ count: Int = 100) async throws -> Bool {
    let (target, begun) = state.withLock { ($0.turns + $0.underway.count + count, $0.begun) }
    return try await Eventually.holds(within: 60) {
      self.state.withLock { state in
        state.turns >= target && state.underway.allSatisfy { $0 > begun }
      }
    }
  }

  /// The cluster is at rest: keys whose last write is open are written again.
  func rest() { state.withLock { $0.ledger.rest() } }

  /// Reads every key once, so that no loss stays unseen.
  func readAll() async {
    for start in stride(from: 0, to: keyCount, by: 200) {
      let keys = start..<min(start + 200, keyCount)
      let batch = state.withLock { state in
        var batch = Batch(began: .now())
        for key in keys { Self.read(key, &batch, &state) }
        return batch
      }
      await send(batch)
    }
  }

  private var keyCount: Int { options.keys + options.groups * 4 }

  // MARK: One pipeline

  private func launch() {
    let next = state.withLock { state -> (Batch, Int)? in
      guard state.underway.count < options.underway else { return nil }
      let batch = compose(&state)
      state.begun += 1
      state.underway.insert(state.begun)
      state.commands += batch.commands.count
      if batch.waits { state.waiting += 1 }
      return (batch, state.begun)
    }
    guard let (batch, number) = next else { return }
    loop.spawn {
      await self.send(batch)
      self.state.withLock { state in
        state.underway.remove(number)
        state.turns += 1
        if batch.waits { state.waiting -= 1 }
      }
    }
  }

  /// Every fifth or so is writes with WAIT; the others are reads, writes, and both of one key in either
  /// order.
  private func compose(_ state: inout State) -> Batch {
    var batch = Batch(began: .now())
    batch.waits =
      state.waiting < Self.waitingAtOnce && Int.random(in: 0..<5, using: &state.random) == 0
    while batch.commands.count < options.batch {
      let key = Int.random(in: 0..<keyCount, using: &state.random)
      let dice = Int.random(in: 0..<100, using: &state.random)
      if batch.waits || dice < 40 {
        let count = batch.steps.count
        Self.write(key, &batch, &state)
        if batch.steps.count > count, dice < 5 {
          batch.steps.append(.readBehind(key, step: count))
          batch.commands.append(RedisCommand("GET", state.ledger.keys[key].name))
        } else if batch.steps.count == count {
          // Its last write is not over.
          Self.read(key, &batch, &state)
        }
      } else if dice < 45 {
        Self.read(key, &batch, &state)
        Self.write(key, &batch, &state)
      } else if dice < 55, options.groups > 0 {
        let first = options.keys + 4 * Int.random(in: 0..<options.groups, using: &state.random)
        let keys = Array(first..<first + 4)
        batch.steps.append(.group(keys, floors: keys.map { state.ledger.keys[$0].floor }))
        batch.commands.append(RedisCommand("MGET", keys.map { state.ledger.keys[$0].name }))
        if dice < 48 { Self.write(keys[3], &batch, &state) }
      } else {
        Self.read(key, &batch, &state)
      }
    }
    return batch
  }

  private static func write(_ key: Int, _ batch: inout Batch, _ state: inout State) {
    guard let (version, floor) = state.ledger.beginWrite(key, at: batch.began) else { return }
    for index in batch.steps.indices {
      switch batch.steps[index] {
      case .read(key, let floor, _): batch.steps[index] = .read(key, floor: floor, below: version)
      case .group(let keys, let floors, _) where keys.last == key:
        batch.steps[index] = .group(keys, floors: floors, below: version)
      default: break
      }
    }
    batch.steps.append(.write(key, version: version, floor: floor))
    batch.commands.append(
      RedisCommand(
        "SET", state.ledger.keys[key].name, state.ledger.value(key, version), "GET"))
  }

  private static func read(_ key: Int, _ batch: inout Batch, _ state: inout State) {
    batch.steps.append(.read(key, floor: state.ledger.keys[key].floor))
    batch.commands.append(RedisCommand("GET", state.ledger.keys[key].name))
  }

  private func send(_ batch: Batch) async {
    var answers: [ClusterClient.ReplicatedAnswer]
    if batch.waits {
      answers = await client.pipeline(
        batch.commands, waitingFor: Self.wait, action: "stress", timeout: options.timeout)
    } else {
      answers = await client.pipeline(batch.commands, action: "stress", timeout: options.timeout)
        .map { ClusterClient.ReplicatedAnswer(result: $0, replicas: 0) }
    }
    let now = EventLoop.now()
    state.withLock { state in
      for (index, step) in batch.steps.enumerated() {
        let answer = answers[index]
        switch step {
        case .write(let key, let version, let floor):
          state.ledger.endWrite(
            key, version: version, floor: floor, began: batch.began, answer, at: now)
        case .read(let key, let floor, let below):
          state.ledger.endRead(
            key, floor: floor, below: below, began: batch.began, answer.result, at: now)
        case .readBehind(let key, let write):
          guard case .write(_, let version, let floor) = batch.steps[write] else { continue }
          let isWritten =
            if case .success(let reply) = answers[write].result { !reply.isError } else { false }
          state.ledger.endRead(
            key, floor: isWritten ? version : floor, began: batch.began, answer.result, at: now)
        case .group(let keys, let floors, let below):
          let values: [Result<RESPValue, RedisError>]
          if case .success(.array(let items)) = answer.result, items.count == keys.count {
            values = items.map { .success($0) }
          } else {
            values = keys.map { _ in answer.result }
          }
          for (position, key) in keys.enumerated() {
            state.ledger.endRead(
              key, floor: floors[position], below: position == keys.count - 1 ? below : nil,
              began: batch.began, values[position], at: now)
          }
        }
      }
    }
  }
}
