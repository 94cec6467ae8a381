import Collectors
import ConsoleModel
import EventLoop
import Glibc
import Redis
import Synchronization

/// One walk of a keyspace with what the console walks it with, for Benchmarks/keyspace.py.
///
///     KeyspaceBench search|big|prefixes SOCKET KEYS_PER_SECOND PATTERN
///
/// Prints a line: anonymous memory in KiB when connected, at its peak, keys visited, milliseconds.
@main
enum Main {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count == 4, let rate = Int(arguments[2]),
      ["search", "big", "prefixes"].contains(arguments[0])
    else { fail("see Benchmarks/KeyspaceBench/Main.swift for its arguments") }
    do {
      let loop = try EventLoop()
      try loop.start()
      let probe = Probe(
        endpoint: try RedisURL(parsing: "unix://\(arguments[1])").endpoint, loop: loop)
      let ping = Outcome()
      _ = loop.spawn {
        do throws(RedisError) { ping.set("\(try await probe.ping())") } catch { fail("\(error)") }
      }
      while ping.text == nil { usleep(1_000) }
      let idle = anonymous()
      let start = EventLoop.now()
      let mode = arguments[0]
      let box = Outcome()
      _ = loop.spawn { box.set(await walk(mode, probe, rate, arguments[3], loop)) }
      var peak = idle
      while box.text == nil {
        peak = max(peak, anonymous())
        usleep(5_000)
      }
      peak = max(peak, anonymous())
      let time = start.duration(to: EventLoop.now()).components
      let milliseconds = time.seconds * 1000 + time.attoseconds / 1_000_000_000_000_000
      print(idle, peak, box.text ?? "", milliseconds)
    } catch {
      fail("\(error)")
    }
  }

  private static func walk(
    _ mode: String, _ probe: Probe, _ rate: Int, _ pattern: String, _ loop: EventLoop
  ) async -> String {
    let node = MonitoredNode(id: NodeID("bench"), probe: probe)
    if mode == "search" {
      let done = Wish()
      let searcher = KeySearcher(loop: loop) { done.take($0) }
      searcher.start(
        KeySearch(id: 1, node: node.id, pattern: Array(pattern.utf8), keysPerSecond: rate),
        on: [node])
      while done.end == nil {
        do { try await loop.sleep(for: .milliseconds(20)) } catch { break }
      }
      return done.end ?? ""
    }
    var options = KeyspaceAnalyzer.Options()
    options.keysPerSecond = rate
    options.depth = mode == "big" ? 1 : 3
    options.bigKeys = mode == "big" ? 1000 : 20
    let analyzer = KeyspaceAnalyzer(
      nodes: [node], options: options, loop: loop)
    let report = await analyzer.run()
    return report.state == .complete ? "\(report.root.group.keys)" : "\(report.state)"
  }

  /// RssAnon of this process in KiB.
  private static func anonymous() -> Int {
    let descriptor = unsafe open("/proc/self/status", O_RDONLY)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 8192)
    let count = unsafe read(descriptor, &buffer, buffer.count)
    let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    for line in text.split(separator: "\n") where line.hasPrefix("RssAnon:") {
      return Int(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]) ?? 0
    }
    return 0
  }

  private static func fail(_ text: String) -> Never {
    var line = "KeyspaceBench: \(text)\n"
    line.withUTF8 { bytes in _ = unsafe write(2, bytes.baseAddress, bytes.count) }
    exit(1)
  }
}

/// How a search ended.
private final class Wish: Sendable {
  private let value = Mutex<String?>(nil)

  var end: String? { value.withLock { $0 } }

  func take(_ progress: KeySearchProgress) {
    switch progress.state {
    case .running: break
    case .complete: value.withLock { $0 = "\(progress.visited)" }
    case .limited, .cancelled, .failed: value.withLock { $0 = "\(progress.state)" }
    }
  }
}

/// What a task tells the main thread.
private final class Outcome: Sendable {
  private let value = Mutex<String?>(nil)

  var text: String? { value.withLock { $0 } }

  func set(_ text: String) { value.withLock { $0 = text } }
}
