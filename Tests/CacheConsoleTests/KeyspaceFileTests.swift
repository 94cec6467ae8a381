import CacheConsole
import Collectors
import ConsoleModel
import Documents
import Redis
import TestKit
import Testing

/// The state of an analysis that ended early, on disk.
@Suite struct KeyspaceFileTests {
  private static func file() -> KeyspaceFile {
    var order = KeyspaceOrder()
    order.pattern = [0x61, 0xFF, 0x2A]
    _ = order.set(.ttl, "<60")
    _ = order.set(.type, "hash,set")
    order.depth = 3
    return KeyspaceFile(
      environment: "shop", order: order,
      checkpoint: KeyspaceCheckpoint(
        walks: [
          .init(
            node: NodeID("a"), size: UInt64.max, isDone: false,
            point: Scanner.Point(
              runID: "0123abc", cursor: Array("18446744073709551615".utf8), visited: 7)),
          .init(node: NodeID("b"), size: 3, isDone: true, point: nil),
        ],
        tally: .init(
          prefixes: [
            .init(parent: 0, name: [], keys: 9, bytes: UInt64.max, otherKeys: 1, otherBytes: 2),
            .init(
              parent: 0, name: [0x1B, 0xFF, 0x3A], keys: 4, bytes: 5, otherKeys: 0, otherBytes: 0),
          ],
          bigKeys: [
            .init(node: NodeID("a"), key: KeyName([0, 0xE2, 0x80]), type: "hash", bytes: 1 << 60)
          ],
          types: [.init(name: "hash", keys: 1, bytes: 2)],
          lives: [.init(name: "", keys: 3, bytes: 4)])))
  }

  private static let name = "20261126T065512-3f9a0c"

  @Test func `what was saved is read back, byte for byte`() throws {
    let folder = try TemporaryFolder()
    let file = Self.file()
    try file.save(as: Self.name, in: folder.path)
    let read = try #require(try KeyspaceFile.load(Self.name, in: folder.path))
    #expect(read.environment == file.environment && read.order == file.order)
    #expect(read.checkpoint == file.checkpoint)
    let contents = try #require(
      try FileReader.read("\(folder.path)/keyspace/\(Self.name).json"))
    #expect(contents.mode == 0o600)
    KeyspaceFile.remove(Self.name, in: folder.path)
    #expect(try KeyspaceFile.load(Self.name, in: folder.path) == nil)
  }

  @Test func `only the newest are kept`() throws {
    let folder = try TemporaryFolder()
    for number in 10..<40 {
      try Self.file().save(as: "20261126T0655\(number)-3f9a0c", in: folder.path)
    }
    let names = KeyspaceFile.names(in: folder.path)
    #expect(names.count == 20 && names.last == "20261126T065539-3f9a0c")
  }

  @Test func `a file that was damaged is an error that names it`() throws {
    let text = Self.file().json
    for (old, new) in [
      (#""version":1"#, #""version":9"#), (#""depth":3"#, #""depth":99"#),
      (#""ttl":"<60""#, #""ttl":"soon""#), (#""cursor":"18446744073709551615""#, #""cursor":"x""#),
      (#""keys":4"#, #""keys":-4"#), (#""done":true"#, #""done":7"#), ("{", "["),
    ] {
      #expect(text.contains(old))
      let broken = text.replacing(old, with: new, maxReplacements: 1)
      #expect(throws: DocumentError.self, "\(old)") {
        try KeyspaceFile(json: Array(broken.utf8), file: "f.json")
      }
    }
  }
}
