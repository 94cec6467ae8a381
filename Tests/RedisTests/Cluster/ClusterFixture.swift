import EventLoop
import Synchronization
import TestKit
import Testing

@testable import Redis

/// A cluster client over real nodes, and what its tests share.
enum ClusterFixture {
  static func seed(_ node: RedisCluster.Node) -> RedisEndpoint { seed(port: node.port) }

  static func seed(port: UInt16) -> RedisEndpoint {
    RedisEndpoint(address: .tcp(host: "127.0.0.1", port: port))
  }

  /// A client that may send everything.
  static func client(
    _ seeds: [RedisEndpoint],
    _ configure: (inout ClusterClient.Options) -> Void = { _ in }
  ) -> ClusterClient {
    var options = ClusterClient.Options()
    // Long, for machines that run other tests: tests that need a time-out set their own.
    options.timeout = .seconds(20)
    options.attemptTimeout = .seconds(5)
    configure(&options)
    return ClusterClient(seeds: seeds, options: options, loop: Fixture.loop) { endpoint, _ in
      var options = RedisClient.Options()
      options.gate = .unrestricted
      options.backoff.limit = .milliseconds(500)
      return RedisClient(endpoint: endpoint, options: options, loop: Fixture.loop)
    }
  }

  static func client(
    _ cluster: RedisCluster, _ configure: (inout ClusterClient.Options) -> Void = { _ in }
  ) -> ClusterClient {
    client([seed(cluster[0])], configure)
  }

  /// `{…}` that puts a key into the slot.
  static func tag(of slot: Int) -> String {
    for number in 0... where HashSlot.of(Array("t\(number)".utf8)) == slot { return "{t\(number)}" }
    return ""
  }

  /// What an answer is, in a word that a test compares.
  static func text(_ answer: Result<RESPValue, RedisError>) -> String {
    switch answer {
    case .success(.error(let text)): "-" + text
    case .success(.integer(let number)): "\(number)"
    case .success(.array(let items)):
      items.map { $0.text ?? "nil" }.joined(separator: ",")
    case .success(let value): value.text ?? "nil"
    case .failure(let error): "!\(error.kind): \(error)"
    }
  }

  static func error(
    of client: ClusterClient, _ command: RedisCommand, timeout: Duration? = nil
  ) async -> RedisError? {
    do throws(RedisError) {
      _ = try await client.send(command, action: "testing", timeout: timeout)
      return nil
    } catch {
      return error
    }
  }
}

/// Counts keys up, turn by turn, and compares each answer with its own count: it is the only writer.
final class ClusterCounter: Sendable {
  struct Record {
    var counts: [String: Int] = [:]
    var turns = 0
    /// Answers that were wrong.
    var wrong: [String] = []
    /// Errors, by key.
    var errors: [(key: String, text: String)] = []
  }

  private let state = Mutex(Record())
  private let flag = Flag()

  var record: Record { state.withLock { $0 } }

  var turns: Int { state.withLock { $0.turns } }

  /// - Parameter timeout: for each turn, which is one pipeline of INCR and GET for each key.
  static func start(
    _ client: ClusterClient, _ keys: [String], timeout: Duration? = nil
  ) -> (counter: ClusterCounter, task: Task<Void, Never>) {
    let counter = ClusterCounter()
    let task = Fixture.loop.spawn {
      while !counter.flag.isSet { await counter.turn(client, keys, timeout) }
    }
    return (counter, task)
  }

  private func turn(_ client: ClusterClient, _ keys: [String], _ timeout: Duration?) async {
    let commands = keys.flatMap { [RedisCommand("INCR", $0), RedisCommand("GET", $0)] }
    let answers = await client.pipeline(commands, action: "counting", timeout: timeout)
    state.withLock { record in
      record.turns += 1
      for (index, key) in keys.enumerated() {
        let (count, value) = (answers[index * 2], answers[index * 2 + 1])
        guard case .success(.integer(let number)) = count else {
          record.errors.append((key, ClusterFixture.text(count)))
          continue
        }
        let expected = record.counts[key, default: 0] + 1
        // An INCR whose answer was lost may have counted.
        let hasErrors = record.errors.contains { $0.key == key }
        if number != expected, !hasErrors {
          record.wrong.append("\(key): INCR \(number), expected \(expected)")
        }
        record.counts[key] = Int(number)
        if ClusterFixture.text(value) != "\(number)" {
          record.wrong.append("\(key): GET \(ClusterFixture.text(value)) after INCR \(number)")
        }
      }
    }
  }

  /// Waits until a few more turns are over.
  func pass(turns: Int = 5) async throws -> Bool {
    let target = self.turns + turns
    return try await Eventually.holds { self.turns >= target }
  }

  func stop(_ task: Task<Void, Never>) async -> Record {
    flag.set()
    await task.value
    return record
  }
}
