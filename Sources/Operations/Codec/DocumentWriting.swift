package import ConsoleModel
package import Documents

extension JSONWriter {
  /// RFC 3339 in UTC with microseconds, so that a time comes back as it was.
  package mutating func field(_ name: String, _ time: WallTime) {
    field(name, CivilTime.rfc3339(time, fractionDigits: 6))
  }

  /// Text where the bytes are UTF-8, else `{"base64": …}`.
  package mutating func field(_ name: String, bytes: [UInt8]) {
    key(name)
    self.bytes(bytes)
  }

  package mutating func field(_ name: String, keys: [KeyName]) {
    list(name, keys) { $0.bytes($1.bytes) }
  }

  package mutating func field(_ name: String, texts: [String]) {
    list(name, texts) { $0.value($1) }
  }

  package mutating func list<Element>(
    _ name: String, _ elements: [Element], _ write: (inout JSONWriter, Element) -> Void
  ) {
    key(name)
    array { json in for element in elements { write(&json, element) } }
  }

  package mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    object(body)
  }

  /// A document of ours: schema and version stand first.
  package static func document(
    schema: String, version: Int, _ body: (inout JSONWriter) -> Void
  ) -> String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", schema)
      json.field("version", UInt64(version))
      body(&json)
    }
    return writer.text
  }
}
