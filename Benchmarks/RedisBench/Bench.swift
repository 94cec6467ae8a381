import EventLoop
import Redis
import Synchronization
import TestKit

/// One thing that is measured, by us and by the peer.
enum Case {
  /// GET of 100 bytes; `depth` commands in one batch, or one at a time awaited.
  case batch(depth: Int, count: Int)
  /// `tasks` tasks, each awaiting its own GET: they share the connection and merge by themselves.
  case tasks(Int, count: Int)
  /// A walk of all keys.
  case scan(count: Int)

  var name: String {
    switch self {
    case .batch(let depth, _): "get-depth-\(depth)"
    case .tasks(let tasks, _): "get-tasks-\(tasks)"
    case .scan(let count): "scan-count-\(count)"
    }
  }

  var unit: String {
    if case .scan = self { "keys/s" } else { "commands/s" }
  }

  /// What hiredis_loop is asked to do.
  var peerArguments: [String] {
    switch self {
    case .batch(let depth, let count), .tasks(let depth, let count):
      ["get", "\(depth)", "\(count)"]
    case .scan(let count): ["scan", "\(count)"]
    }
  }
}

struct Bench {
  private static let all: [Case] = [
    .batch(depth: 1, count: 20_000), .batch(depth: 16, count: 200_000),
    .batch(depth: 100, count: 500_000), .tasks(16, count: 200_000), .tasks(100, count: 500_000),
    .scan(count: 1000),
  ]
  private static let scannedKeys = 500_000

  private let options: Options
  private let cases: [Case]

  init(_ options: Options) throws(BenchError) {
    self.options = options
    cases = Self.all.filter { options.filter.isEmpty || $0.name.contains(options.filter) }
    guard !cases.isEmpty else { throw BenchError("no case is called \(options.filter)") }
  }

  func run() throws -> [Table.Row] {
    let server = try RedisServer(.loopback, arguments: ["--enable-debug-command", "yes"])
    guard case .loopback(let port) = server.address else { throw BenchError("no port") }
    try server.command(["SET", "bench:value", String(repeating: "x", count: 100)])
    try server.command(["DEBUG", "POPULATE", "\(Self.scannedKeys)", "product", "100"])
    var loopOptions = EventLoop.Options()
    if options.spins { loopOptions.spin = .microseconds(50) }
    let loop = try EventLoop(options: loopOptions)
    try loop.start()
    var clientOptions = RedisClient.Options()
    // As the console's own clients: each command passes the gate.
    clientOptions.gate = .readOnly
    let client = RedisClient(
      endpoint: try RedisURL(parsing: server.url).endpoint, options: clientOptions, loop: loop)
    // Rounds are interleaved: whatever else the machine does meets both sides.
    var measured: [[(ours: Double, peer: Double)]] = cases.map { _ in [] }
    for round in 0...options.rounds {
      for (index, benchCase) in cases.enumerated() {
        let ours = try measure(benchCase, client, loop)
        let theirs = try peer(benchCase, port)
        // The first round only warms up.
        if round > 0 { measured[index].append((ours, theirs)) }
      }
    }
    return zip(cases, measured).map { benchCase, pairs in
      Table.Row(
        bench: options.spins ? "redis-spin" : "redis", name: benchCase.name, unit: benchCase.unit,
        value: Self.median(pairs.map(\.ours)), peerValue: Self.median(pairs.map(\.peer)),
        ratio: Self.median(pairs.map { $0.ours / $0.peer }))
    }
  }

  private func peer(_ benchCase: Case, _ port: UInt16) throws -> Double {
    let result = try ChildProcess.run(
      options.peer, ["\(port)"] + benchCase.peerArguments, within: 120)
    guard let rate = Double(result.output.split(separator: "\n").first ?? "") else {
      throw BenchError("the peer said: \(result.output)")
    }
    return rate
  }

  /// Operations per second on the loop's thread, awaited from this one.
  private func measure(_ benchCase: Case, _ client: RedisClient, _ loop: EventLoop) throws
    -> Double
  {
    let outcome = Outcome()
    loop.spawn {
      do throws(RedisError) {
        let start = EventLoop.now()
        let done = try await Self.work(benchCase, client)
        let seconds = Double(start.duration(to: EventLoop.now()).nanoseconds) / 1e9
        outcome.set(.success(Double(done) / seconds))
      } catch {
        outcome.set(.failure(BenchError("\(error)")))
      }
    }
    return try outcome.wait().get()
  }

  private static func work(_ benchCase: Case, _ client: RedisClient) async throws(RedisError) -> Int
  {
    switch benchCase {
    case .batch(let depth, let count): return try await batches(depth, count, client)
    case .tasks(let tasks, let count):
      return try await shared(tasks, count, client)
    case .scan(let count):
      var cursor = "0"
      var keys = 0
      var bytes = 0
      repeat {
        let reply = try await client.send(
          RedisCommand("SCAN", cursor, "COUNT", "\(count)"), action: "scanning")
        guard let parts = reply.array, parts.count == 2, let page = parts[1].array else {
          throw wrong("no page")
        }
        cursor = parts[0].text ?? "0"
        for key in page { bytes += key.bytes?.count ?? 0 }
        keys += page.count
      } while cursor != "0"
      guard bytes > 0 else { throw wrong("no keys") }
      return keys
    }
  }

  /// Errors are typed throughout: Swift 6.3.1's optimiser crashes on untyped ones here.
  private static func shared(_ tasks: Int, _ count: Int, _ client: RedisClient)
    async throws(RedisError)
    -> Int
  {
    var failure: RedisError?
    var total = 0
    await withTaskGroup(of: Result<Int, RedisError>.self) { group in
      for _ in 0..<tasks {
        group.addTask {
          do throws(RedisError) {
            return .success(try await batches(1, count / tasks, client))
          } catch {
            return .failure(error)
          }
        }
      }
      for await result in group {
        switch result {
        case .success(let done): total += done
        case .failure(let error): failure = error
        }
      }
    }
    if let failure { throw failure }
    return total
  }

  private static func batches(_ depth: Int, _ count: Int, _ client: RedisClient)
    async throws(RedisError)
    -> Int
  {
    let key = Array("bench:value".utf8)
    var bytes = 0
    var done = 0
    while done < count {
      if depth == 1 {
        let reply = try await client.send(RedisCommand("GET", key), action: "reading")
        bytes += reply.bytes?.count ?? 0
      } else {
        let commands = (0..<depth).map { _ in RedisCommand("GET", key) }
        for reply in try await client.pipeline(commands, action: "reading") {
          bytes += reply.bytes?.count ?? 0
        }
      }
      done += depth
    }
    guard bytes == done * 100 else { throw wrong("\(bytes) bytes for \(done) values") }
    return done
  }

  private static func wrong(_ message: String) -> RedisError {
    RedisError(kind: .protocol, endpoint: "", action: "measuring", message: message)
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

/// Hands one result from the loop to the main thread, which sleeps meanwhile.
private final class Outcome: Sendable {
  private let result = Mutex<Result<Double, BenchError>?>(nil)
  private let wakeup: Wakeup?

  init() { wakeup = try? Wakeup() }

  func set(_ value: Result<Double, BenchError>) {
    result.withLock { $0 = value }
    wakeup?.signal()
  }

  func wait() -> Result<Double, BenchError> {
    while true {
      if let value = result.withLock({ $0 }) { return value }
      if let wakeup { _ = SocketIO.isReadable(wakeup.fileDescriptor, within: 60) }
    }
  }
}
