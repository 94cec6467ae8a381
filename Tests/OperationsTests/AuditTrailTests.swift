import ConsoleModel
import Crypto
import Documents
import Glibc
import Operations
import Synchronization
import TestKit
import Testing

@Suite(.serialized, .blocking) struct AuditTrailTests {
  private let fixture: AuditFixture

  init() throws { fixture = try AuditFixture() }

  @Test func `a record is one line that says who, from where, why, what and with which result`()
    throws
  {
    let receipt = fixture.trail.append(AuditFixture.record("finished", 12))
    #expect(receipt.taken == [.file])
    let line = try #require(try fixture.lines().first)
    #expect(line == receipt.line)
    #expect(
      line.hasPrefix(#"{"schema":"cacheconsole.audit","version":1,"seq":1,"at":"20"#), "\(line)")
    let value = try JSONValue(parsing: line)
    for (name, expected) in [
      ("event", "finished"), ("operation", "20261125T165512-3f9a0c"),
      ("title", "invalidate product:*"), ("environment", "shop-prod"), ("reason", "INC-4711"),
      ("plan_hash", "abc"), ("result", "12 gone"), ("prev", ""), ("hash", receipt.entry.hash),
    ] { #expect(value[name]?.string == expected, "\(name)") }
    let author = value["author"]
    for (name, expected) in [
      ("user", "alice"), ("role", "operator"), ("host", "ops-1"), ("terminal", "pts/3"),
      ("from", "192.0.2.7"), ("version", "0.1.0"),
    ] { #expect(author?[name]?.string == expected, "\(name)") }
    #expect(author?["uid"]?.number == 1000)
    #expect(value["details"]?[0]?["name"]?.string == "redis-1")
    #expect(value["details"]?[0]?["value"]?.string == "12 gone, 0 reborn")
    #expect(AuditFixture.mode(fixture.file) == 0o600)
    #expect(AuditFixture.mode(fixture.head) == 0o600)
    #expect(AuditFixture.mode(fixture.state) == 0o700)
  }

  @Test func `each hash is the SHA-256 of the one before and the line without it`() throws {
    fixture.append(3)
    var previous = ""
    for line in try fixture.lines() {
      let mark = try #require(line.firstRange(of: ",\"hash\":\""))
      let hash = String(line[mark.upperBound...].dropLast(2))
      #expect(SHA256.hex(previous + line[..<mark.lowerBound] + "}") == hash)
      #expect(line.contains("\"prev\":\"\(previous)\""))
      previous = hash
    }
    let verification = fixture.trail.verify()
    #expect(verification.intact == 3 && verification.isIntact, "\(verification.text)")
  }

  @Test func `the newest entries are read from the end`() throws {
    fixture.append(50)
    let (entries, problems) = fixture.trail.recent(limit: 7)
    #expect(problems.isEmpty)
    #expect(entries.map(\.sequence) == [50, 49, 48, 47, 46, 45, 44])
    #expect(entries.first?.result == "49 gone")
    #expect(entries.first?.user == "alice")
    #expect(fixture.trail.recent(limit: 1000).entries.count == 50)
  }

  @Test func `without a trail there is nothing and nothing is wrong`() {
    #expect(fixture.trail.recent(limit: 5).entries.isEmpty)
    #expect(fixture.trail.recent(limit: 5).problems.isEmpty)
    #expect(fixture.trail.verify().isIntact && fixture.trail.verify().intact == 0)
  }

  @Test(arguments: [
    ("key\nwith\r\n lines", 1), ("\u{1B}[31m\u{0}\u{7F}", 1), ("\u{202E}\u{2028}\u{FEFF}", 1),
    ("\"}\\,\"hash\":\"", 1), ("ü\u{1}", 10_000), ("\u{10FFFF}\u{E000}", 1),
  ])
  func `no text breaks a line or the chain`(part: String, count: Int) throws {
    let text = String(repeating: part, count: count)
    var record = AuditFixture.record("planned", title: "invalidate \(text)")
    record.reason = text
    record.author.user = text
    record.details = (0..<500).map { .init("\(text)\($0)", text) }
    let receipt = fixture.trail.append(record)
    fixture.append(1)
    #expect(receipt.taken == [.file])
    let lines = try fixture.lines()
    #expect(lines.count == 2)
    #expect(lines[0].utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    #expect(lines[0].utf8.count < 512 << 10)
    let verification = fixture.trail.verify()
    #expect(verification.isIntact && verification.intact == 2, "\(verification.text)")
    if text.utf8.count < 1000 {
      #expect(fixture.trail.recent(limit: 2).entries.last?.reason == text)
    }
  }

  /// A trail of version 1, hashed by another program (Python's hashlib), stays readable.
  @Test func `a trail of version 1 verifies and goes on`() throws {
    for name in ["audit.jsonl", "audit.head"] {
      let path =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/") + "/Fixtures/audit-1/\(name)"
      let bytes = try #require(try FileReader.read(path)).bytes
      _ = try ChildProcess.run("mkdir", ["-p", "-m", "700", fixture.state])
      try fixture.folder.write(
        "state/cacheconsole/\(name)", String(decoding: bytes, as: UTF8.self))
    }
    #expect(fixture.trail.verify().intact == 2 && fixture.trail.verify().isIntact)
    let entry = try #require(fixture.trail.recent(limit: 1).entries.first)
    #expect(entry.event == "finished" && entry.user == "alice" && entry.from == "192.0.2.7")
    #expect(CivilTime.rfc3339(entry.at) == "2026-11-25T16:55:12.250Z")
    #expect(fixture.append(1)[0].entry.sequence == 3)
    #expect(fixture.trail.verify().intact == 3)
  }

  @Test func `eight at once make one intact chain`() throws {
    let left = Atomic(8)
    let failed = Mutex<[String]>([])
    let trail = fixture.trail
    for writer in 0..<8 {
      BackgroundThread.start {
        for number in 0..<200 {
          let receipt = trail.append(AuditFixture.record("writer-\(writer)", number))
          if let problem = receipt.fileProblem { failed.withLock { $0.append(problem) } }
        }
        left.subtract(1, ordering: .releasing)
      }
    }
    #expect(Eventually.holds(within: 120) { left.load(ordering: .acquiring) == 0 })
    #expect(failed.withLock { $0 } == [])
    let verification = trail.verify()
    #expect(verification.isIntact && verification.intact == 1600, "\(verification.text)")
    let entries = trail.recent(limit: 2000).entries
    #expect(entries.map(\.sequence) == (1...1600).reversed().map { UInt64($0) })
    for writer in 0..<8 {
      let own = entries.filter { $0.event == "writer-\(writer)" }.reversed().map(\.result)
      #expect(own == (0..<200).map { "\($0) gone" })
    }
    #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.at >= $1.at })
  }

  @Test func `what could not be written is recorded later, with its own time`() throws {
    try fixture.folder.write("state", "in the way")
    let broken = fixture.trail.append(AuditFixture.record("break-glass", 7))
    #expect(broken.taken == [] && broken.isDetached)
    #expect(broken.fileProblem?.contains("Not a directory") == true, "\(broken.problems)")
    let value = try JSONValue(parsing: broken.line)
    #expect(value["seq"]?.number == 0 && value["chain"]?.string == "detached")
    #expect(unsafe unlink(fixture.folder.path + "/state") == 0)
    fixture.append(1)
    let late = try fixture.trail.append(late: broken.line)
    #expect(late.taken == [.file] && late.entry.sequence == 2)
    #expect(late.entry.event == "break-glass" && late.entry.result == "7 gone")
    #expect(CivilTime.rfc3339(late.entry.at) == CivilTime.rfc3339(broken.entry.at))
    #expect(try JSONValue(parsing: late.line)["late"]?.string == broken.entry.hash)
    #expect(fixture.trail.verify().isIntact)
    for wrong in ["", "{}", late.line, String(broken.line.dropLast(3)), broken.line + " "] {
      #expect(throws: AuditProblem.self) { try fixture.trail.append(late: wrong) }
    }
  }

  @Test func `syslog gets the line as a datagram of RFC 3164`() throws {
    let log = try SyslogSocket(fixture.folder.file("log"))
    let trail = AuditTrail(folder: fixture.state, syslogSocket: log.path)
    let receipt = trail.append(AuditFixture.record("started"))
    #expect(receipt.taken == [.file, .syslog] && receipt.problems.isEmpty)
    let message = try log.receive()
    let header = #/<85>[A-Z][a-z][a-z] [ 0-9]\d \d\d:\d\d:\d\d cacheconsole\[(\d+)\]: /#
    let match = try #require(message.prefixMatch(of: header), "\(message)")
    #expect(match.1 == "\(getpid())")
    #expect(message[match.range.upperBound...] == receipt.line)
    // A line that no log would keep whole is named instead.
    var long = AuditFixture.record("started")
    long.details = (0..<2000).map { .init("redis-\($0)", "0 gone, 0 reborn") }
    let second = trail.append(long)
    #expect(second.taken == [.file, .syslog])
    let short = try log.receive()
    #expect(short.utf8.count < 8000)
    let body = try JSONValue(parsing: String(short[short.firstIndex(of: "{")!...]))
    #expect(body["hash"]?.string == second.entry.hash && body["seq"]?.number == 2)
  }

  @Test func `without a log the file alone takes it, and the problem says what to do`() {
    let receipt = fixture.append(1)[0]
    #expect(receipt.taken == [.file])
    #expect(receipt.problems.map(\.sink) == [.syslog])
    let text = receipt.problems[0].text
    #expect(text.contains("no-log: No such file or directory; no log service runs here"), "\(text)")
    // The file's loss leaves syslog.
    let elsewhere = AuditTrail(folder: "/proc/nowhere", syslogSocket: "/nonexistent")
    let neither = elsewhere.append(AuditFixture.record("started"))
    #expect(neither.taken.isEmpty && neither.problems.map(\.sink) == [.file, .syslog])
  }
}

/// What listens at /dev/log elsewhere.
private final class SyslogSocket: Sendable {
  let path: String
  private let descriptor: Int32

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) {
      unsafe $0.copyBytes(from: Array(path.utf8))
    }
    let code = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard code == 0 else { throw TestKitError("bind \(path): error \(errno)") }
  }

  deinit { close(descriptor) }

  func receive() throws -> String {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw TestKitError("nothing came to the log") }
    return String(decoding: buffer.prefix(count), as: UTF8.self)
  }
}
