import Terminal
import TestKit
import Testing

@Suite struct DrawableTextTests {
  @Test(
    arguments: [
      ("plain:key 1", "plain:key 1", "plain:key 1"),
      ("back\\slash", "back\\\\slash", "back\\\\slash"),
      ("a\nb\r\tc", "a\\nb\\r\\tc", "a\\nb\\r\\tc"),
      ("\u{1B}[31mred", "\\x1b[31mred", "\\x1b[31mred"),
      ("\u{0}\u{7F}", "\\x00\\x7f", "\\x00\\x7f"), ("é日😀", "é日😀", "\\u{e9}\\u{65e5}\\u{1f600}"),
      ("\u{85}\u{9B}2J", "\\u{85}\\u{9b}2J", "\\u{85}\\u{9b}2J"),
      ("a\u{202E}b\u{202C}", "a\\u{202e}b\\u{202c}", "a\\u{202e}b\\u{202c}"),
      (
        "x\u{200D}y\u{200B}\u{FEFF}", "x\\u{200d}y\\u{200b}\\u{feff}",
        "x\\u{200d}y\\u{200b}\\u{feff}"
      ),
      ("e\u{301}", "e\u{301}", "e\\u{301}"), ("\u{301}", "\\u{301}", "\\u{301}"),
      ("\n\u{301}", "\\n\\u{301}", "\\n\\u{301}"), ("\\\u{301}", "\\\\\\u{301}", "\\\\\\u{301}"),
      ("a\u{A0}b\u{3000}c", "a\\u{a0}b\\u{3000}c", "a\\u{a0}b\\u{3000}c"),
      ("\u{2028}\u{E0041}", "\\u{2028}\\u{e0041}", "\\u{2028}\\u{e0041}"), ("", "", ""),
    ])
  func textIsEscapedExactly(text: String, unicode: String, ascii: String) {
    let inUnicode = DrawableText.escape(text, isUnicode: true)
    #expect(inUnicode.unicodeScalars.elementsEqual(unicode.unicodeScalars), "\(inUnicode)")
    #expect(DrawableText.escape(text, isUnicode: false) == ascii)
  }

  @Test(
    arguments: [
      ([0xFF], "\\xff"), ([0xC3, 0x28], "\\xc3("), ([0xE2, 0x82, 0x41], "\\xe2\\x82A"),
      // Overlong, surrogate, above U+10FFFF, cut short, lone continuation.
      ([0xC0, 0xAF], "\\xc0\\xaf"), ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
      ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"), ([0xE0, 0x80, 0x80], "\\xe0\\x80\\x80"),
      ([0xF0, 0x9F, 0x98], "\\xf0\\x9f\\x98"), ([0x80, 0x61], "\\x80a"), ([0xC3, 0xA9], "é"),
    ] as [([UInt8], String)])
  func bytesThatAreNoTextAreShownAsBytes(bytes: [UInt8], expected: String) {
    #expect(DrawableText.escape(bytes, isUnicode: true) == expected)
    #expect(DrawableText.unescape(expected) == bytes)
  }

  @Test(arguments: [true, false])
  func anyBytesComeBackAndNothingElseIsDrawn(isUnicode: Bool) {
    var random = SplitMix64(seed: isUnicode ? 1 : 2)
    for round in 0..<4000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0..<40, using: &random) {
        switch round % 3 {
        case 0: bytes.append(UInt8.random(in: 0...255, using: &random))
        case 1:
          let scalar = Unicode.Scalar(UInt32.random(in: 0..<0x11_0000, using: &random)) ?? "\\"
          bytes += Array(String(Character(scalar)).utf8)
        default:
          let hazards: [String] = [
            "\u{1B}", "\u{202E}", "\u{200D}", "\u{301}", "\\", "x", "n", "{", "e\u{301}", "日",
            "\u{85}",
          ]
          bytes += Array((hazards.randomElement(using: &random) ?? "").utf8)
        }
      }
      let text = DrawableText.escape(bytes, isUnicode: isUnicode)
      #expect(DrawableText.unescape(text) == bytes)
      var columns = 0
      for scalar in text.unicodeScalars {
        let drawable = TextWidth.drawable(scalar, isUnicode: isUnicode)
        #expect(drawable.scalar == scalar.value, "\(scalar.value) would be replaced")
        #expect(scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value))
        columns += drawable.width
      }
      var grid = CellGrid(columns: 500, rows: 1, isUnicode: isUnicode)
      #expect(grid.put(text, x: 0, y: 0, in: grid.bounds) == min(columns, 500))
      if columns <= 500 {
        let drawn = Array(grid.text(row: 0).unicodeScalars)
        #expect(drawn.starts(with: Array(text.unicodeScalars)), "marks were lost")
      }
      let limit = Int.random(in: 0..<20, using: &random)
      let cut = DrawableText.escape(bytes, isUnicode: isUnicode, limit: limit)
      #expect(TextWidth.columns(cut, isUnicode: isUnicode) <= limit)
    }
  }

  @Test(
    arguments: [
      ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("a\nb", 3, "a…"), ("a\nb", 4, "a\\nb"),
      ("日本", 3, "日…"),
      ("abc", 0, ""), ("abc", 1, "…"), ("e\u{301}", 1, "e\u{301}"), ("", 0, ""), ("abc", -1, ""),
    ] as [(String, Int, String)])
  func theLimitCutsBetweenEscapes(text: String, limit: Int, expected: String) {
    #expect(DrawableText.escape(text, isUnicode: true, limit: limit) == expected)
  }

  @Test func aHugeValueCostsWhatIsShown() {
    let bytes = [UInt8](repeating: 0x1B, count: 100_000_000)
    let marks = Array(repeating: Array("\u{301}".utf8), count: 1_000_000).flatMap(\.self)
    let start = Deadline.now
    #expect(DrawableText.escape(bytes, isUnicode: true, limit: 80).utf8.count <= 82)
    #expect(DrawableText.escape(marks, isUnicode: true, limit: 80).utf8.count <= 82)
    #expect(Deadline.now - start < 20_000_000)
  }

  @Test func pagesGoOnWhereTheLastEnded() {
    let bytes = Array("abc\n日本\u{1B}def".utf8) + [0xFF, 0x41]
    var rest = bytes[...]
    var pages: [String] = []
    while !rest.isEmpty {
      let page = DrawableText.prefix(of: rest, isUnicode: true, columns: 5)
      #expect(page.columns <= 5 && page.consumed > 0)
      pages.append(page.text)
      rest = rest.dropFirst(page.consumed)
    }
    #expect(DrawableText.unescape(pages.joined()) == bytes)
  }

  @Test(arguments: [
    "\\", "\\q", "\\x1", "\\xzz", "\\u{}", "\\u{d800}", "\\u{110000}", "\\u{12", "\\u12", "\\x+1",
  ])
  func whatIsNoEscapeIsRefused(text: String) {
    #expect(DrawableText.unescape(text) == nil)
  }
}
