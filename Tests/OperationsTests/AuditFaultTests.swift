import ConsoleModel
import Documents
import Glibc
import Operations
import TestKit
import Testing

/// Full disks, rights, file systems without locks, and processes that are killed while they append.
@Suite(.serialized, .blocking) struct AuditFaultTests {
  private let fixture: AuditFixture

  init() throws { fixture = try AuditFixture() }

  /// Beside the tests themselves.
  static func probe() throws -> String {
    for file in CommandLine.arguments {
      guard let slash = file.lastIndex(of: "/") else { continue }
      let path = "\(file[..<slash])/AuditProbe"
      if unsafe access(path, X_OK) == 0 { return path }
    }
    throw TestKitError("AuditProbe is not built: swift build --build-tests")
  }

  // MARK: Killed while appending

  @Test func `kill -9 at any moment loses nothing that was said to be written`() throws {
    let probe = try Self.probe()
    var said: [UInt64: String] = [:]
    for round in 0..<12 {
      let writers = try (0..<2).map {
        try ChildProcess(probe, [fixture.state, "w\(round)-\($0)", "100000"])
      }
      // Another moment of its work each time: so many lines, and then so many spins.
      #expect(Eventually.holds(within: 20) { writers.allSatisfy { $0.outputLines.count > round } })
      for _ in 0..<(round * 37) { sched_yield() }
      for writer in writers { writer.send(SIGKILL) }
      for writer in writers {
        #expect(writer.wait(within: 5) == .signal(SIGKILL))
        for line in writer.outputLines {
          let words = line.split(separator: " ")
          let number = try #require(words.first.flatMap { UInt64($0) })
          #expect(number > 0 && words.count >= 2, "\(line)")
          #expect(said.updateValue(String(words[1]), forKey: number) == nil, "\(number) twice")
        }
      }
      let verification = fixture.trail.verify()
      #expect(verification.isIntact, "\(verification.text)")
    }
    let lines = fixture.trail.recent(limit: 1_000_000).entries
    let hashes = Dictionary(uniqueKeysWithValues: lines.map { ($0.sequence, $0.hash) })
    #expect(said.count >= 12 && said.allSatisfy { hashes[$0.key] == $0.value })
  }

