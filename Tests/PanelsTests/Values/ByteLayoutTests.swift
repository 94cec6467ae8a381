import Terminal
import Testing

@testable import Panels

@Suite struct ByteLayoutTests {
  @Test func textShowsWhatATerminalMustNotGetAsEscapes() {
    let bytes =
      Array("a\u{1b}[31m\\\tb\u{202e}c\u{200d}d\u{feff}é\u{85}".utf8) + [0xFF, 0xE2, 0x80]
    #expect(
      lines(bytes, .text) == [#"a\x1b[31m\\\tb\u{202e}c\u{200d}d\u{feff}é\u{85}\xff\xe2\x80"#])
    #expect(
      lines(Array("é界".utf8), .text, isUnicode: false) == [#"\u{e9}\u{754c}"#])
  }

  @Test func everyRowReadsBackToItsBytes() {
    let bytes = (0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 7) }
    for width in [12, 40, 131] {
      let text = lines(bytes, .text, width: width).joined()
      #expect(DrawableText.unescape(text) == bytes)
    }
  }

  @Test func aRowEndsAfterALineFeedAndWhereTheWidthEnds() {
    #expect(
      lines(Array("one\ntwo\n\nabcdefghijklmn".utf8), .text, width: 12) == [
        #"one\n"#, #"two\n"#, #"\n"#, "abcdefghijkl", "mn",
      ])
  }

  @Test func wideAndCombiningCharactersKeepInsideTheWidth() {
    let rows = lines(Array("界界界界界界界".utf8), .text, width: 13)
    #expect(rows == ["界界界界界界", "界"])
    // A fifth mark, and one with nothing to sit on, are named instead of lost.
    let marks = "e" + String(repeating: "\u{301}", count: 5)
    #expect(lines(Array(marks.utf8), .text).first?.unicodeScalars.count == 5 + #"\u{301}"#.count)
    #expect(lines(Array("\u{301}".utf8), .text) == [#"\u{301}"#])
  }

  @Test func anEmptyValueHasNoRows() {
    for mode in ByteMode.allCases { #expect(lines([], mode).isEmpty) }
  }

  @Test func hexShowsOffsetBytesAndLetters() {
    #expect(
      lines(Array("Hello, world! \u{1b}[".utf8) + [0xFF], .hex) == [
        "0000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 20 1b 5b  Hello, world! .[",
        "0010  ff                                                .",
      ])
    #expect(lines([1, 2, 3], .hex, base: 0x1_2345).first?.hasPrefix("12345  01 02 03") == true)
  }

  @Test(
    "fewer bytes a row on narrow screens",
    arguments: [(80, 16), (72, 16), (71, 8), (40, 8), (30, 4), (12, 1)])
  func hexNarrows(_ width: Int, _ bytes: Int) {
    let rows = lines(Array(repeating: 0x41, count: 64), .hex, width: width)
    #expect(rows.count == 64 / bytes)
    #expect(rows.allSatisfy { $0.count <= max(12, width) })
  }

  @Test func offsetsNearTheEndOfTheNumberRangeDoNotTrap() {
    #expect(lines([0x41], .hex, base: .max).first?.contains("41") == true)
  }

  /// The rows of any window are those that the whole has there.
  @Test(arguments: ByteMode.allCases)
  func aWindowShowsTheSameRowsAsTheWhole(_ mode: ByteMode) {
    let text = (0..<300).map { #"{"n":\#($0),"t":"line \#($0) é\n"}"# }.joined(separator: ",")
    let layout = ByteLayout(
      Array("[\(text)]".utf8), base: 0, mode: mode, form: RowForm(width: 33, isUnicode: true))
    let all = layout.rows(0..<layout.rowCount)
    #expect(all.count == layout.rowCount)
    for start in stride(from: 0, to: layout.rowCount, by: 17) {
      #expect(layout.rows(start..<start + 10) == Array(all[start..<min(start + 10, all.count)]))
      #expect(layout.row(ofOffset: layout.offset(ofRow: start)) == start)
    }
    #expect(layout.rows(layout.rowCount..<layout.rowCount + 5).isEmpty)
  }

  @Test func aPageIsCountedOnceAndOnlyItsWindowFormatted() {
    let bytes = Array(repeating: UInt8(ascii: "\n"), count: 200_000)
    let layout = ByteLayout(
      bytes, base: 0, mode: .text, form: RowForm(width: 80, isUnicode: true))
    #expect(layout.bytes.count == ByteLayout.pageBytes)
    #expect(layout.rowCount == ByteLayout.pageBytes)
    #expect(
      layout.rows(65_000..<65_003).map { $0.map(\.text) } == Array(repeating: [#"\n"#], count: 3))
  }
}
