import Documents
import CacheConsole
import Testing

@Suite struct JSON5ParserTests {
  private func member(_ node: JSON5Node, _ key: String) -> JSON5Node? {
    guard case .object(let members) = node.value else { return nil }
    return members.first { $0.key == key }?.value
  }

  @Test func takesWhatJSON5Allows() throws {
    let text = """
      // comment
      { unquoted: 'single', "q": "a\\u00e9\\uD83D\\uDE00\\x41\\
      b", n: [+1, -.5, 0x1F, 1e3, 2., Infinity,], /* block
      */ t: true, z: null, }
      """
    let node = try JSON5Parser.parse(Array(text.utf8))
    guard case .string(let single)? = member(node, "unquoted")?.value,
      case .string(let quoted)? = member(node, "q")?.value,
      case .array(let numbers)? = member(node, "n")?.value
    else {
      Issue.record("not parsed as expected")
      return
    }
    #expect(single == "single")
    #expect(quoted == "aé😀Ab")
    let values = numbers.map { node -> Double in
      if case .number(let value) = node.value { value } else { .nan }
    }
    #expect(values == [1, -0.5, 31, 1000, 2, .infinity])
    #expect(member(node, "t")?.line == 4)
  }

  @Test(arguments: [
    ("", 1, "value is expected"), ("{\n a: 1\n b: 2 }", 3, "comma"),
    ("{a: }", 1, "value is expected"),
    ("{\n\n a: nope }", 3, "'nope' is not a value"), ("{a:1, a:2}", 1, "twice"),
    ("{a:1}}", 1, "after the end"), ("{a:'x\ny'}", 1, "line ends inside a string"),
    ("[1,,2]", 1, "expected"), ("{a:1", 1, "comma or '}'"), ("/* x", 1, "not closed"),
    ("{a:1-2}", 1, ""),
    ("\"\\u12", 1, "hexadecimal"), ("\"\\uD83D\\u0041\"", 1, "surrogate"), ("0x", 1, "bad number"),
    (String(repeating: "[", count: 100), 1, "nested deeper"), ("{1: 2}", 1, "key"),
  ])
  func mistakesNameTheLine(text: String, line: Int, detail: String) {
    do throws(JSON5SyntaxError) {
      _ = try JSON5Parser.parse(Array(text.utf8))
      Issue.record("accepted \(text)")
    } catch {
      #expect(error.line == line, "\(error)")
      #expect(error.detail.contains(detail), "\(error)")
    }
  }

  @Test func noBytesTrapTheParser() {
    var state: UInt64 = 42
    let alphabet = Array("{}[]:,'\"\\/*ux01eE+-.aN \n\u{00A0}é".utf8) + [0xFF, 0x00]
    for _ in 0..<20_000 {
      let bytes = (0..<12).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return alphabet[Int(state >> 33) % alphabet.count]
      }
      _ = try? JSON5Parser.parse(bytes)
    }
  }

  @Test func textThatIsNotUTF8OrTooLargeIsRefused() {
    #expect(throws: JSON5SyntaxError.self) { try JSON5Parser.parse([0x22, 0xFF, 0x22]) }
    #expect(throws: JSON5SyntaxError.self) {
      try JSON5Parser.parse([UInt8](repeating: 0x20, count: (1 << 20) + 1))
    }
  }
}