  /// Every place at which a write can end, played: the head says what was about to be written.
  @Test func `a write that is cut off anywhere is told from tampering and keeps its place`() throws
  {
    fixture.append(3)
    let before = try #require(try FileReader.read(fixture.head)).bytes
    let text = try fixture.lines()
    let next = fixture.append(1)[0]
    let intent = String(decoding: before, as: UTF8.self).replacing(
      "\"}", with: "\",\"next_seq\":4,\"next_hash\":\"\(next.entry.hash)\"}")
    let padded = String(intent.prefix { $0 != "\n" }.prefix(511)) + "\n"
    let whole = Array((next.line + "\n").utf8)
    for length in [0, 1, 50, whole.count / 2, whole.count - 2, whole.count - 1, whole.count] {
      let piece = String(decoding: whole.prefix(length), as: UTF8.self)
      try fixture.write(text)
      try fixture.add(piece)
      try fixture.folder.write("state/cacheconsole/audit.head", padded)
      let isThere = length >= whole.count - 1
      let isTorn = length > 0 && !isThere
      let found = fixture.trail.verify()
      #expect(found.isIntact && found.intact == (isThere ? 4 : 3), "\(length): \(found.text)")
      #expect(found.torn == (isTorn ? [4] : []), "\(length): \(found.text)")
      let receipt = fixture.append(1)[0]
      #expect(receipt.entry.sequence == (isThere ? 5 : 4))
      #expect((receipt.fileProblem?.contains("was cut off") ?? false) == isTorn)
      fixture.append(1)
      let later = fixture.trail.verify()
      #expect(later.isIntact && later.intact == (isThere ? 6 : 5), "\(length): \(later.text)")
      #expect(later.torn == found.torn)
      // The piece stays, byte for byte.
      #expect(
        try fixture.lines()[3] == (length == 0 ? receipt.line : piece.replacing("\n", with: "")))
    }
  }

  @Test func `a piece that another crash left behind stays provable, and its removal shows`() throws
  {
    fixture.append(2)
    try fixture.add("{\"schema\":\"cacheconsole.audit\",\"ver")
    fixture.append(1)
    #expect(fixture.trail.verify().torn == [3])
    var lines = try fixture.lines()
    lines[2] += "x"
    try fixture.write(lines)
    #expect(fixture.trail.verify().broken?.line == 3)
    lines.remove(at: 2)
    try fixture.write(lines)
    let found = fixture.trail.verify().broken
    #expect(found?.line == 3 && found?.damage == .removed)
  }

  // MARK: The system says no

  @Test func `a limit of file sizes takes back half a line and names the limit`() throws {
    let result = try ChildProcess.run(
      try Self.probe(), [fixture.state, "limited", "40", "20000"], within: 20)
    #expect(result.exit == .code(0), "\(result.error)")
    let lines = result.output.split(separator: "\n")
    let refused = lines.filter { $0.hasPrefix("0 ") }
    #expect(lines.count == 40 && refused.count > 5 && refused.count < 40)
    #expect(refused.allSatisfy { $0.contains("File too large; the limit of file sizes") })
    let found = fixture.trail.verify()
    #expect(found.isIntact && found.torn.isEmpty, "\(found.text)")
    #expect(found.intact == UInt64(40 - refused.count))
    fixture.append(1)
    #expect(fixture.trail.verify().isIntact)
  }

  @Test(.enabled(if: TinyDisk.isOffered, "needs the right to mount"))
  func `a full disk is named, and when there is space again the chain goes on`() throws {
    let disk = try TinyDisk(in: fixture.folder, bytes: 128 << 10)
    let trail = AuditTrail(folder: disk.path + "/state", syslogSocket: "/nonexistent")
    #expect(trail.append(AuditFixture.record("first")).taken == [.file])
    try disk.fill()
    var refused = 0
    for number in 0..<40 {
      let receipt = trail.append(AuditFixture.record("more", number))
      guard receipt.isDetached else { continue }
      refused += 1
      let text = receipt.fileProblem ?? ""
      #expect(text.contains("audit.jsonl: No space left on device; free some space"), "\(text)")
    }
    #expect(refused > 0)
    #expect(trail.verify().isIntact)
    disk.clear()
    #expect(trail.append(AuditFixture.record("last")).taken == [.file])
    let found = trail.verify()
    #expect(found.isIntact && found.intact == UInt64(42 - refused), "\(found.text)")
    try disk.remount("ro")
    let text = trail.append(AuditFixture.record("never")).fileProblem ?? ""
    #expect(text.contains("Read-only file system; mount it for writing"), "\(text)")
    #expect(trail.verify() == found && trail.recent(limit: 1).problems.isEmpty)
  }

  @Test func `a file system without locks is refused with what to do`() throws {
    fixture.append(1)
    for code in [ENOLCK, EOPNOTSUPP, ENOSYS] {
      let trail = AuditTrail(
        folder: fixture.state, syslogSocket: "/nonexistent", lock: { _, _ in code })
      let text = trail.append(AuditFixture.record("x")).fileProblem ?? ""
      #expect(text.contains("has no locks") && text.contains("XDG_STATE_HOME"), "\(text)")
    }
    #expect(fixture.trail.verify().intact == 1)
  }

  @Test(arguments: [
    ("rw,vers=3,nolock", true), ("rw,local_lock=all,addr=1", true), ("rw,local_lock=flock", true),
    ("rw,vers=4.2,local_lock=none", false), ("rw,local_lock=posix", false),
  ])
  func `locks of NFS that hold on one machine only are none`(options: String, isLocal: Bool) {
    let mounts = """
      22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,nolock
      40 22 0:50 / /home rw shared:2 master:1 - nfs4 server:/home \(options)
      41 40 0:51 / /home/a\\040b rw - tmpfs tmpfs rw
      42 22 broken

      """
    let file = "/.local/state/cacheconsole/audit.jsonl"
    #expect(NetworkLocks.areLocal(file: "/home/alice" + file, mounts: mounts) == isLocal)
    #expect(!NetworkLocks.areLocal(file: "/home/a b" + file, mounts: mounts))
    #expect(!NetworkLocks.areLocal(file: "/homes" + file, mounts: mounts))
  }

  @Test func `rights of others are taken away`() throws {
    fixture.append(1)
    unsafe chmod(fixture.file, 0o666)
    unsafe chmod(fixture.state, 0o777)
    #expect(fixture.append(1)[0].taken == [.file])
    #expect(AuditFixture.mode(fixture.file) == 0o600 && AuditFixture.mode(fixture.state) == 0o700)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root to give files away"))
  func `another user's trail or folder is refused by name`() throws {
    fixture.append(1)
    unsafe chown(fixture.file, 4711, 4711)
    let file = fixture.append(1)[0].fileProblem ?? ""
    #expect(file.contains("audit.jsonl belongs to user 4711"), "\(file)")
    unsafe chown(fixture.file, 0, 0)
    unsafe chown(fixture.state, 4711, 4711)
    let folder = fixture.append(1)[0].fileProblem ?? ""
    #expect(folder.contains("cacheconsole belongs to user 4711"), "\(folder)")
  }

  @Test func `links, folders and pipes in its place are refused and not followed`() throws {
    fixture.append(1)
    let away = fixture.folder.file("elsewhere")
    _ = unsafe unlink(fixture.file)
    unsafe symlink(away, fixture.file)
    #expect(fixture.append(1)[0].fileProblem?.contains("symbolic link") == true)
    #expect(unsafe access(away, F_OK) != 0)
    _ = unsafe unlink(fixture.file)
    unsafe mkfifo(fixture.file, 0o600)
    #expect(fixture.append(1)[0].fileProblem?.contains("not a regular file") == true)
    _ = unsafe unlink(fixture.file)
    unsafe mkdir(fixture.file, 0o700)
    #expect(fixture.append(1)[0].fileProblem?.contains("Is a directory") == true)
    #expect(!fixture.trail.verify().isIntact)
  }
}

/// A small file system in memory.
private final class TinyDisk: Sendable {
  let path: String

  /// True where this process may mount one.
  static let isOffered: Bool = {
    guard let folder = try? TemporaryFolder(), let disk = try? TinyDisk(in: folder, bytes: 65_536)
    else { return false }
    return !disk.path.isEmpty
  }()

  init(in folder: TemporaryFolder, bytes: Int) throws {
    path = folder.file("disk")
    unsafe mkdir(path, 0o700)
    try Self.run("mount", ["-t", "tmpfs", "-o", "size=\(bytes),mode=700", "tmpfs", path])
  }

  deinit { try? Self.run("umount", ["-l", path]) }

  func remount(_ option: String) throws {
    try Self.run("mount", ["-o", "remount,\(option)", path])
  }

  /// Until nothing fits any more.
  func fill() throws {
    let descriptor = unsafe open(path + "/ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw TestKitError("no ballast: error \(errno)") }
    let chunk = [UInt8](repeating: 1, count: 4096)
    while unsafe write(descriptor, chunk, chunk.count) > 0 {}
    close(descriptor)
  }

  func clear() { _ = unsafe unlink(path + "/ballast") }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let result = try ChildProcess.run(program, arguments)
    guard result.exit == .code(0) else { throw TestKitError("\(program): \(result.error)") }
  }
}
