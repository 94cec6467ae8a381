import TestKit
import Testing

@testable import Terminal

@Suite struct InputDecoderTests {
  private func decode(_ text: String, isMouseEnabled: Bool = true) -> [InputEvent] {
    var decoder = InputDecoder(isUnicode: true, isMouseEnabled: isMouseEnabled)
    return decoder.feed(Array(text.utf8), milliseconds: 0) + decoder.flush()
  }

  @Test(
    arguments: [
      ("a ", [.character("a"), .character(" ")]), ("\r", [.enter]), ("\n", [.enter]),
      ("\t", [.tab]),
      ("\u{7F}\u{8}", [.backspace, .backspace]), ("\u{3}\u{1A}", [.control("c"), .control("z")]),
      ("\0", [.control(" ")]), ("\u{1C}\u{1F}", [.control("\\"), .control("_")]),
      ("é日", [.character("é"), .character("日")]), ("\u{85}", []), ("\u{1B}", [.escape]),
      ("\u{1B}\u{1B}", [.escape, .escape]), ("\u{1B}[A\u{1B}OB", [.up, .down]),
      ("\u{1B}[C\u{1B}OD", [.right, .left]),
      // Home and End of xterm, its application mode, the Linux console, rxvt, and PuTTY.
      ("\u{1B}[H\u{1B}OH\u{1B}[1~\u{1B}[7~", [.home, .home, .home, .home]),
      ("\u{1B}[F\u{1B}OF\u{1B}[4~\u{1B}[8~", [.end, .end, .end, .end]),
      ("\u{1B}[2~\u{1B}[3~\u{1B}[5~\u{1B}[6~", [.insert, .delete, .pageUp, .pageDown]),
      ("\u{1B}[Z", [.backTab]),
      ("\u{1B}OP\u{1B}[11~\u{1B}[[A", [.function(1), .function(1), .function(1)]),
      ("\u{1B}[15~\u{1B}[24~\u{1B}OS", [.function(5), .function(12), .function(4)]),
      ("\u{1B}[1;2A\u{1B}[1;5D\u{1B}[3;5~", [.up, .left, .delete]),
      ("\u{1B}O5C\u{1B}OM", [.right, .enter]),
      ("\u{1B}Oq\u{1B}Ok", [.character("1"), .character("+")]),
      ("\u{1B}[7$\u{1B}[8^", [.home, .end]),
    ] as [(String, [Key])])
  func keysAreKnownInAllTheirSpellings(text: String, keys: [Key]) {
    #expect(decode(text) == keys.map { .key($0) })
  }

  @Test(
    arguments: [
      "\u{1B}d", "\u{1B}é", "\u{1B}\r", "\u{1B}[1;3A", "\u{1B}\u{1B}[A", "\u{1B}[", "\u{1B}O",
      "\u{1B}[?62;c",
      "\u{1B}[I", "\u{1B}[O", "\u{1B}[97;5u", "\u{1B}[201~", "\u{1B}]11;rgb:0000/0000/0000\u{7}",
      "\u{1B}P1$r0m\u{1B}\\", "\u{1B}[99~", "\u{1B}[12;40R", "\u{1B}[99999999999999999999~",
      "\u{1B}[1;2",
      "\u{1B}[>0;276;0c", "\u{1B}[?2026;2$y",
    ])
  func whatIsUnknownIsNoKey(text: String) {
    #expect(decode(text) == [])
    // And it does not take the key after it along, unless it was never finished.
    if decode(text + "x").isEmpty {
      var decoder = InputDecoder(isUnicode: true)
      #expect(decoder.feed(Array(text.utf8), milliseconds: 0) + decoder.flush() == [])
      #expect(decoder.feed([0x78], milliseconds: 1) == [.key(.character("x"))])
    }
  }

