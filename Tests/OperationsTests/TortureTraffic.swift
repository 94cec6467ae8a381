import Synchronization
import TestKit

/// Writes 1,000 keys a second, half of them inside of the target, with the value `new`, until it goes.
final class TortureWriter: Sendable {
  private let state: State

  private final class State: Sendable {
    let isStopped = Mutex(false)
    let written = Mutex(0)
    let hasEnded = Mutex(false)
  }

  init(_ server: RedisServer, old: Int) {
    let state = State()
    self.state = state
    BackgroundThread.start(name: "writer") {
      defer { state.hasEnded.withLock { $0 = true } }
      var random = SplitMix64(seed: 7)
      guard let client = try? server.connect(within: 60) else { return }
      let begin = Deadline.now
      var count = 0
      while !state.isStopped.withLock({ $0 }) {
        let due = Int((Deadline.now - begin) / 1_000_000)
        guard count < due else {
          _ = Eventually.holds(within: 0.005) {
            Int((Deadline.now - begin) / 1_000_000) > count + 4
          }
          continue
        }
        var commands: [[String]] = []
        while count < due, commands.count < 100 {
          // New keys, and new values of keys that are old or just gone.
          let name =
            switch count % 4 {
            case 0: "search:new:\(count)"
            case 1: "search:\(Int(random.next() % UInt64(old)))"
            default: "live:\(count)"
            }
          commands.append(["SET", name, "new"])
          count += 1
        }
        guard (try? client.pipeline(commands)) != nil else { return }
        state.written.withLock { $0 = count }
      }
    }
  }

  var written: Int { state.written.withLock { $0 } }

  func stop() {
    state.isStopped.withLock { $0 = true }
    _ = Eventually.holds(within: 10) { state.hasEnded.withLock { $0 } }
  }

  deinit { state.isStopped.withLock { $0 = true } }
}

/// Counts what was really deleted: the server's own notifications.
final class DeletionCount: Sendable {
  private let server: RedisServer
  private let counted = Mutex<[String: Int]>([:])
  private let hasEnded = Mutex(false)
  private static let channel = "__keyevent@0__:del"

  init(_ server: RedisServer) throws {
    self.server = server
    let ready = Flag()
    BackgroundThread.start(name: "deletions") { [self] in
      defer { hasEnded.withLock { $0 = true } }
      guard let client = try? server.connect(within: 120),
        (try? client.command(["SUBSCRIBE", Self.channel])) != nil
      else { return }
      ready.set()
      while let message = try? client.reply() {
        guard let key = message.array?.last?.text, key != "the end" else { return }
        counted.withLock {
          $0[String(key.prefix { $0 != ":" }), default: 0] += 1
        }
      }
    }
    guard Eventually.holds({ ready.isSet }) else { throw TestKitError("no notifications") }
  }

  /// Keys deleted so far, by what stands before the first colon.
  func finish() throws -> [String: Int] {
    try server.command(["PUBLISH", Self.channel, "the end"])
    guard Eventually.holds(within: 20, { hasEnded.withLock { $0 } }) else {
      throw TestKitError("the notifications did not end")
    }
    return counted.withLock { $0 }
  }
}
