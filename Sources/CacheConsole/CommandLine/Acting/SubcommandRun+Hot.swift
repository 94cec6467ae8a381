import Collectors
import ConsoleModel
import Documents
import EventLoop
import Operations
import Redis

extension SubcommandRun {
  /// `cacheconsole hot --output FILE`: copies of the hottest keys, for `warm --from FILE`.
  func recordHotKeys(
    _ output: String, includesGuarded: Bool, _ bench: Workbench
  ) throws(StartError) -> Int32 {
    if includesGuarded, bench.access.role != .admin {
      throw .failed(
        "--copy-sessions is for administrators; your role is \(bench.access.role.rawValue)")
    }
    let chosen: [NodeID]
    do throws(UsageError) {
      chosen = try options.nodes(of: bench.plan.servers.map(\.id))
    } catch {
      throw .usage(error.description)
    }
    var options = EnvironmentCollector.Options()
    // One look takes two polls: those of a screen may be minutes apart.
    options.interval = min(startup.interval, 2)
    let collector = EnvironmentCollector(
      environment: bench.plan.identity,
      nodes: bench.probes.filter { chosen.contains($0.id) }.map {
        MonitoredNode(id: $0.id, probe: $0.probe)
      }, options: options,
      loop: bench.loop
    ) { _ in }
    let snapshot = try bench.wait(Self.briefPatience) { await collector.collectOnce() }
    let report = snapshot.hotKeys
    guard let first = report.rows.first else {
      throw .failed(report.unavailable ?? "no key stands out: nothing was recorded")
    }
    // A file holds the keys of one server.
    let rows = report.rows.filter { $0.node == first.node }
    guard let server = bench.plan.servers.first(where: { $0.id == first.node }) else {
      throw .failed("there is no server \(first.node.rawValue) any more")
    }
    let path = output.hasPrefix("/") ? output : "\(Self.currentFolder())/\(output)"
    let header = CopyHeader(
      operation: "", environment: bench.plan.identity.name, node: first.node,
      runID: snapshot.nodes.first { $0.id == first.node }?.identity?.runID ?? "",
      created: Clocks.wall())
    let loop = bench.loop
    let result = try bench.wait(Self.briefPatience) {
      () async -> Result<KeyRecorder.Report, RecordFailure> in
      let mutator = Mutator(endpoint: server.endpoint, access: server.access, loop: loop)
      defer { mutator.close() }
      do {
        let writer = try CopyWriter(path: path, header: header)
        return .success(
          try await KeyRecorder(includesGuarded: includesGuarded).record(
            rows.map(\.key), to: writer, now: Clocks.wall
          ) { keys throws(RedisError) in
            try await mutator.copies(of: keys.map(\.bytes)).map { copy in
              copy.map {
                DumpedKey(
                  payload: $0.payload, timeToLive: $0.milliseconds < 0 ? nil : $0.milliseconds)
              }
            }
          })
      } catch {
        return .failure(RecordFailure(description: "\(error)"))
      }
    }
    switch result {
    case .failure(let failure): throw .failed(failure.description)
    case .success(let report):
      var line =
        "\(report.recorded) hot keys of \(first.node.rawValue), \(report.bytes) bytes, in \(path)"
      if report.guarded > 0 { line += "; \(report.guarded) sessions and carts left out" }
      if report.leftOut > 0 {
        line += "; \(report.leftOut) for which the file has no room left out"
      }
      if report.gone > 0 { line += "; \(report.gone) gone meanwhile" }
      answer("cacheconsole.recording", line) { json in
        json.field("node", first.node.rawValue)
        json.field("file", path)
        json.field("recorded", report.recorded)
        json.field("bytes", report.bytes)
        json.field("guarded_left_out", report.guarded)
        json.field("left_out", report.leftOut)
        json.field("gone", report.gone)
      }
      return 0
    }
  }
}

private struct RecordFailure: Error, Sendable { var description: String }
