/// One line of CLIENT LIST.
package struct ClientLine: Sendable, Hashable {
  package var id: UInt64 = 0
  package var address = ""
  package var name = ""
  package var user = ""
  package var command = ""
  package var flags = ""
  package var database: UInt64 = 0
  package var ageSeconds: UInt64 = 0
  package var idleSeconds: UInt64 = 0
  package var outputBytes: UInt64 = 0
  package var memoryBytes: UInt64 = 0

  /// Bytes kept of one value; a client may name itself with as many as it likes.
  private static let maximumText = 128

  /// `id=3 addr=127.0.0.1:50012 name= age=7 …`; nil without an id. Values hold no spaces: servers
  /// refuse names that do.
  package init?(_ line: ArraySlice<UInt8>) {
    var id: UInt64?
    var start = line.startIndex
    while start < line.endIndex {
      let end = line[start...].firstIndex(of: 0x20) ?? line.endIndex
      if let equals = line[start..<end].firstIndex(of: UInt8(ascii: "=")) {
        let name = line[start..<equals]
        let value = line[(equals + 1)..<end]
        if name.elementsEqual("id".utf8) {
          id = ServerNumber.unsigned(value)
        } else {
          read(name, value)
        }
      }
      start = end < line.endIndex ? end + 1 : end
    }
    guard let id else { return nil }
    self.id = id
  }

  private mutating func read(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
    // The few fields that are shown; compared as bytes, since most of the 25 are skipped.
    switch name.count {
    case 2 where name.elementsEqual("db".utf8): database = ServerNumber.unsigned(value) ?? 0
    case 3 where name.elementsEqual("cmd".utf8): command = Self.text(value)
    case 3 where name.elementsEqual("age".utf8): ageSeconds = ServerNumber.unsigned(value) ?? 0
    case 4 where name.elementsEqual("addr".utf8): address = Self.text(value)
    case 4 where name.elementsEqual("name".utf8): self.name = Self.text(value)
    case 4 where name.elementsEqual("user".utf8): user = Self.text(value)
    case 4 where name.elementsEqual("idle".utf8): idleSeconds = ServerNumber.unsigned(value) ?? 0
    case 4 where name.elementsEqual("omem".utf8): outputBytes = ServerNumber.unsigned(value) ?? 0
    case 5 where name.elementsEqual("flags".utf8): flags = Self.text(value)
    case 7 where name.elementsEqual("tot-mem".utf8): memoryBytes = ServerNumber.unsigned(value) ?? 0
    default: break
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix(maximumText), as: UTF8.self)
  }

  /// The address without its port; a Unix socket's `path:0` without the `:0`.
  package var host: Substring {
    address.lastIndex(of: ":").map { address[..<$0] } ?? address[...]
  }

  /// Hands each line of a reply to `body`, one at a time.
  package static func forEach(in reply: [UInt8], _ body: (ClientLine) -> Void) {
    var start = 0
    while start < reply.count {
      let end = reply[start...].firstIndex(of: 0x0A) ?? reply.count
      if let line = ClientLine(reply[start..<end]) { body(line) }
      start = end + 1
    }
  }
}
