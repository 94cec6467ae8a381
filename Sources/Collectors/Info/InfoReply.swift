package import ConsoleModel

/// One reply to INFO, read tolerantly: unknown fields are kept, malformed lines are skipped, missing
/// ones are absent. It lives for one poll; what must stay is copied out of it.
package struct InfoReply: Sendable {
  /// More than ten times what the largest server of today sends; the rest of a hostile reply is cut.
  package static let maximumFields = 8192
  /// Bytes kept of one name or value; the longest real one is a module's or a listener's line.
  package static let maximumText = 4096

  package private(set) var document: InfoDocument
  /// Where each field stands; the first of a repeated name wins, as Valkey embeds CLUSTER INFO.
  private var index: [String: (section: Int, field: Int)]

  package init(_ bytes: [UInt8]) {
    document = InfoDocument(sections: [])
    index = [:]
    index.reserveCapacity(256)
    var count = 0
    for var line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      guard count < Self.maximumFields else { break }
      if line.first == UInt8(ascii: "#") {
        line = line.dropFirst().drop { $0 == 0x20 }
        document.sections.append(InfoDocument.Section(name: Self.text(line), fields: []))
        count += 1
        continue
      }
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
        continue
      }
      // A field before any heading, as some proxies send them.
      if document.sections.isEmpty {
        document.sections.append(InfoDocument.Section(name: "", fields: []))
      }
      let section = document.sections.count - 1
      let field = InfoDocument.Field(
        name: Self.text(line[..<colon]), value: Self.text(line[(colon + 1)...]))
      if index[field.name] == nil {
        index[field.name] = (section, document.sections[section].fields.count)
      }
      document.sections[section].fields.append(field)
      count += 1
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix(maximumText), as: UTF8.self)
  }

  package subscript(_ name: String) -> String? {
    guard let at = index[name] else { return nil }
    return document.sections[at.section].fields[at.field].value
  }

  package func unsigned(_ name: String) -> UInt64? { self[name].flatMap(ServerNumber.unsigned) }

  package func real(_ name: String) -> Double? { self[name].flatMap(ServerNumber.real) }

  /// `1` and `0`; anything else is absent.
  package func flag(_ name: String) -> Bool? {
    switch self[name] {
    case "1": return true
    case "0": return false
    default: return nil
    }
  }

  package func fields(of section: String) -> [InfoDocument.Field] {
    document.sections.first { $0.name.lowercased() == section }?.fields ?? []
  }

  /// `calls=1,usec=10` as pairs; parts without `=` are skipped.
  package static func pairs(_ value: String) -> [(name: Substring, value: Substring)] {
    value.split(separator: ",").compactMap { part in
      guard let equals = part.firstIndex(of: "=") else { return nil }
      return (part[..<equals], part[part.index(after: equals)...])
    }
  }
}

extension InfoReply {
  /// Which process answered; nil without a `run_id`, as behind some proxies.
  package var identity: ServerIdentity? {
    guard let runID = self["run_id"], !runID.isEmpty else { return nil }
    return ServerIdentity(
      runID: runID, product: product.name, version: product.version,
      processID: unsigned("process_id"))
  }

  /// Valkey freezes `redis_version` at 7.2.4 and names itself in `server_name`.
  private var product: (name: String, version: String) {
    if let version = self["valkey_version"] { return ("valkey", version) }
    return (self["server_name"] ?? "redis", self["redis_version"] ?? "")
  }

  /// `standalone`, `cluster`, `sentinel`; Valkey renamed the field.
  package var mode: String? { self["redis_mode"] ?? self["server_mode"] }
}
