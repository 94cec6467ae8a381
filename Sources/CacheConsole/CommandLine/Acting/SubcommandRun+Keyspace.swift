import Collectors
import ConsoleModel
import EventLoop
import Glibc
import Synchronization

extension SubcommandRun {
  /// `cacheconsole keyspace`: walks the servers and prints the report, also of a walk that Ctrl-C ended.
  func analyze(
    _ options: KeyspaceAnalyzer.Options, _ bench: Workbench
  ) throws(StartError) -> Int32 {
    let chosen: [NodeID]
    do throws(UsageError) {
      chosen = try self.options.nodes(of: bench.plan.servers.map(\.id))
    } catch {
      throw .usage(error.description)
    }
    let analyzer = KeyspaceAnalyzer(
      nodes: bench.probes.filter { chosen.contains($0.id) }.map {
        KeyspaceAnalyzer.Node(id: $0.id, probe: $0.probe)
      }, options: options, loop: bench.loop)
    let line = ProgressLine(isShown: true)
    let box = ReportBox()
    Interruption.listen()
    let task = bench.loop.spawn { box.set(await analyzer.run()) }
    var found = box.report
    while found == nil {
      if Interruption.happened { task.cancel() }
      line.tell(KeyspaceText.progress(analyzer.progress))
      usleep(Self.look)
      found = box.report
    }
    let report = found ?? analyzer.report()
    line.clear()
    let text =
      self.options.json
      ? KeyspaceText.json(report) : KeyspaceText.lines(report).joined(separator: "\n")
    guard StandardStreams.print(text) else { return 1 }
    for fault in report.faults { StandardStreams.complain(fault.line) }
    if report.state == .cancelled {
      StandardStreams.complain("stopped: the report is of the keys that were visited until then")
    }
    return report.state == .complete ? 0 : 1
  }

  /// Microseconds between two looks at a walk that runs on another thread.
  private static let look: UInt32 = 50_000
}

private final class ReportBox: Sendable {
  private let value = Mutex<KeyspaceReport?>(nil)

  var report: KeyspaceReport? { value.withLock { $0 } }

  func set(_ report: KeyspaceReport) { value.withLock { $0 = report } }
}

/// Ctrl-C and SIGTERM as a wish to end; the second one ends the process at once.
enum Interruption {
  private static let flag = Atomic<Bool>(false)

  static var happened: Bool { flag.load(ordering: .acquiring) }

  static func listen() {
    // Made now, not in the handler, where nothing may be allocated.
    _ = happened
    for number in [SIGINT, SIGTERM] {
      _ = signal(number) { number in
        Interruption.flag.store(true, ordering: .releasing)
        _ = signal(number, SIG_DFL)
      }
    }
  }
}
