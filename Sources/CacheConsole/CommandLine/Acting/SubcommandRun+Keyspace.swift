import Collectors
import ConsoleModel
import Documents
import EventLoop
import Glibc
import Redis
import Synchronization

extension SubcommandRun {
  /// `cacheconsole keyspace`: walks the servers and prints the report, also of a walk that Ctrl-C ended.
  func analyze(_ order: KeyspaceOrder, _ bench: Workbench) throws(StartError) -> Int32 {
    let run = KeyspaceRun(
      environment: bench.plan.identity.name, folder: startup.stateFolder, json: options.json)
    let earlier = try run.earlier(order)
    let resolver = Resolver(loop: bench.loop)
    let (loop, interval) = (bench.loop, startup.interval)
    let directory = ProbeDirectory(bench.plan.servers) { server in
      Probe(
        endpoint: server.endpoint, access: server.access,
        options: NodeConnection.options(interval: interval), loop: loop, resolver: resolver)
    }
    defer { directory.close() }
    let servers = try servers(directory, bench, earlier?.file)
    for note in servers.notes { StandardStreams.complain(note) }
    return try run.walk(servers.nodes, earlier?.file.order ?? order, order.rate, earlier, loop)
  }

  /// The servers that are named; without names those that together hold each key once.
  private func servers(
    _ directory: ProbeDirectory, _ bench: Workbench, _ earlier: KeyspaceFile?
  ) throws(StartError) -> KeyspaceServers {
    let configured = directory.nodes
    var chosen: [NodeID]
    do throws(UsageError) { chosen = try options.nodes(of: configured.map(\.id)) } catch {
      throw .usage(error.description)
    }
    let walked = earlier?.checkpoint.walks.map(\.node) ?? []
    let isNamed = !walked.isEmpty && walked.allSatisfy(chosen.contains)
    if isNamed { chosen = walked }
    if !options.nodes.isEmpty || isNamed {
      return KeyspaceServers(configured.filter { chosen.contains($0.id) })
    }
    let map = bench.plan.addresses
    return try bench.wait(Self.briefPatience) {
      await KeyspaceServers.choose(configured, directory: directory, map: map)
    }
  }
}

/// One walk of `keyspace`: progress, the state file, the report.
private struct KeyspaceRun {
  let environment: String
  let folder: String
  let json: Bool

  /// Microseconds between two looks at a walk that runs on another thread.
  private static let look: UInt32 = 50_000
  /// Seconds between two copies of a walk's state: what a power cut may cost.
  private static let saveInterval = 30.0

  typealias Earlier = (name: String, file: KeyspaceFile)

  /// The analysis that is gone on with; nil: none was asked for.
  func earlier(_ order: KeyspaceOrder) throws(StartError) -> Earlier? {
    guard let wanted = order.resume else { return nil }
    let found: Earlier?
    do throws(DocumentError) {
      found =
        wanted == "last"
        ? try last() : try KeyspaceFile.load(wanted, in: folder).map { (wanted, $0) }
    } catch {
      throw .failed("\(error.description); start again without --resume")
    }
    guard let found else {
      throw .failed(
        "there is no analysis \(wanted == "last" ? "of \(environment)" : wanted) to go on with: it is"
          + " complete or was never stopped; start again without --resume")
    }
    guard found.file.environment == environment else {
      throw .failed(
        "\(found.name) is an analysis of \(Printable.line(found.file.environment, limit: 80)), not of"
          + " \(Printable.line(environment, limit: 80)): name the same servers")
    }
    return found
  }

  private func last() throws(DocumentError) -> Earlier? {
    for name in KeyspaceFile.names(in: folder).reversed() {
      if let file = try KeyspaceFile.load(name, in: folder), file.environment == environment {
        return (name, file)
      }
    }
    return nil
  }

  func walk(
    _ nodes: [MonitoredNode], _ order: KeyspaceOrder, _ rate: Int, _ earlier: Earlier?,
    _ loop: EventLoop
  ) throws(StartError) -> Int32 {
    var options = KeyspaceAnalyzer.Options()
    options.pattern = order.pattern
    options.filter = order.filter
    options.depth = order.depth
    options.sample = order.sample
    options.keysPerSecond = rate
    let analyzer: KeyspaceAnalyzer
    if let earlier {
      guard
        let resumed = KeyspaceAnalyzer(
          nodes: nodes, options: options, from: earlier.file.checkpoint, loop: loop)
      else {
        let names = earlier.file.checkpoint.walks.map(\.node.rawValue).joined(separator: ", ")
        throw .failed(
          "\(earlier.name) is an analysis of \(Printable.line(names)), and these are not the servers now:"
            + " start again without --resume")
      }
      analyzer = resumed
    } else {
      analyzer = KeyspaceAnalyzer(nodes: nodes, options: options, loop: loop)
    }
    let name = earlier?.name ?? KeyspaceFile.name()
    return finish(follow(analyzer, order, name, loop), analyzer, order, name)
  }

  private func follow(
    _ analyzer: KeyspaceAnalyzer, _ order: KeyspaceOrder, _ name: String, _ loop: EventLoop
  ) -> KeyspaceReport {
    let line = ProgressLine(isShown: true)
    let box = ReportBox()
    Interruption.listen()
    let task = loop.spawn { box.set(await analyzer.run()) }
    var saved = Clocks.monotonic()
    while true {
      if let report = box.report {
        line.clear()
        return report
      }
      if Interruption.happened { task.cancel() }
      line.tell(KeyspaceText.progress(analyzer.progress))
      if Clocks.monotonic().seconds(since: saved) > Self.saveInterval,
        let checkpoint = analyzer.checkpoint
      {
        // What cannot be written now is told at the end, if it matters then.
        _ = save(checkpoint, order, name)
        saved = Clocks.monotonic()
      }
      usleep(Self.look)
    }
  }

  private func save(
    _ checkpoint: KeyspaceCheckpoint, _ order: KeyspaceOrder, _ name: String
  ) -> DocumentError? {
    do throws(DocumentError) {
      try KeyspaceFile(environment: environment, order: order, checkpoint: checkpoint)
        .save(as: name, in: folder)
      return nil
    } catch {
      return error
    }
  }

  private func finish(
    _ report: KeyspaceReport, _ analyzer: KeyspaceAnalyzer, _ order: KeyspaceOrder, _ name: String
  ) -> Int32 {
    // Saved first: the terminal may be gone.
    var resume: String?
    var problem: String?
    if report.canContinue, let checkpoint = analyzer.checkpoint {
      if let error = save(checkpoint, order, name) {
        problem = "it cannot be gone on with: \(error.description)"
      } else {
        resume = name
      }
    } else if report.state == .complete {
      KeyspaceFile.remove(name, in: folder)
    }
    let text =
      json
      ? KeyspaceText.json(report, resume: resume)
      : KeyspaceText.lines(report).joined(separator: "\n")
    let isPrinted = StandardStreams.print(text)
    for fault in report.faults { StandardStreams.complain(fault.line) }
    if report.state == .cancelled {
      StandardStreams.complain("stopped: the report is of the keys that were visited until then")
    }
    if let resume {
      StandardStreams.complain(
        "to go on: cacheconsole keyspace with the same servers and --resume \(resume)")
    }
    if let problem { StandardStreams.complain(problem) }
    return isPrinted && report.state == .complete ? 0 : 1
  }
}

private final class ReportBox: Sendable {
  private let value = Mutex<KeyspaceReport?>(nil)

  var report: KeyspaceReport? { value.withLock { $0 } }

  func set(_ report: KeyspaceReport) { value.withLock { $0 = report } }
}
