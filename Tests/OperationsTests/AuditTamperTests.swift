import ConsoleModel
import Crypto
import Documents
import Glibc
import Operations
import TestKit
import Testing

/// What a person with an editor does to the trail is found, at the line where it was done.
@Suite(.serialized, .blocking) struct AuditTamperTests {
  private let fixture: AuditFixture

  init() throws {
    fixture = try AuditFixture()
    fixture.append(6)
  }

  /// What is found, before and after more appends: a break stays visible.
  private func expect(
    _ line: UInt64, _ damage: AuditVerification.Damage,
    afterAppend: (UInt64, AuditVerification.Damage)? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let found = fixture.trail.verify()
    #expect(
      found.broken?.line == line && found.broken?.damage == damage, "\(found.text)",
      sourceLocation: sourceLocation)
    let receipt = fixture.append(1)[0]
    #expect(receipt.taken == [.file], sourceLocation: sourceLocation)
    let later = fixture.trail.verify()
    let (laterLine, laterDamage) = afterAppend ?? (line, damage)
    #expect(
      later.broken?.line == laterLine && later.broken?.damage == laterDamage, "\(later.text)",
      sourceLocation: sourceLocation)
    // A second one must not hide it either.
    fixture.append(1)
    #expect(fixture.trail.verify().broken == later.broken, sourceLocation: sourceLocation)
  }

  @Test(arguments: [1, 3, 6]) func `an altered byte`(number: Int) throws {
    var lines = try fixture.lines()
    let at = try #require(lines[number - 1].firstRange(of: "alice"))
    lines[number - 1].replaceSubrange(at, with: "malice")
    try fixture.write(lines)
    expect(UInt64(number), .altered)
    #expect(fixture.trail.verify().intact == UInt64(number - 1))
  }

  @Test func `every single byte of a line counts`() throws {
    let lines = try fixture.lines()
    let bytes = Array(lines[2].utf8)
    for index in stride(from: 0, to: bytes.count, by: 7) {
      var altered = bytes
      altered[index] ^= 1
      var changed = lines
      changed[2] = String(decoding: altered, as: UTF8.self)
      try fixture.write(changed)
      let found = fixture.trail.verify()
      #expect(found.broken?.line == 3 && found.intact == 2, "byte \(index): \(found.text)")
    }
  }

  @Test func `a line altered together with its own hash`() throws {
    var lines = try fixture.lines()
    lines[2] = Self.forged(lines[2], "alice", "mallory")
    try fixture.write(lines)
    expect(4, .altered)
  }

  @Test func `the last line altered together with its own hash`() throws {
    var lines = try fixture.lines()
    lines[5] = Self.forged(lines[5], "alice", "mallory")
    try fixture.write(lines)
    expect(6, .altered, afterAppend: (7, .altered))
  }

  @Test func `a line removed from the middle`() throws {
    var lines = try fixture.lines()
    lines.remove(at: 2)
    try fixture.write(lines)
    expect(3, .removed)
  }

  @Test func `the first line removed`() throws {
    try fixture.write(Array(try fixture.lines().dropFirst()))
    expect(1, .removed)
  }

  @Test(arguments: [1, 3, 6]) func `the tail removed`(count: Int) throws {
    try fixture.write(Array(try fixture.lines().dropLast(count)))
    let line = UInt64(7 - count)
    expect(line, .truncated, afterAppend: (line, .removed))
  }

  @Test func `the file removed`() throws {
    _ = unsafe unlink(fixture.file)
    expect(1, .truncated, afterAppend: (1, .removed))
  }

  @Test func `the last line cut`() throws {
    let lines = try fixture.lines()
    try fixture.write(lines.dropLast())
    try fixture.add(String(lines[5].prefix(100)))
    let found = fixture.trail.verify()
    #expect(found.broken?.line == 6 && found.broken?.damage == .truncated, "\(found.text)")
    fixture.append(1)
    #expect(fixture.trail.verify().broken?.line == 6)
  }

  @Test func `two lines swapped`() throws {
    var lines = try fixture.lines()
    lines.swapAt(2, 3)
    try fixture.write(lines)
    expect(3, .removed)
  }

  @Test func `a forged line at the end that fits the chain`() throws {
    let last = try #require(try fixture.lines().last)
    let hash = String(last.suffix(66).dropLast(2))
    let previous = String(last.dropLast(75).suffix(65).dropLast())
    let forged = Self.rehashed(
      last.replacing("\"seq\":6", with: "\"seq\":7").replacing(previous, with: hash))
    try fixture.add(forged + "\n")
    let found = fixture.trail.verify()
    #expect(found.broken?.line == 7 && found.broken?.damage == .inserted, "\(found.text)")
    let receipt = fixture.append(1)[0]
    #expect(receipt.fileProblem?.contains("tampered with") == true)
    let later = fixture.trail.verify()
    #expect(later.broken?.line == 7 && later.broken?.damage == .inserted, "\(later.text)")
  }

  @Test func `text put between`() throws {
    var lines = try fixture.lines()
    lines.insert("# nothing happened here", at: 3)
    try fixture.write(lines)
    expect(4, .inserted)
  }

  @Test(arguments: ["\n", "# x\n", "{\"schema\":\"other\"}\n\n"])
  func `text put behind`(text: String) throws {
    try fixture.add(text)
    expect(7, .inserted)
  }

  @Test func `a line that stands twice`() throws {
    var lines = try fixture.lines()
    lines.insert(lines[2], at: 3)
    try fixture.write(lines)
    expect(4, .inserted)
  }

  @Test func `the head removed or written over`() throws {
    _ = unsafe unlink(fixture.head)
    expect(7, .unproven)
    let receipt = fixture.append(1)[0]
    #expect(receipt.fileProblem == nil, "the head is there again")
    try fixture.folder.write("state/cacheconsole/audit.head", "{}")
    #expect(fixture.append(1)[0].fileProblem?.contains("audit.head") == true)
  }

  @Test func `a line of a newer program is named as that`() throws {
    try fixture.add(
      try #require(try fixture.lines().last).replacing("\"version\":1", with: "\"version\":2")
        + "\n")
    let found = fixture.trail.verify()
    #expect(found.broken?.line == 7 && found.broken?.damage == .unreadable, "\(found.text)")
    #expect(found.text.contains("a newer cacheconsole wrote it"))
  }

  @Test func `bytes of any kind do no harm`() throws {
    var random = SplitMix64(seed: 4711)
    for _ in 0..<60 {
      let length = Int(random.next() % 3000)
      let noise = (0..<length).map { _ in Character(Unicode.Scalar(UInt8(random.next() % 128))) }
      try fixture.write(["x"])
      try fixture.add(String(noise))
      #expect(!fixture.trail.verify().isIntact)
      _ = fixture.trail.recent(limit: 10)
    }
    // One line without an end, longer than any that we write.
    try fixture.write([String(repeating: "[", count: 3 << 20)])
    #expect(!fixture.trail.verify().isIntact)
    #expect(fixture.trail.recent(limit: 10).problems.isEmpty == false)
    #expect(fixture.append(1)[0].taken == [.file])
  }

  // MARK: Forging

  private static func forged(_ line: String, _ old: String, _ new: String) -> String {
    rehashed(line.replacing(old, with: new))
  }

  /// A hash that fits the line's own `prev`.
  private static func rehashed(_ line: String) -> String {
    let body = String(line.dropLast(",\"hash\":\"\"}".utf8.count + 64))
    let previous = String(body.suffix(65).dropLast())
    let before = previous.utf8.allSatisfy { $0 != UInt8(ascii: "\"") } ? previous : ""
    return body + ",\"hash\":\"\(SHA256.hex(before + body + "}"))\"}"
  }
}
