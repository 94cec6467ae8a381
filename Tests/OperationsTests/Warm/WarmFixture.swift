import ConsoleModel
import Documents
import EventLoop
import Operations
import Redis
import Synchronization
import TestKit
import Testing

/// What tests of warm-ups share: files of copies, loaders, and plans as the planner makes them.
enum WarmFixture {
  static let node = PlanFixture.node(0)

  /// What DUMP gives for a string.
  static func payload(_ value: String, from server: RedisServer) throws -> [UInt8] {
    let connection = try server.connect()
    try connection.command(["SET", "fixture", value])
    guard case .bulk(let payload) = try connection.command(["DUMP", "fixture"]) else {
      throw TestKitError("DUMP gave nothing")
    }
    try connection.command(["DEL", "fixture"])
    return payload
  }

  /// A file with these keys, all of the same value.
  static func dump(
    _ keys: [String], _ payload: [UInt8], to path: String, environment: String = "test",
    expiresAt: Int64? = nil, now: WallTime = PlanFixture.now
  ) throws {
    let writer = try CopyWriter(
      path: path,
      header: CopyHeader(
        operation: "", environment: environment, node: node, runID: "", created: now),
      limits: CopyLimits(records: UInt64(keys.count)))
    for key in keys {
      try writer.append(KeyName(key), payload: payload, expiresAt: expiresAt)
    }
    try writer.finish()
  }

  /// A loader that answers every key that it is given with `new-KEY` for an hour.
  static func loader(in folder: TemporaryFolder) throws -> [String] {
    let path = try folder.write("loader.sh", #"exec sed -u 's/\(.*\)/\1\t3600\tnew-\1/'"#)
    return ["sh", path]
  }

  static func request(
    _ source: WarmSource, keys: [String]? = nil, rate: Int = 2000
  ) -> OperationRequest {
    OperationRequest(
      .warm(source), keys.map { .keys($0.map { KeyName($0) }) } ?? .server, nodes: [node],
      pace: Pace(keysPerSecond: rate))
  }

  /// Planned as a console would plan it.
  static func ticket(
    _ request: OperationRequest, on server: RedisServer, folder: TemporaryFolder,
    mode: RunTicket.Mode = .start
  ) async throws -> RunTicket {
    let planner = Planner(
      nodes: [.init(id: node, probe: try PlanFixture.probe(server.url))], loop: PlanFixture.loop,
      clock: RunFixture.wall)
    let plan = try await PlanFixture.plan(planner, request, seed: .random(in: 0...UInt64.max))
    return RunTicket(
      plan: plan,
      servers: [
        .init(node: node, endpoint: try RedisURL(parsing: server.url).endpoint)
      ], mode: mode, folder: folder.file("state"))
  }
}

/// Looks at the server and at the run's own figures a few hundred times a second.
final class WarmWatch: Sendable {
  struct Look: Sendable {
    /// When the server was asked and when its answer was here, nanoseconds.
    var sent: Int64
    var received: Int64
    /// Keys that the server has loaded.
    var loaded: UInt64
    var progress: Double
    var eta: Double?
  }

  /// How many keys the server has loaded, if it was so many before.
  typealias Count = @Sendable (RedisConnection, UInt64) throws -> UInt64

  private let looks = Mutex<[Look]>([])
  private let isOver = Flag()
  private let hasEnded = Flag()

  /// - Parameter count: asks the server how many were loaded.
  init(
    _ state: RunState, _ server: RedisServer,
    count: @escaping Count
  ) {
    BackgroundThread.start { [looks = self, isOver, hasEnded] in
      defer { hasEnded.set() }
      guard let connection = try? server.connect() else { return }
      var last: UInt64 = 0
      while !isOver.isSet {
        let sent = Deadline.now
        guard let loaded = try? count(connection, last) else { return }
        last = loaded
        let received = Deadline.now
        let status = state.status
        looks.looks.withLock {
          $0.append(
            Look(
              sent: sent, received: received, loaded: loaded, progress: status.progress,
              eta: status.etaSeconds))
        }
        _ = Eventually.holds(within: 0.004) { isOver.isSet }
      }
    }
  }

  func stop() -> [Look] {
    isOver.set()
    _ = Eventually.holds { hasEnded.isSet }
    return looks.withLock { $0 }
  }

  /// Calls of a command, as the server counts them.
  static func calls(_ command: String) -> Count {
    { connection, _ in
      let text = try connection.command(["INFO", "commandstats"]).text ?? ""
      let line = text.split(whereSeparator: \.isNewline).first {
        $0.hasPrefix("cmdstat_\(command):calls=")
      }
      return line?.split(separator: "=")[1].split(separator: ",").first.flatMap { UInt64($0) } ?? 0
    }
  }

  /// Keys `product:0`, `product:1`, … that are there, where they come in their order.
  static let products: Count = { connection, last in
    let script = """
      local n = tonumber(ARGV[1])
      while redis.call('EXISTS', 'product:' .. n) == 1 do n = n + 1 end
      return n
      """
    let reply = try connection.command(["EVAL", script, "0", String(last)])
    return UInt64(reply.integer ?? 0)
  }
}

extension [WarmWatch.Look] {
  /// The most keys that were loaded between any two looks that lie within one second, from before the
  /// first was asked for to after the second was answered.
  var mostInOneSecond: UInt64 {
    var most: UInt64 = 0
    var first = startIndex
    for look in self {
      while look.received - self[first].sent > 1_000_000_000 { first += 1 }
      most = Swift.max(most, look.loaded - Swift.min(look.loaded, self[first].loaded))
    }
    return most
  }

  /// How far the run's own figure was from the truth at most, in shares of the whole.
  func largestProgressError(of total: Int) -> Double {
    map { abs($0.progress - Double($0.loaded) / Double(total)) }.max() ?? 1
  }

  /// What the run said was left, and what was, in seconds: each time that it said something new while
  /// between these shares were loaded.
  func remainingTimes(
    of total: Int, between shares: ClosedRange<Double>
  ) -> [(said: Double, true: Double)] {
    guard let end = first(where: { $0.loaded >= UInt64(total) })?.received else { return [] }
    return zip(self, dropFirst()).compactMap { before, look in
      guard let eta = look.eta, eta != before.eta,
        shares.contains(Double(look.loaded) / Double(total))
      else { return nil }
      return (eta, Double(end - look.received) / 1e9)
    }
  }
}
