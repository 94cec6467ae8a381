import EventLoop
import TestKit

/// Other programs that do what a case does, on the same server.
enum Peer: String, CaseIterable {
  case hiredis = "C hiredis"
  case benchmark = "redis-benchmark"
  case cli = "redis-cli --scan"

  /// Where the server is.
  struct Target {
    var port: UInt16
    var tlsPort: UInt16
    var authorityFile: String
    /// Keys that a walk finds.
    var keys: Int
    /// The compiled hiredis_loop.
    var loop: String
  }

  func does(_ benchCase: Case) -> Bool {
    switch (self, benchCase.work) {
    // Debian 12's hiredis has no TLS.
    case (.hiredis, _): !benchCase.isTLS
    case (.benchmark, .batch), (.benchmark, .callers): true
    case (.cli, .scan): true
    case (.benchmark, .scan), (.cli, _): false
    }
  }

  /// Commands or keys a second.
  func measure(_ benchCase: Case, _ target: Target) throws -> Double {
    switch self {
    case .hiredis: return try hiredis(benchCase, target)
    case .benchmark: return try benchmark(benchCase, target)
    case .cli: return try cli(benchCase, target)
    }
  }

  private func hiredis(_ benchCase: Case, _ target: Target) throws -> Double {
    let words =
      switch benchCase.work {
      case .batch(let verb, let depth), .callers(let verb, let depth):
        [verb.rawValue, "\(depth)", "\(benchCase.count)"]
      case .scan(let page): ["scan", "\(page)"]
      }
    let output = try run(target.loop, ["\(target.port)"] + words)
    return try number(output.split(separator: "\n").first)
  }

  private func benchmark(_ benchCase: Case, _ target: Target) throws -> Double {
    let (verb, clients, depth): (Case.Verb, Int, Int)
    switch benchCase.work {
    case .batch(let name, let count): (verb, clients, depth) = (name, 1, count)
    case .callers(let name, let count): (verb, clients, depth) = (name, count, 1)
    case .scan: throw BenchError("redis-benchmark does not scan")
    }
    let command =
      verb == .get
      ? ["GET", "bench:value"] : ["SET", "bench:value", String(repeating: "x", count: 100)]
    let output = try run(
      "redis-benchmark",
      address(benchCase, target)
        + ["-c", "\(clients)", "-P", "\(depth)", "-n", "\(benchCase.count)", "--csv"] + command)
    // "test","rps",… and below it the figures.
    let line = output.split(separator: "\n").last ?? ""
    let fields = line.split(separator: "\",\"")
    return try number(fields.count > 1 ? fields[1] : nil)
  }

  /// The whole program, whose start is little beside the walk; its output goes nowhere. Redis 7.0's knows
  /// no --count: its pages are the server's, of ten keys.
  private func cli(_ benchCase: Case, _ target: Target) throws -> Double {
    let words = ["redis-cli"] + address(benchCase, target) + ["--scan"]
    let start = EventLoop.now()
    _ = try run("sh", ["-c", "exec \"$@\" >/dev/null", "sh"] + words)
    return Double(target.keys) / (Double(start.duration(to: .now()).nanoseconds) / 1e9)
  }

  private func address(_ benchCase: Case, _ target: Target) -> [String] {
    benchCase.isTLS
      ? ["-p", "\(target.tlsPort)", "--tls", "--cacert", target.authorityFile]
      : ["-p", "\(target.port)"]
  }

  private func run(_ program: String, _ words: [String]) throws -> String {
    let result = try ChildProcess.run(program, words, within: 120)
    guard result.exit == .code(0) else {
      throw BenchError("\(program) \(words): \(result.output) \(result.error)")
    }
    return result.output
  }

  private func number(_ text: Substring?) throws -> Double {
    guard let text, let rate = Double(text) else {
      throw BenchError("\(rawValue) said: \(text ?? "nothing")")
    }
    return rate
  }
}
