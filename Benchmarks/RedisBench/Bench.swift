import EventLoop
import Redis
import Synchronization
import TestKit

struct Bench {
  private static let scannedKeys = 250_000

  /// The rates of one case, one for each round.
  private struct Measured {
    var ours: [Double] = []
    var peers: [Peer: [Double]] = [:]
  }

  private let options: Options
  private let cases: [Case]

  init(_ options: Options) throws(BenchError) {
    self.options = options
    cases = Case.all.filter { options.filter.isEmpty || $0.name.contains(options.filter) }
    guard !cases.isEmpty else { throw BenchError("no case is called \(options.filter)") }
  }

  func run() throws -> [Table.Row] {
    let authority = try TLSAuthority.shared.get()
    let server = try RedisServer(
      .loopback, arguments: ["--enable-debug-command", "yes"],
      tls: RedisServer.TLS(authority.server, authority: authority.file))
    guard case .loopback(let port) = server.address, let tlsPort = server.tlsPort else {
      throw BenchError("no port")
    }
    let target = Peer.Target(
      port: port, tlsPort: tlsPort, authorityFile: authority.file, keys: Self.scannedKeys + 1,
      loop: options.peer)
    try server.command(["SET", "bench:value", String(repeating: "x", count: 100)])
    try server.command(["DEBUG", "POPULATE", "\(Self.scannedKeys)", "product", "100"])
    var loopOptions = EventLoop.Options()
    if options.spins { loopOptions.spin = .milliseconds(1) }
    let loop = try EventLoop(options: loopOptions)
    try loop.start()
    let clients = try Clients(target, loop)
    // Rounds are interleaved: whatever else the machine does meets all sides.
    var measured = cases.map { _ in Measured() }
    for round in 0...options.rounds {
      for (index, benchCase) in cases.enumerated() {
        let ours = try measure(benchCase, clients[benchCase], loop)
        // The first round only warms up.
        if round > 0 { measured[index].ours.append(ours) }
        for peer in Peer.allCases where peer.does(benchCase) {
          let theirs = try peer.measure(benchCase, target)
          if round > 0 { measured[index].peers[peer, default: []].append(theirs) }
        }
      }
    }
    return zip(cases, measured).flatMap { benchCase, measured in
      Peer.allCases.compactMap { peer in
        measured.peers[peer].map { row(benchCase, peer, ours: measured.ours, theirs: $0) }
      }
    }
  }

  private func row(
    _ benchCase: Case, _ peer: Peer, ours: [Double], theirs: [Double]
  ) -> Table.Row {
    let ratios = zip(ours, theirs).map { $0 / $1 }
    return Table.Row(
      bench: options.spins ? "redis-spin" : "redis", name: benchCase.name, unit: benchCase.unit,
      value: Self.median(ours), peerValue: Self.median(theirs), ratio: Self.median(ratios),
      range: (ratios.min() ?? .nan)...(ratios.max() ?? .nan), peer: peer.rawValue)
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
    switch benchCase.work {
    case .batch(let verb, let depth):
      return try await batches(verb, depth, benchCase.count, client)
    case .callers(let verb, let callers):
      return try await shared(verb, callers, benchCase.count, client)
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
        for case .bulk(let key) in page { bytes += key.count }
        keys += page.count
      } while cursor != "0"
      guard bytes > 0 else { throw wrong("no keys") }
      return keys
    }
  }

  /// Errors are typed throughout: Swift 6.3.1's optimiser crashes on untyped ones here.
  private static func shared(_ verb: Case.Verb, _ tasks: Int, _ count: Int, _ client: RedisClient)
    async throws(RedisError)
    -> Int
  {
    var failure: RedisError?
    var total = 0
    await withTaskGroup(of: Result<Int, RedisError>.self) { group in
      for _ in 0..<tasks {
        group.addTask {
          do throws(RedisError) {
            return .success(try await batches(verb, 1, count / tasks, client))
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

  private static func batches(
    _ verb: Case.Verb, _ depth: Int, _ count: Int, _ client: RedisClient
  ) async throws(RedisError) -> Int {
    let key = Array("bench:value".utf8)
    let value = [UInt8](repeating: UInt8(ascii: "x"), count: 100)
    func command() -> RedisCommand {
      verb == .get ? RedisCommand("GET", key) : RedisCommand("SET", key, value)
    }
    var bytes = 0
    var done = 0
    while done < count {
      if depth == 1 {
        let reply = try await client.send(command(), action: "measuring")
        bytes += reply.bytes?.count ?? 0
      } else {
        let commands = (0..<depth).map { _ in command() }
        for reply in try await client.pipeline(commands, action: "measuring") {
          bytes += reply.bytes?.count ?? 0
        }
      }
      done += depth
    }
    // `OK` of a SET.
    guard bytes == done * (verb == .get ? 100 : 2) else {
      throw wrong("\(bytes) bytes for \(done) answers")
    }
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

/// Ours, as the program makes them: each command passes a gate.
private struct Clients {
  private let reader: RedisClient
  private let writer: RedisClient
  private let tlsReader: RedisClient
  private let tlsWriter: RedisClient

  init(_ target: Peer.Target, _ loop: EventLoop) throws {
    func client(isTLS: Bool, _ gate: CommandGate) throws -> RedisClient {
      var options = RedisClient.Options()
      options.gate = gate
      let url =
        isTLS ? "rediss://127.0.0.1:\(target.tlsPort)" : "redis://127.0.0.1:\(target.port)"
      return RedisClient(
        endpoint: try RedisURL(parsing: url).endpoint,
        access: RedisAccess(.none, tls: TLSSettings(authorityFile: target.authorityFile)),
        options: options, loop: loop)
    }
    reader = try client(isTLS: false, .readOnly)
    writer = try client(isTLS: false, .unrestricted)
    tlsReader = try client(isTLS: true, .readOnly)
    tlsWriter = try client(isTLS: true, .unrestricted)
  }

  subscript(benchCase: Case) -> RedisClient {
    switch benchCase.work {
    case .batch(.set, _), .callers(.set, _): benchCase.isTLS ? tlsWriter : writer
    case .batch(.get, _), .callers(.get, _), .scan: benchCase.isTLS ? tlsReader : reader
    }
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
