import ConsoleModel
import Documents
import Operations
import TestKit
import Testing

@Suite(.blocking) struct CopyStoreTests {
  @Test func `each operation and server has a private file in a private folder`() throws {
    let folder = try TemporaryFolder()
    let store = CopyStore(folder: folder.file("state/copies"))
    let nodes = ["redis-1", "127.0.0.1:6379", "127.0.0.1_6379", "../../etc/x", ""]
    for node in nodes {
      let header = CopyFixture.header(node)
      let writer = try store.writer(for: CopyFixture.operation, header)
      try writer.append(KeyName(node), payload: [1], expiresAt: nil)
      try writer.finish()
    }
    let files = try store.files(for: CopyFixture.operation)
    #expect(files.count == nodes.count)
    #expect(AtomicBytes.mode(store.folder) == 0o700)
    #expect(AtomicBytes.mode(folder.file("state")) == 0o700)
    for file in files {
      #expect(AtomicBytes.mode(file) == 0o600)
      var reader = try store.reader(path: file, now: CopyFixture.now)
      #expect(try reader.next()?.key == Array(reader.header.node.rawValue.utf8))
    }
    #expect(TemporaryFolder.list(store.folder)?.count == nodes.count)
  }

  @Test func `copies are never written over`() throws {
    let folder = try TemporaryFolder()
    let store = CopyStore(folder: folder.path)
    let header = CopyFixture.header()
    #expect(try store.resume(CopyFixture.operation, header.node) == nil)
    let writer = try store.writer(for: CopyFixture.operation, header)
    try writer.append(KeyName("a"), payload: [1], expiresAt: 7)
    try writer.sync()
    #expect(throws: DocumentError.self) { try store.writer(for: CopyFixture.operation, header) }
    let again = try #require(try store.resume(CopyFixture.operation, header.node))
    #expect(again.count == 1 && again.bytes == 2)
  }

  @Test(arguments: ["", "../../etc/passwd", "20261125T165512-3F9A0C", "20261125T165512-3f9a0c/"])
  func `what is not the name of an operation becomes no path`(name: String) throws {
    let folder = try TemporaryFolder()
    let store = CopyStore(folder: folder.path)
    #expect(throws: DocumentError.self) { try store.files(for: name) }
    #expect(throws: DocumentError.self) { try store.writer(for: name, CopyFixture.header()) }
    #expect(throws: DocumentError.self) { try store.path(name, NodeID("n")) }
  }

  @Test func `a folder that others can look into is refused`() throws {
    let folder = try TemporaryFolder()
    _ = try ChildProcess.run("chmod", ["755", folder.path])
    do throws(DocumentError) {
      _ = try CopyStore(folder: folder.path).writer(
        for: CopyFixture.operation, CopyFixture.header())
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains("chmod 700"))
    }
  }

  @Test func `expired copies are removed, others and strangers stay`() throws {
    let folder = try TemporaryFolder()
    let store = CopyStore(folder: folder.path)
    let day = 24 * 3600
    let seconds = Int(CopyFixture.now.microseconds / 1_000_000)
    func put(_ operation: String, changed: Int) throws -> String {
      let writer = try store.writer(for: operation, CopyFixture.header())
      try writer.finish()
      AtomicBytes.touch(writer.path, changed)
      return writer.path
    }
    let old = try put("20261125T165512-000001", changed: seconds - day)
    let young = try put("20261125T165512-000002", changed: seconds)
    let damaged = try folder.write("b.dump", "rubbish")
    AtomicBytes.touch(damaged, seconds - day + 10)
    let stranger = try folder.write("notes.txt", "x")
    AtomicBytes.touch(stranger, seconds - 10 * day)
    #expect(store.removeExpired(now: CopyFixture.now).removed == [old])
    // A damaged file goes a day after its last change.
    let later = WallTime(seconds: Int64(seconds + 10))
    #expect(store.removeExpired(now: later).removed == [damaged])
    // By its header, whatever the file's own time.
    AtomicBytes.touch(young, seconds + 10 * day)
    let next = WallTime(seconds: Int64(seconds + day))
    let swept = store.removeExpired(now: next)
    #expect(swept.removed == [young] && swept.problems.isEmpty)
    #expect(TemporaryFolder.list(folder.path) == ["notes.txt"])
    #expect(CopyStore(folder: folder.file("none")).removeExpired(now: next).removed.isEmpty)
  }

  @Test func `a link is not followed`() throws {
    let folder = try TemporaryFolder()
    let elsewhere = try TemporaryFolder()
    let target = try elsewhere.write("precious", "x")
    AtomicBytes.touch(target, 1)
    _ = try ChildProcess.run("ln", ["-s", target, folder.file("a.dump")])
    let swept = CopyStore(folder: folder.path).removeExpired(now: CopyFixture.now)
    #expect(swept.removed.isEmpty && swept.problems.count == 1)
    #expect(TemporaryFolder.list(elsewhere.path) == ["precious"])
  }

  @Test func `hot keys are recorded with their lives; what may not be kept is left out`()
    async throws
  {
    let folder = try TemporaryFolder()
    let path = folder.file("hot.dump")
    let keys = ["product:1", "session:1", "gone:1", "cart:2", "cacheconsole:x", "product:2"].map {
      KeyName($0)
    }
    func dump(_ keys: [KeyName]) async throws(DocumentError) -> [DumpedKey?] {
      keys.map { key in
        guard key != KeyName("gone:1") else { return nil }
        return DumpedKey(payload: key.bytes, timeToLive: key == KeyName("product:2") ? nil : 5000)
      }
    }
    let writer = try CopyWriter(path: path, header: CopyFixture.header())
    let report = try await KeyRecorder().record(
      keys, to: writer, now: { CopyFixture.now }, dump: dump)
    #expect(report.recorded == 2 && report.gone == 1 && report.guarded == 2)
    let now = CopyFixture.now.microseconds / 1000
    let records = CopyFixture.read(path).records
    #expect(records.map(\.key) == [keys[0].bytes, keys[5].bytes])
    #expect(records.map(\.expiresAt) == [now + 5000, nil])
    let all = try CopyWriter(path: folder.file("all.dump"), header: CopyFixture.header())
    let recorder = KeyRecorder(includesGuarded: true)
    let second = try await recorder.record(keys, to: all, now: { CopyFixture.now }, dump: dump)
    #expect(second.recorded == 4 && second.guarded == 0)
    // Half a recording is none.
    let failing = try CopyWriter(path: folder.file("half.dump"), header: CopyFixture.header())
    await #expect(throws: DocumentError.self) {
      try await KeyRecorder().record(keys, to: failing, now: { CopyFixture.now }) {
        _ throws(DocumentError) in throw DocumentError(file: "redis-1", detail: "went away")
      }
    }
    #expect(TemporaryFolder.list(folder.path) == ["all.dump", "hot.dump"])
  }
}
