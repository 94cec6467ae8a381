import ConsoleModel
import Glibc
import Operations
import Redis
import TestKit

/// The engine of `invalidate` alone, for Benchmarks/invalidate.py.
///
///     InvalidateBench ticket SOCKET FOLDER PATTERN KEYS fast|gentle   # prints a runner's ticket
///     InvalidateBench operation-runner                                # carries out the one on its input
@main
enum Main {
  static func main() {
    _ = signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments == [RunLauncher.command] { exit(RunnerProcess.run(wall: wall)) }
    do {
      guard arguments.count == 6, arguments[0] == "ticket", let keys = UInt64(arguments[4]),
        ["fast", "gentle"].contains(arguments[5])
      else { throw BenchError("see Benchmarks/InvalidateBench/Main.swift for its arguments") }
      let ticket = try ticket(
        socket: arguments[1], folder: arguments[2], pattern: arguments[3], keys: keys,
        isFast: arguments[5] == "fast")
      print(ticket.json)
    } catch {
      var text = "InvalidateBench: \(error)\n"
      text.withUTF8 { bytes in _ = unsafe write(2, bytes.baseAddress, bytes.count) }
      exit(1)
    }
  }

  /// A plan as the planner makes it, without the walk that counts the keys.
  private static func ticket(
    socket: String, folder: String, pattern: String, keys: UInt64, isFast: Bool
  ) throws -> RunTicket {
    let node = NodeID("bench")
    let client = try RedisConnection(.unix(path: socket), within: 10)
    let info = try client.command(["INFO", "server"]).text ?? ""
    guard
      let line = info.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("run_id:") }),
      let size = try client.command(["DBSIZE"]).integer
    else { throw BenchError("\(socket) does not say who it is") }
    var preview = OperationPreview()
    preview.keys = .exact(keys)
    preview.isComplete = true
    preview.shards = [
      OperationPreview.Shard(
        node: node, address: "unix://\(socket)", runID: String(line.dropFirst(7)),
        size: UInt64(clamping: size), keys: .exact(keys))
    ]
    let request = OperationRequest(
      .invalidate, .pattern(Array(pattern.utf8)), nodes: [node], pace: Pace(isFull: isFast),
      reason: "benchmark")
    let plan = OperationPlan(
      id: "bench-\(wall().microseconds)", request: request,
      environment: EnvironmentIdentity(name: "bench", environmentClass: .development),
      author: OperationAuthor(user: "bench", uid: getuid(), role: .admin, host: HostName.current()),
      preview: preview, created: wall()
    ).hashed()
    let endpoint = try RedisURL(parsing: "unix://\(socket)").endpoint
    return RunTicket(
      plan: plan, servers: [RunTicket.Server(node: node, endpoint: endpoint)],
      folder: folder)
  }

  private static func wall() -> WallTime {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}

struct BenchError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