  @Test func bytesThatAreNotUTF8AreDropped() {
    var decoder = InputDecoder(isUnicode: true)
    #expect(
      decoder.feed([0xFF, 0x61, 0xC3, 0x28], milliseconds: 0) == [
        .key(.character("a")), .key(.character("(")),
      ])
    var narrow = InputDecoder(isUnicode: false)
    #expect(narrow.feed([0xC3, 0xA9, 0x61], milliseconds: 0) == [.key(.character("a"))])
  }

  @Test func sequencesCutByTheNetworkAreWhole() {
    let text = "é日\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[<0;10;20M\u{1B}[200~ab\u{1B}c\u{1B}[201~x"
    let whole = decode(text)
    #expect(whole.count == 8)
    var decoder = InputDecoder(isUnicode: true, isMouseEnabled: true)
    var events: [InputEvent] = []
    for byte in text.utf8 { events += decoder.feed([byte], milliseconds: 0) }
    #expect(events == whole)
  }

  @Test func terminfoWinsOverTheGrammar() {
    var keys = KeySequences()
    keys.add(Array("\u{1B}[H".utf8), .end)
    keys.add(Array("\u{1B}x1".utf8), .function(9))
    keys.add([0x08], .delete)
    var decoder = InputDecoder(keys: keys, isUnicode: true)
    #expect(
      decoder.feed(Array("\u{1B}[H\u{1B}x1\u{8}".utf8), milliseconds: 0) == [
        .key(.end), .key(.function(9)), .key(.backspace),
      ])
  }

  @Test func aPasteIsBounded() {
    var decoder = InputDecoder(isUnicode: true, pasteLimit: 10)
    let bytes = Array("\u{1B}[200~".utf8) + [UInt8](repeating: 0x61, count: 100_000)
    #expect(decoder.feed(bytes, milliseconds: 0) == [])
    #expect(
      decoder.feed(Array("\u{1B}[201~j".utf8), milliseconds: 1) == [
        .paste([UInt8](repeating: 0x61, count: 10)), .key(.character("j")),
      ])
  }

  @Test func aPasteWithoutAnEndGivesTheKeyboardBack() {
    var decoder = InputDecoder(isUnicode: true)
    #expect(decoder.feed(Array("\u{1B}[200~abc".utf8), milliseconds: 0) == [])
    #expect(decoder.feed(Array("q".utf8), milliseconds: 5000) == [])
    #expect(decoder.feed([0x1B], milliseconds: 10_000) == [.paste(Array("abcq".utf8))])
    #expect(decoder.feed([0x71], milliseconds: 10_001) == [.key(.character("q"))])
  }

  @Test func mouseReportsAreReadInBothEncodings() {
    var decoder = InputDecoder(isUnicode: true, isMouseEnabled: true)
    let first = decoder.feed(
      Array("\u{1B}[<0;5;6M\u{1B}[<0;5;6m\u{1B}[<64;1;1M\u{1B}[<65;1;1M".utf8), milliseconds: 0)
    #expect(
      first == [
        .mouse(MouseEvent(kind: .press, x: 4, y: 5)),
        .mouse(MouseEvent(kind: .scrollUp, x: 0, y: 0)),
        .mouse(MouseEvent(kind: .scrollDown, x: 0, y: 0)),
      ])
    #expect(
      decoder.feed(Array("\u{1B}[<0;5;6M".utf8), milliseconds: 300) == [
        .mouse(MouseEvent(kind: .doublePress, x: 4, y: 5))
      ])
    #expect(
      decoder.feed(Array("\u{1B}[<0;5;6M".utf8), milliseconds: 2000) == [
        .mouse(MouseEvent(kind: .press, x: 4, y: 5))
      ])
    #expect(
      decoder.feed(Array("\u{1B}[M !!q".utf8), milliseconds: 3000) == [
        .mouse(MouseEvent(kind: .press, x: 0, y: 0)), .key(.character("q")),
      ])
    #expect(decode("\u{1B}[<0;5;6M", isMouseEnabled: false) == [])
  }

  @Test func anyBytesAtAllAreSurvived() {
    var random = SplitMix64(seed: 3)
    var decoder = InputDecoder(isUnicode: true, isMouseEnabled: true)
    let pieces: [[UInt8]] = [
      [0x1B], Array("[".utf8), Array("O".utf8), Array("200~".utf8), Array("201~".utf8), [0x9B],
      [0xE2, 0x82],
      Array("<0;1;1M".utf8), Array(";;;;;;;;;;".utf8), Array("]".utf8), [0x07], Array("$".utf8),
    ]
    var time: UInt64 = 0
    for _ in 0..<50_000 {
      var bytes = pieces.randomElement(using: &random) ?? []
      if Bool.random(using: &random) { bytes.append(UInt8.random(in: 0...255, using: &random)) }
      time += UInt64.random(in: 0..<2000, using: &random)
      for event in decoder.feed(bytes, milliseconds: time) {
        if case .key(.character(let scalar)) = event { #expect(scalar.value >= 0x20) }
      }
      if Bool.random(using: &random) { _ = decoder.flush() }
    }
  }
}
