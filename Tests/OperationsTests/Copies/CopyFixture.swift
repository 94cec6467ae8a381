import ConsoleModel
import Documents
import Operations
import TestKit
import Testing

/// Files of copies for the tests.
enum CopyFixture {
  static let operation = "20261125T165512-3f9a0c"
  static let now = WallTime(seconds: 1_795_000_000)

  static func header(_ node: String = "redis-1") -> CopyHeader {
    CopyHeader(
      operation: operation, environment: "shop \"prod\"\n", node: NodeID(node), runID: "abc",
      created: now)
  }

  /// Keys and payloads of many lengths, binary included.
  static func records(_ count: Int, seed: UInt64 = 1) -> [CopyRecord] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { index in
      let size = [0, 1, 7, 300, 5_000, 70_000][index % 6]
      return CopyRecord(
        key: Array("product:\(index):".utf8) + [0, 10, UInt8(truncatingIfNeeded: index)],
        payload: (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) },
        expiresAt: index % 3 == 0 ? nil : 1_795_000_000_000 + Int64(index))
    }
  }

  static func write(_ records: [CopyRecord], to path: String) throws {
    let writer = try CopyWriter(path: path, header: header())
    for record in records {
      try writer.append(
        KeyName(record.key), payload: record.payload, expiresAt: record.expiresAt)
    }
    try writer.finish()
  }

  /// Everything that comes out before the end or an error.
  static func read(
    _ path: String, allowsUnfinished: Bool = false
  ) -> (records: [CopyRecord], isComplete: Bool, error: DocumentError?) {
    var found: [CopyRecord] = []
    do throws(DocumentError) {
      var reader = try CopyReader(path: path, now: now, allowsUnfinished: allowsUnfinished)
      while let record = try reader.next() { found.append(record) }
      return (found, reader.isComplete, nil)
    } catch {
      return (found, false, error)
    }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    try #require(try FileReader.read(path, limit: 64 << 20)).bytes
  }

  /// Writes bytes as they are.
  static func put(_ bytes: [UInt8], _ path: String) throws {
    try AtomicBytes.write(bytes, path)
  }
}
