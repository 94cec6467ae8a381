private import Documents
package import ConsoleModel
private import Glibc

/// Remembers which server process answered behind which address, so that a change is announced
/// even when it happened between two runs of the console.
///
/// A small JSON file in the state folder (0700), replaced atomically. A broken or foreign file is
/// left alone and nothing is remembered: it is a convenience, never a reason not to start.
package struct IdentityStore: Sendable {
  package static let schema = "cacheconsole.identities"
  package static let version = 1
  /// Servers remembered; the oldest go first.
  static let limit = 1000

  package struct Entry: Sendable, Hashable {
    package var environment: String
    package var node: String
    package var address: String
    package var runID: String
    /// RFC 3339.
    package var seen: String
  }

  private let folder: String
  private var file: String { "\(folder)/identities.json" }

  package init(folder: String) { self.folder = folder }

  package func load() -> [Entry] {
    guard let contents = try? FileReader.read(file),
      let root = try? JSON5Parser.parse(contents.bytes),
      var reader = try? ObjectReader(root, path: "", file: file),
      (try? SchemaHeader.check(&reader, schema: Self.schema, version: Self.version)) != nil,
      case .array(let nodes)? = reader.take("servers")?.value
    else { return [] }
    return nodes.compactMap { node in
      guard var entry = try? ObjectReader(node, path: "servers", file: file),
        let environment = try? entry.string("environment"), let name = try? entry.string("node"),
        let address = try? entry.string("address"), let runID = try? entry.string("run_id"),
        let seen = try? entry.string("seen")
      else { return nil }
      return Entry(
        environment: environment, node: name, address: address, runID: runID, seen: seen)
    }
  }

  /// - Returns: false if it could not be written.
  @discardableResult
  package func save(_ entries: [Entry]) -> Bool {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", Self.schema)
      json.field("version", UInt64(Self.version))
      json.key("servers")
      json.array { json in
        for entry in entries.suffix(Self.limit) {
          json.object { json in
            json.field("environment", entry.environment)
            json.field("node", entry.node)
            json.field("address", entry.address)
            json.field("run_id", entry.runID)
            json.field("seen", entry.seen)
          }
        }
      }
    }
    do throws(DocumentError) {
      try PrivateFolder.make(folder)
      try FileWriter.replace(file, with: writer.text + "\n")
    } catch {
      return false
    }
    return true
  }

  /// Merges what a snapshot shows into what was known.
  ///
  /// - Returns: the new list, and a line for each server whose process changed.
  package static func merge(
    _ known: [Entry], with snapshot: Snapshot
  ) -> (entries: [Entry], changes: [String]) {
    var entries = known
    var changes: [String] = []
    for node in snapshot.nodes {
      guard let identity = node.identity, !identity.runID.isEmpty else { continue }
      let fresh = Entry(
        environment: snapshot.environment.name, node: node.id.rawValue, address: node.address,
        runID: identity.runID, seen: CivilTime.rfc3339(snapshot.at))
      let index = entries.firstIndex {
        $0.environment == fresh.environment && $0.node == fresh.node && $0.address == fresh.address
      }
      guard let index else {
        entries.append(fresh)
        continue
      }
      let old = entries[index]
      guard old.runID != fresh.runID else { continue }
      entries.remove(at: index)
      entries.append(fresh)
      changes.append(
        "\(node.id.rawValue) (\(node.address)) is another server process since \(old.seen):"
          + " run_id \(old.runID.prefix(8)) is now \(fresh.runID.prefix(8))")
    }
    return (entries, changes)
  }
}
