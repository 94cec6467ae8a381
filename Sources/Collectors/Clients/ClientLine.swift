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
  package init?(_ bytes: [UInt8], _ line: Range<Int>) {
    var hasID = false
    var at = line.lowerBound
    while at < line.upperBound {
      // A name of up to eight bytes as one number; longer ones are none that is shown.
      var name: UInt64 = 0
      while at < line.upperBound, bytes[at] != UInt8(ascii: "="), bytes[at] != 0x20 {
        name = name << 8 | UInt64(bytes[at])
        at += 1
      }
      let start = at + 1
      while at < line.upperBound, bytes[at] != 0x20 { at += 1 }
      if start <= at, name != 0 {
        if name == Name.id {
          guard let id = ServerNumber.unsigned(bytes[start..<at]) else { return nil }
          self.id = id
          hasID = true
        } else {
          read(name, bytes[start..<at])
        }
      }
      at += 1
    }
    guard hasID else { return nil }
  }

  /// The few fields that are shown, by their bytes: most of the 25 are skipped, and 65,000 lines
  /// are read at a time.
  private enum Name {
    static let id: UInt64 = pack("id")
    static let db: UInt64 = pack("db")
    static let cmd: UInt64 = pack("cmd")
    static let age: UInt64 = pack("age")
    static let addr: UInt64 = pack("addr")
    static let name: UInt64 = pack("name")
    static let user: UInt64 = pack("user")
    static let idle: UInt64 = pack("idle")
    static let omem: UInt64 = pack("omem")
    static let flags: UInt64 = pack("flags")
    static let memory: UInt64 = pack("tot-mem")

    private static func pack(_ text: String) -> UInt64 {
      text.utf8.reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  private mutating func read(_ name: UInt64, _ value: ArraySlice<UInt8>) {
    switch name {
    case Name.addr: address = Self.text(value)
    case Name.name: self.name = Self.text(value)
    case Name.user: user = Self.text(value)
    case Name.cmd: command = Self.text(value)
    case Name.flags: flags = Self.text(value)
    case Name.db: database = ServerNumber.unsigned(value) ?? 0
    case Name.age: ageSeconds = ServerNumber.unsigned(value) ?? 0
    case Name.idle: idleSeconds = ServerNumber.unsigned(value) ?? 0
    case Name.omem: outputBytes = ServerNumber.unsigned(value) ?? 0
    case Name.memory: memoryBytes = ServerNumber.unsigned(value) ?? 0
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
      var end = start
      while end < reply.count, reply[end] != 0x0A { end += 1 }
      if let line = ClientLine(reply, start..<end) { body(line) }
      start = end + 1
    }
  }
}
