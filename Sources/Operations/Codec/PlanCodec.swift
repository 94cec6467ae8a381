package import ConsoleModel
private import Crypto
package import Documents

extension OperationPlan {
  package static let schema = "cacheconsole.plan"
  package static let version = 1

  package var json: String { document(with: hash) }

  package init(json: [UInt8], file: String) throws(DocumentError) {
    self = try ObjectReader.document(
      json, file: file, schema: Self.schema, version: Self.version,
      limit: OperationRequest.maximumDocumentBytes
    ) { reader throws(DocumentError) in
      OperationPlan(
        id: try reader.text("id"),
        request: try reader.object("request") { reader throws(DocumentError) in
          try OperationRequest(&reader)
        },
        environment: try reader.object("environment") {
          reader throws(DocumentError) in
          EnvironmentIdentity(
            name: try reader.text("name"),
            environmentClass: try reader.one(of: "class", EnvironmentClass.self))
        },
        author: try reader.object("author") { reader throws(DocumentError) in
          try OperationAuthor(&reader)
        },
        preview: try reader.object("preview") { reader throws(DocumentError) in
          try OperationPreview(&reader)
        },
        created: try reader.time("created"), hash: try reader.text("hash"))
    }
  }

  /// The same with `hash` set: SHA-256, hexadecimal, over the document without its hash.
  package func hashed() -> OperationPlan {
    var copy = self
    copy.hash = SHA256.hex(document(with: nil))
    return copy
  }

  /// False for a plan that was changed after it was made.
  package var hasItsHash: Bool { !hash.isEmpty && hash == SHA256.hex(document(with: nil)) }

  private func document(with hash: String?) -> String {
    JSONWriter.document(schema: Self.schema, version: Self.version) { json in
      json.field("id", id)
      if let hash { json.field("hash", hash) }
      json.field("created", created)
      json.object("environment") { json in
        json.field("name", environment.name)
        json.field("class", environment.environmentClass.rawValue)
      }
      json.object("author") { author.write(to: &$0) }
      json.object("request") { request.write(to: &$0) }
      json.object("preview") { preview.write(to: &$0) }
    }
  }
}

extension OperationAuthor {
  func write(to json: inout JSONWriter) {
    json.field("user", user)
    json.field("uid", UInt64(uid))
    json.field("role", role.rawValue)
    json.field("host", host)
    json.field("terminal", terminal)
    json.field("from", from)
    json.field("version", version)
  }

  init(_ reader: inout ObjectReader) throws(DocumentError) {
    let uid = try reader.count("uid")
    guard let uid = UInt32(exactly: uid) else {
      throw reader.failure("'uid' \(uid) is no user's number")
    }
    self.init(
      user: try reader.text("user"), uid: uid, role: try reader.one(of: "role", Role.self),
      host: try reader.text("host"), terminal: try reader.text("terminal"),
      from: try reader.text("from"), version: try reader.text("version"))
  }
}
