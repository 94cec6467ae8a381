import ConsoleModel
import Documents
import Operations
import TestKit
import Testing

@Suite struct RecordTextTests {
  @Test func `any bytes come back from their escapes, in one line and one field`() {
    var random = SplitMix64(seed: 11)
    for count in 0..<400 {
      let bytes = (0..<count % 40).map { _ in
        Bool.random(using: &random)
          ? UInt8.random(in: 0...255, using: &random)
          : [9, 10, 13, 92, 0, 127].randomElement(using: &random)!
      }
      let escaped = RecordText.escape(bytes)
      #expect(!escaped.contains { $0 < 0x20 || $0 == 0x7F })
      #expect(RecordText.unescape(escaped[...]) == bytes)
    }
  }

  @Test(
    arguments: [
      ("a\t5\tv", "a", 5000, "v"), ("a\t-\t", "a", nil, ""), ("a\t1\tx\ty", "a", 1000, "x\ty"),
      (#"a\tb\t"# + "\t-\t" + #"\\n\n\x41\xfF"#, "a\tb\t", nil, "\\n\nA\u{FFFD}"),
      ("ключ\t3155760000\tценность", "ключ", 3_155_760_000_000, "ценность"),
    ] as [(String, String, Int64?, String)])
  func `records are read`(line: String, key: String, life: Int64?, value: String) throws {
    let record = try RecordText.record(Array(line.utf8)[...])
    #expect(record.key == KeyName(key))
    #expect(record.timeToLive == life)
    #expect(String(decoding: record.value.bytes, as: UTF8.self) == value)
  }

  @Test(arguments: [
    ("", "no TAB"), ("key", "no TAB"), ("key\t5", "one TAB"), ("\t5\tv", "key is empty"),
    ("k\t\tv", "ttl is neither"), ("k\t-1\tv", "ttl is neither"), ("k\t1.5\tv", "ttl is neither"),
    ("k\t0\tv", "would delete"), ("k\t99999999999\tv", "over 100 years"),
    ("k\t999999999999999999999\tv", "ttl is neither"), (#"k\"# + "\t5\tv", "backslash"),
    (#"k\q"# + "\t5\tv", "backslash"), ("k\t5\t" + #"\x4"#, "in the value"),
    ("k\t5\t" + #"\x4g"#, "in the value"), ("k\t5\t" + #"x\"#, "in the value"),
    ("k\t 5\tv", "ttl is neither"), ("k\t+5\tv", "ttl is neither"),
  ]) func `what is no record says why`(line: String, reason: String) {
    do throws(RecordTextError) {
      _ = try RecordText.record(Array(line.utf8)[...])
      Issue.record("accepted \(line)")
    } catch {
      #expect(error.reason.contains(reason), "\(error.reason)")
    }
  }

  @Test func `what is printed is what is read`() throws {
    let key: [UInt8] = [0, 9, 10, 92, 255]
    let line = RecordText.line(key, seconds: 60, value: [10, 9, 92])
    #expect(line.last == 10 && line.dropLast().allSatisfy { $0 != 10 })
    let record = try RecordText.record(line.dropLast()[...])
    #expect(
      record == WarmRecord(key: KeyName(key), timeToLive: 60_000, value: .string([10, 9, 92])))
  }

  @Test func `lines are cut the same however the bytes arrive, and long ones cost nothing`() {
    let text = Array("one\n\nthree\n0123456789\nfive\n01234567890".utf8)
    let expected: [LineSplitter.Line] = [
      .text(Array("one".utf8)[...], number: 1), .text([], number: 2),
      .text(Array("three".utf8)[...], number: 3), .tooLong(number: 4),
      .text(Array("five".utf8)[...], number: 5), .tooLong(number: 6),
    ]
    for size in 1...text.count {
      var splitter = LineSplitter(limit: 9)
      var found: [LineSplitter.Line] = []
      for start in stride(from: 0, to: text.count, by: size) {
        splitter.append(text[start..<min(start + size, text.count)]) { found.append($0) }
      }
      splitter.finish { found.append($0) }
      #expect(found == expected, "in pieces of \(size)")
    }
  }
}

@Suite struct KeyLinesTests {
  @Test func `keys stand one a line; blank lines, returns and repetitions do not count`() throws {
    let text = "product:1\r\n\n" + #"a\tb\\"# + "\nproduct:1\n" + #"\xff"# + "\nlast"
    let keys = try KeyLines.parse(Array(text.utf8), name: "f")
    #expect(
      keys == [
        KeyName("product:1"), KeyName("a\tb\\"), KeyName([0xFF]), KeyName("last"),
      ])
  }

  @Test(arguments: [
    ("", "f: holds no key"), ("\n\r\n", "f: holds no key"), ("a\n\nb\\\n", "f:3: a backslash"),
    ("a\nb\nc\nd\n", "f:4: there are more than 3 keys"),
  ]) func `mistakes name the line`(text: String, expected: String) {
    do throws(DocumentError) {
      var lines = KeyLines(name: "f", limit: 3)
      for byte in text.utf8 { try lines.append([byte]) }
      _ = try lines.finish()
      Issue.record("accepted \(text)")
    } catch {
      #expect(error.description.hasPrefix(expected), "\(error)")
    }
  }
}
