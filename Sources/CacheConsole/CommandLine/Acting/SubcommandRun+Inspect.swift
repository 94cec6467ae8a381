import Collectors
import ConsoleModel
import Documents
import Operations

extension SubcommandRun {
  /// `cacheconsole inspect KEY`: what is known of it on each server, and the first page of its value.
  func inspect(_ key: KeyName, _ bench: Workbench) throws(StartError) -> Int32 {
    let nodes: [NodeID]
    do throws(UsageError) {
      nodes = try options.nodes(of: bench.plan.servers.map(\.id))
    } catch {
      throw .usage(error.description)
    }
    var found = false
    var failed = false
    for entry in bench.probes where nodes.contains(entry.id) {
      let (clusters, seed) = (bench.clusters, entry)
      let probe = try bench.wait(Self.briefPatience) {
        // Who does not answer now says why when it is asked for the key.
        (try? await clusters.probe(of: key, seed.id, seed.probe)) ?? seed.probe
      }
      let reader = KeyReader(
        probe: probe, personalData: startup.personalData, access: bench.access)
      let request = KeyInspectionRequest(id: 1, node: entry.id, key: key)
      let inspection = try bench.wait(Self.briefPatience) {
        await reader.inspect(request, policy: nil)
      }
      if let fault = inspection.fault {
        StandardStreams.complain(fault.line)
        failed = true
        continue
      }
      if inspection.value != .gone { found = true }
      StandardStreams.print(
        options.json
          ? Self.json(inspection, entry.id)
          : Self.lines(inspection, entry.id).joined(separator: "\n"))
    }
    return found && !failed ? 0 : 1
  }

  // MARK: Text

  private static func lines(_ inspection: KeyInspection, _ node: NodeID) -> [String] {
    let summary = inspection.summary
    var lines = ["\(RedisCLI.quoted(summary.key.bytes)) on \(Printable.line(node.rawValue))"]
    func fact(_ name: String, _ value: String?) {
      if let value { lines.append("  \(name): \(value)") }
    }
    if inspection.value == .gone {
      fact("state", "there is no such key")
      return lines
    }
    fact("type", summary.type.map { Printable.line($0) })
    fact("life", life(summary.timeToLive))
    fact("memory", summary.memoryBytes.map { "\(OperationText.grouped($0)) bytes" })
    fact("encoding", summary.encoding.map { Printable.line($0) })
    for figure in KeySummary.Figure.allCases {
      fact(figure.rawValue, summary.notOffered[figure].map { Printable.line($0) })
    }
    fact("length", inspection.length.map(OperationText.grouped))
    let rows = rows(inspection.value)
    lines += rows.map { "  " + $0 }
    if inspection.nextPage != nil { lines.append("  … there is more: inspect it on the screen") }
    return lines
  }

  private static func life(_ life: KeySummary.TimeToLive?) -> String? {
    switch life {
    case nil: nil
    case .persistent: "no expiry"
    case .milliseconds(let left): "\(left / 1000).\(String(left % 1000 + 1000).dropFirst()) s"
    case .gone: "gone"
    }
  }

  private static func rows(_ value: KeyInspection.Value) -> [String] {
    switch value {
    case .string(let bytes): [RedisCLI.quoted(bytes)]
    case .hash(let pairs):
      pairs.map { "\(RedisCLI.quoted($0.field)) \(RedisCLI.quoted($0.value))" }
    case .list(let elements), .set(let elements): elements.map(RedisCLI.quoted)
    case .sortedSet(let elements):
      elements.map { "\(RedisCLI.quoted($0.score)) \(RedisCLI.quoted($0.member))" }
    case .stream(let entries):
      entries.map { entry in
        ([RedisCLI.quoted(entry.id)]
          + entry.fields.map { "\(RedisCLI.quoted($0.field)) \(RedisCLI.quoted($0.value))" })
          .joined(separator: " ")
      }
    case .opaque(let type): ["a value of type \(Printable.line(type)), which cannot be shown"]
    case .masked: ["personal data: the value is masked"]
    case .gone: []
    }
  }

  // MARK: JSON

  private static func json(_ inspection: KeyInspection, _ node: NodeID) -> String {
    let summary = inspection.summary
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", "cacheconsole.key")
      json.field("version", UInt64(1))
      json.field("node", node.rawValue)
      json.key("key")
      json.bytes(summary.key.bytes)
      json.field("exists", inspection.value != .gone)
      json.field("type", summary.type)
      switch summary.timeToLive {
      case .milliseconds(let left): json.field("milliseconds_left", left)
      case nil, .persistent, .gone: json.field("milliseconds_left", UInt64?.none)
      }
      json.field("memory_bytes", summary.memoryBytes)
      json.field("encoding", summary.encoding)
      if !summary.notOffered.isEmpty {
        json.key("not_offered")
        json.object { json in
          for figure in KeySummary.Figure.allCases {
            if let reason = summary.notOffered[figure] { json.field(figure.rawValue, reason) }
          }
        }
      }
      json.field("length", inspection.length)
      json.field("masked", inspection.value == .masked)
      json.field("complete", inspection.nextPage == nil)
      json.key("value")
      value(inspection.value, &json)
    }
    return writer.text
  }

  private static func value(_ value: KeyInspection.Value, _ json: inout JSONWriter) {
    switch value {
    case .string(let bytes): json.bytes(bytes)
    case .hash(let pairs):
      json.array { json in
        for pair in pairs {
          json.array { json in
            json.bytes(pair.field)
            json.bytes(pair.value)
          }
        }
      }
    case .list(let elements), .set(let elements):
      json.array { json in for element in elements { json.bytes(element) } }
    case .sortedSet(let elements):
      json.array { json in
        for element in elements {
          json.array { json in
            json.bytes(element.member)
            json.bytes(element.score)
          }
        }
      }
    case .stream(let entries):
      json.array { json in
        for entry in entries {
          json.array { json in
            json.bytes(entry.id)
            for pair in entry.fields {
              json.bytes(pair.field)
              json.bytes(pair.value)
            }
          }
        }
      }
    case .opaque, .masked, .gone: json.value(String?.none)
    }
  }
}
