import ConsoleModel
import Documents
import Glibc
import Operations
import TestKit

/// A trail in a folder of its own, and what a person with an editor can do to it.
struct AuditFixture {
  let folder: TemporaryFolder
  let trail: AuditTrail
  var state: String { folder.path + "/state/cacheconsole" }
  var file: String { state + "/audit.jsonl" }
  var head: String { state + "/audit.head" }

  init() throws {
    folder = try TemporaryFolder()
    trail = AuditTrail(
      folder: folder.path + "/state/cacheconsole", syslogSocket: folder.path + "/no-log")
  }

  static func record(_ event: String, _ number: Int = 0, title: String = "invalidate product:*")
    -> AuditRecord
  {
    AuditRecord(
      event: event, operation: "20261125T165512-3f9a0c", title: title, environment: "shop-prod",
      author: OperationAuthor(
        user: "alice", uid: 1000, role: .operatorRole, host: "ops-1", terminal: "pts/3",
        from: "192.0.2.7", version: "0.1.0"),
      reason: "INC-4711", planHash: "abc", result: "\(number) gone",
      details: [.init("redis-1", "\(number) gone, 0 reborn")])
  }

  @discardableResult
  func append(_ count: Int) -> [AuditReceipt] {
    (0..<count).map { trail.append(Self.record("checkpoint", $0)) }
  }

  func lines() throws -> [String] { try Self.lines(of: file) }

  static func lines(of file: String) throws -> [String] {
    let contents = try FileReader.read(file, limit: 64 << 20)
    return String(decoding: contents?.bytes ?? [], as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  func write(_ lines: [String]) throws {
    try folder.write("state/cacheconsole/audit.jsonl", lines.map { $0 + "\n" }.joined())
  }

  /// Adds bytes to the end, as they are.
  func add(_ text: String) throws {
    let bytes = try FileReader.read(file, limit: 64 << 20)?.bytes ?? []
    try folder.write(
      "state/cacheconsole/audit.jsonl", String(decoding: bytes, as: UTF8.self) + text)
  }

  static func mode(_ path: String) -> UInt32 {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
  }
}

extension AuditReceipt {
  var fileProblem: String? { problems.first { $0.sink == .file }?.text }
}
