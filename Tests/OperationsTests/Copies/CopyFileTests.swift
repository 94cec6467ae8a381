import ConsoleModel
import Documents
import Operations
import TestKit
import Testing

@Suite(.blocking) struct CopyFileTests {
  @Test func `what is written comes back, record by record`() throws {
    let folder = try TemporaryFolder()
    let records = CopyFixture.records(60)
    let path = folder.file("a.dump")
    try CopyFixture.write(records, to: path)
    let read = CopyFixture.read(path)
    #expect(read.error == nil && read.isComplete)
    #expect(read.records == records)
    let reader = try CopyReader(path: path, now: CopyFixture.now)
    #expect(reader.header == CopyFixture.header())
    #expect(AtomicBytes.mode(path) == 0o600)
    let first = try CopyFixture.bytes(path).prefix { $0 != UInt8(ascii: "\n") }
    #expect(
      String(decoding: first, as: UTF8.self).hasPrefix(
        #"{"schema":"cacheconsole.dump","version":1,"#
      ))
  }

  @Test func `a file that ends early at any byte is refused and says how many records were good`()
    throws
  {
    let folder = try TemporaryFolder()
    let records = CopyFixture.records(4)
    let path = folder.file("a.dump")
    try CopyFixture.write(records, to: path)
    let whole = try CopyFixture.bytes(path)
    for length in 0..<whole.count {
      try CopyFixture.put(Array(whole.prefix(length)), path)
      let read = CopyFixture.read(path)
      let error = try #require(read.error, "accepted \(length) of \(whole.count) bytes")
      #expect(read.records == Array(records.prefix(read.records.count)))
      let header = CopyFixture.read(path, allowsUnfinished: true)
      if header.error == nil {
        let count = read.records.count
        #expect(
          error.detail.contains(count == 1 ? "1 record was good" : "\(count) records were good"),
          "\(error)")
        // What is good of a killed run's file is the same, without an error.
        #expect(header.records == read.records && !header.isComplete)
      }
    }
  }

  @Test func `one changed bit anywhere is noticed, and nothing changed is given out`() throws {
    let folder = try TemporaryFolder()
    let records = CopyFixture.records(4)
    let path = folder.file("a.dump")
    try CopyFixture.write(records, to: path)
    let whole = try CopyFixture.bytes(path)
    var random = SplitMix64(seed: 5)
    for at in whole.indices {
      var changed = whole
      changed[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try CopyFixture.put(changed, path)
      let read = CopyFixture.read(path)
      #expect(read.error != nil, "byte \(at)")
      #expect(read.records == Array(records.prefix(read.records.count)), "byte \(at)")
    }
  }

  @Test func `records that were removed, exchanged or added at the end are noticed`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.dump")
    let records = (0..<3).map {
      CopyRecord(key: Array("k\($0)".utf8), payload: [1, 2, 3], expiresAt: nil)
    }
    try CopyFixture.write(records, to: path)
    let whole = try CopyFixture.bytes(path)
    let head = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
    // Tag and lengths, key, payload, check.
    let one = 17 + 2 + 3 + 16
    let parts = (0..<3).map { Array(whole[(head + $0 * one)..<(head + ($0 + 1) * one)]) }
    let end = Array(whole[(head + 3 * one)...])
    let start = Array(whole[..<head])
    for (bytes, good) in [
      (start + parts[0] + parts[2] + end, 1), (start + parts[1] + parts[0] + parts[2] + end, 0),
      (start + parts[0] + parts[1] + end, 2), (whole + parts[0], 3),
      (start + parts[0] + parts[0] + end, 1),
    ] {
      try CopyFixture.put(bytes, path)
      let read = CopyFixture.read(path)
      #expect(read.records.count == good)
      #expect(read.error != nil)
    }
  }

  @Test func `a length beyond the file costs no memory and is refused`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.dump")
    try CopyFixture.write([], to: path)
    let whole = try CopyFixture.bytes(path)
    let head = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
    for lengths in [[0xFF, 0xFF, 0xFF, 0x1F] as [UInt8], [0xFF, 0xFF, 0xFF, 0xFF]] {
      let record = [UInt8(ascii: "R")] + lengths + lengths + [UInt8](repeating: 0, count: 40)
      try CopyFixture.put(Array(whole[..<head]) + record, path)
      let error = try #require(CopyFixture.read(path).error)
      #expect(error.detail.contains("0 records were good"), "\(error)")
    }
  }

  @Test(arguments: [
    ("", "does not begin with a line of JSON"), ("REDIS0009\n", "'REDIS0009' is not a value"),
    ("{}\n", "'schema' is missing"),
    (#"{"schema":"cacheconsole.dump","version":2}"# + "\n", "a newer cacheconsole wrote it"),
    (
      #"{"schema":"cacheconsole.dump","version":1,"operation":"","environment":"e","node":"n","run_id":"r","created":"x"}"#
        + "\n", "'created' is not a time"
    ),
  ]) func `what is no file of copies is refused with the reason`(text: String, expected: String)
    throws
  {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.dump", text)
    let error = try #require(CopyFixture.read(path).error)
    #expect(error.description.contains(expected), "\(error)")
  }

  @Test func `copies of yesterday are refused`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.dump")
    try CopyFixture.write(CopyFixture.records(1), to: path)
    let day: Int64 = 24 * 3600 * 1_000_000
    let last = WallTime(microseconds: CopyFixture.now.microseconds + day - 1)
    #expect(throws: Never.self) { try CopyReader(path: path, now: last) }
    #expect(throws: DocumentError.self) {
      try CopyReader(path: path, now: WallTime(microseconds: last.microseconds + 1))
    }
    #expect(throws: Never.self) { try CopyReader(path: path, now: nil) }
  }

  @Test func `a killed run's file is gone on with after its last good record`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.dump")
    let records = CopyFixture.records(12)
    try CopyFixture.write(Array(records.prefix(7)), to: path)
    let whole = try CopyFixture.bytes(path)
    var random = SplitMix64(seed: 9)
    let head = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
    for _ in 0..<40 {
      let cut = Int.random(in: head...whole.count, using: &random)
      try CopyFixture.put(Array(whole.prefix(cut)), path)
      let good = CopyFixture.read(path, allowsUnfinished: true).records.count
      let writer = try CopyWriter(resuming: path)
      #expect(writer.count == UInt64(good))
      for record in records.dropFirst(good) {
        try writer.append(
          KeyName(record.key), payload: record.payload, expiresAt: record.expiresAt)
      }
      try writer.finish()
      let read = CopyFixture.read(path)
      #expect(read.error == nil && read.records == records)
    }
  }

  @Test func `what was synced survives a writer that is never finished`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.dump")
    let records = CopyFixture.records(5)
    let writer = try CopyWriter(path: path, header: CopyFixture.header())
    for record in records {
      try writer.append(KeyName(record.key), payload: record.payload, expiresAt: record.expiresAt)
    }
    try writer.sync()
    #expect(CopyFixture.read(path, allowsUnfinished: true).records == records)
    #expect(CopyFixture.read(path).error?.detail.contains("5 records were good") == true)
  }

  @Test func `copies beyond the limits are refused and the rest stays good`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.dump")
    let limits = CopyLimits(records: 3, bytes: 100)
    let writer = try CopyWriter(path: path, header: CopyFixture.header(), limits: limits)
    try writer.append(KeyName("a"), payload: [UInt8](repeating: 1, count: 90), expiresAt: nil)
    #expect(writer.hasRoom(for: [0x62], payload: 8) && !writer.hasRoom(for: [0x62], payload: 9))
    #expect(throws: DocumentError.self) {
      try writer.append(KeyName("b"), payload: [UInt8](repeating: 1, count: 9), expiresAt: nil)
    }
    try writer.append(KeyName("b"), payload: [], expiresAt: nil)
    try writer.append(KeyName("c"), payload: [], expiresAt: nil)
    #expect(throws: DocumentError.self) {
      try writer.append(KeyName("d"), payload: [], expiresAt: nil)
    }
    try writer.finish()
    #expect(CopyFixture.read(path).records.map(\.key) == [[97], [98], [99]])
    #expect(throws: DocumentError.self) { try writer.sync() }
  }

  @Test func `a file that is there is not written over, and a device is no file`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("there.dump", "x")
    for place in [path, "/dev/full", folder.file("no/folder.dump")] {
      #expect(throws: DocumentError.self) {
        try CopyWriter(path: place, header: CopyFixture.header())
      }
    }
    #expect(try CopyFixture.bytes(path) == Array("x".utf8))
  }

  @Test func `a survey counts what a file holds`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.dump")
    let now = CopyFixture.now.microseconds / 1000
    try CopyFixture.write(
      [
        CopyRecord(key: Array("product:1".utf8), payload: [1, 2], expiresAt: nil),
        CopyRecord(key: Array("product:2".utf8), payload: [], expiresAt: now),
        CopyRecord(key: Array("session:2".utf8), payload: [3], expiresAt: now + 1),
      ], to: path)
    let survey = try CopySurvey.read(path: path, now: CopyFixture.now)
    #expect(survey.keys == 2 && survey.expired == 1 && survey.bytes == 21)
    #expect(
      survey.dataTypes == [.init(name: "product", keys: 1), .init(name: "session", keys: 1)])
    #expect(survey.sample.map(\.bytes.count) == [9, 9])
  }
}
