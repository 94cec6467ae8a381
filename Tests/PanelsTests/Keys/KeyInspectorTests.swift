import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite struct KeyInspectorTests {
  private let key = KeyName("product:1181")
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  struct Shown: Sendable, CustomTestStringConvertible {
    var value: KeyInspection.Value
    var rows: [String]
    var testDescription: String { rows.first ?? "" }
  }

  static let pair = KeyInspection.Pair(field: Array("name".utf8), value: Array("shoe".utf8))
  static let values = [
    Shown(value: .string(Array("plain text".utf8)), rows: ["[text] hex", "plain text"]),
    Shown(value: .string(Array(#"{"a":[1]}"#.utf8)), rows: ["[JSON] text hex", #""a": ["#]),
    Shown(value: .string([0, 1, 2, 0xFF]), rows: ["text [hex]", "0000  00 01 02 ff"]),
    Shown(value: .string([]), rows: ["empty: 0 bytes"]),
    Shown(value: .hash([pair]), rows: ["fields 0–0 of 1", "name ", "shoe"]),
    Shown(value: .list([Array("first".utf8)]), rows: ["elements 0–0 of 1", "first"]),
    Shown(value: .set([Array("member1".utf8)]), rows: ["members 0–0 of 1", "member1"]),
    Shown(
      value: .sortedSet([.init(member: Array("m".utf8), score: Array("1.5".utf8))]),
      rows: ["score", "1.5"]),
    Shown(
      value: .stream([.init(id: Array("1-0".utf8), fields: [pair])]),
      rows: ["entries 0–0 of 1", "1-0", "  name"]),
    Shown(value: .opaque(type: "TSDB-TYPE"), rows: ["type TSDB-TYPE cannot be read"]),
    Shown(value: .gone, rows: ["the key is gone"]),
    Shown(value: .masked, rows: ["‹masked"]),
    Shown(value: .hash([]), rows: ["no elements"]),
  ]

  @Test("each type of value has its look", arguments: values)
  func looks(_ shown: Shown) {
    var desk = Desk(.showKeys)
    desk.inspect(key, shown.value)
    for row in shown.rows { #expect(desk.shows(row), "\(row)") }
  }

  @Test func theHeadTellsWhatIsKnownOfTheKey() {
    var desk = Desk(.showKeys)
    desk.inspect(key, .string(bytes("v")))
    let text = desk.rows.joined()
    for part in [
      "product:1181", "string", "ttl 4m12s", "memory 1.2K", "encoding raw", "frequency 12",
      "key 12 B", "node redis-1",
    ] { #expect(text.contains(part), "\(part)") }
  }

  @Test func escLeadsFromTheKeyToItsListAndFromThereToWhereTheSearchWasAskedFor() {
    var desk = Desk.filled(.showHotKeys)
    desk.type(":keys product:*")
    desk.press(.enter)
    desk.progress([key], state: .complete, visited: 1, of: 1)
    desk.press(.enter)
    desk.answer(.string(bytes("value")))
    desk.press(.escape)
    #expect(desk.model.active == .keys)
    #expect(desk.shows("found 1"))
    desk.press(.escape)
    #expect(desk.model.active == .hotKeys)
    // A key that another panel asked for leads straight back, also over an old list.
    desk.press(.enter, .escape)
    #expect(desk.model.active == .hotKeys)
  }

  // MARK: Pages

  @Test func pagesGoForthAndBackByTheServersPositions() {
    var desk = Desk(.showKeys)
    desk.inspect(
      key, .string(Array(repeating: 0x61, count: 65_536)), length: 12_345_678,
      next: .offset(65_536))
    #expect(desk.shows("bytes 0–65,535 of 12,345,678"))
    desk.press(.character("n"))
    #expect(desk.request?.page == .offset(65_536))
    desk.answer(
      .string(Array(repeating: 0x62, count: 65_536)), length: 12_345_678, next: .offset(131_072))
    #expect(desk.shows("bytes 65,536–131,071 of 12,345,678"))
    desk.press(.character("N"))
    #expect(desk.request?.page == .start)
    desk.answer(.string(Array(repeating: 0x61, count: 65_536)), next: .offset(65_536))
    desk.press(.character("N"))
    #expect(desk.request == nil)
    #expect(desk.toast == "this is the first page")
  }

  @Test func pageDownAtTheEndGoesToTheNextPage() {
    var desk = Desk(.showKeys)
    desk.inspect(key, .set([bytes("a"), bytes("b")]), length: 500, next: .cursor(bytes("17")))
    desk.press(.pageDown)
    #expect(desk.request == nil)
    desk.press(.pageDown)
    #expect(desk.request?.page == .cursor(bytes("17")))
    // One request at a time.
    desk.press(.character("n"))
    #expect(desk.request == nil)
    #expect(desk.toast == "the page is being read")
  }

  @Test func theLastPageSaysSo() {
    var desk = Desk(.showKeys)
    desk.inspect(key, .list([bytes("a")]))
    desk.press(.character("n"))
    #expect(desk.toast == "this is the last page")
  }

  @Test func listsCountOnOverPages() {
    var desk = Desk(.showKeys)
    desk.inspect(
      key, .list((0..<100).map { bytes("e\($0)") }), length: 250, next: .offset(100))
    desk.press(.character("n"))
    desk.answer(.list((100..<200).map { bytes("e\($0)") }), length: 250, next: .offset(200))
    #expect(desk.shows("elements 100–199 of 250"))
    #expect(desk.row("e100").contains("100 "))
  }

  @Test func answersToWhatIsNoLongerAskedAreDropped() {
    var desk = Desk(.showKeys)
    desk.find("*", [key, KeyName("other")])
    desk.press(.enter)
    let old = desk.request
    desk.press(.escape, .down, .enter)
    let late = KeyInspection(
      id: old?.id ?? 0, summary: KeySummary(key: key), value: .string(bytes("LATE")), length: 4,
      page: .start, nextPage: nil)
    desk.send(.inspection(late))
    #expect(!desk.shows("LATE"))
    #expect(desk.shows("no answer yet"))
  }

  @Test func anInspectionThatTakesLongSaysHowLongAndOfWhom() {
    var desk = Desk(.showKeys)
    desk.find("*", [key])
    desk.press(.enter)
    desk.wait(7)
    desk.send(.tick(desk.now, Desk.wall, utcOffsetSeconds: 0, zone: "UTC"))
    #expect(desk.shows("reading for 7s redis-1"))
    desk.press(.escape)
    #expect(desk.shows("found 1"))
  }

  @Test func aFaultIsShownAndReadingAgainIsOffered() {
    var desk = Desk(.showKeys)
    desk.find("*", [key])
    desk.press(.enter)
    desk.answer(
      .gone,
      fault: Fault(
        kind: .timeout, endpoint: "10.0.0.1:6379", action: "reading product:1181",
        message: "no answer within 2 s"))
    #expect(desk.shows("no answer within 2 s"))
    #expect(!desk.shows("the key is gone"))
    desk.press(.character("r"))
    #expect(desk.request?.key == key)
  }

  // MARK: Views

  @Test func xGoesThroughTheWaysToShowBytes() {
    var desk = Desk(.showKeys)
    desk.inspect(key, .string(bytes(#"{"a":1}"#)))
    #expect(desk.shows("[JSON]"))
    desk.press(.character("x"))
    #expect(desk.shows(#"{"a":1}"#))
    desk.press(.character("x"))
    #expect(desk.shows("7b 22 61 22"))
    desk.press(.character("x"))
    #expect(desk.shows("[JSON]"))
  }

  @Test func theChosenWayStaysOverPages() {
    var desk = Desk(.showKeys)
    desk.inspect(key, .string(bytes("aaaa")), length: 8, next: .offset(4))
    desk.press(.character("x"), .character("n"))
    desk.answer(.string(bytes("bbbb")), length: 8)
    #expect(desk.shows("62 62 62 62"))
    #expect(desk.shows("0004  62"))
  }

  @Test func jsonThatThePageCutsIsStillLaidOut() {
    var desk = Desk(.showKeys)
    desk.inspect(key, .string(bytes(#"{"a":[1,2"#)), length: 100_000, next: .offset(9))
    #expect(desk.shows("[JSON]"))
    var whole = Desk(.showKeys)
    whole.inspect(key, .string(bytes(#"{"a":[1,2"#)))
    #expect(whole.shows("[text] hex"))
  }

  @Test func eShowsTheKeyExactlyAndHidesItAgain() {
    var desk = Desk(.showKeys)
    desk.inspect(KeyName([0xFF, 0x1B, 0x61]), .string(bytes("value")))
    desk.press(.character("e"))
    #expect(desk.shows("the key exactly"))
    #expect(desk.shows("ff 1b 61"))
    desk.press(.character("x"))
    #expect(desk.shows(#"\xff\x1ba"#))
    desk.press(.escape)
    #expect(desk.shows("value"))
  }

  @Test func aPartOpensAndItsNameIsShownExactly() {
    var desk = Desk(.showKeys)
    desk.inspect(
      key, .hash([.init(field: bytes("field\u{202e}x"), value: bytes(#"{"deep":true}"#))]))
    desk.press(.enter)
    #expect(desk.shows(#""deep": true"#))
    desk.press(.escape)
    desk.press(.character("e"))
    #expect(desk.shows(#"field\u{202e}x"#))
    desk.press(.escape, .escape)
    #expect(desk.shows("found 1"))
  }

  /// 10,000 characters, read from the screen page by page, are the key's own bytes.
  @Test(arguments: [true, false])
  func aLongHostileKeyCanBeReadFromTheScreenExactly(_ isUnicode: Bool) {
    let name = KeyName(Array(repeating: Hostile.bytes, count: 200).flatMap { $0 })
    var desk = Desk(.showKeys, columns: 80, rows: 24, isUnicode: isUnicode)
    desk.inspect(name, .string([]))
    desk.press(.character("e"))
    if !desk.shows("[text]") { desk.press(.character("x")) }
    var text = ""
    var seen = 0
    while true {
      // The body without head and note; each step scrolls a whole page of rows.
      let note = desk.row(" rows ")
      guard let range = note.split(separator: " ").first(where: { $0.contains("-") }),
        let first = Int(range.split(separator: "-")[0]),
        let last = Int(range.split(separator: "-")[1])
      else { break }
      let end = desk.rows.firstIndex(of: note) ?? 0
      let rows = desk.rows[(end - (last - first + 1))..<end]
      for (offset, row) in rows.enumerated() where first + offset > seen {
        var line = row.dropFirst()
        while line.last == " " { line.removeLast() }
        text += line
        seen = first + offset
      }
      let before = note
      desk.press(.pageDown)
      if desk.row(" rows ") == before { break }
    }
    // Blanks at the end of a row are the only thing that the screen cannot tell; there are none.
    #expect(DrawableText.unescape(text) == name.bytes)
  }

  // MARK: Personal data

  private let secret = "card 4111 1111"

  @Test func personalDataIsMaskedUntilItsOwnActionRevealsIt() {
    var desk = Desk(.showKeys)
    desk.find("*", [KeyName("cart:7")])
    desk.press(.enter)
    #expect(desk.request?.reveal == false)
    desk.answer(.masked, length: 2_048, personal: true)
    #expect(desk.shows("‹masked 2,048 B› R shows it"))
    desk.press(.character("R"))
    #expect(desk.request?.reveal == true)
    desk.answer(.string(bytes(secret)), personal: true)
    #expect(desk.shows(secret))
    #expect(desk.shows("REVEALED"))
    desk.press(.character("R"))
    #expect(desk.request?.reveal == false)
    #expect(!desk.shows(secret))
    desk.answer(.masked, length: 2_048, personal: true)
    #expect(!desk.shows(secret))
  }

  @Test(
    "without the right it stays masked and says why",
    arguments: [
      Desk.viewer, Access(isReadOnly: false, reason: "", mayReveal: false),
    ])
  func refusesToReveal(_ access: Access) {
    var desk = Desk(.showKeys, access: access)
    desk.find("*", [KeyName("cart:7")])
    desk.press(.enter)
    desk.answer(.masked, length: 2_048, personal: true)
    #expect(desk.shows("personal data stays masked"))
    desk.press(.character("R"))
    #expect(desk.effects.isEmpty)
    #expect(desk.toast.contains("personal data stays masked"))
  }

  @Test func clearPersonalDataThatNobodyAskedForIsNotShown() {
    var desk = Desk(.showKeys)
    desk.inspect(KeyName("cart:7"), .string(bytes(secret)), personal: true)
    #expect(!desk.shows(secret))
    #expect(desk.shows("‹masked"))
  }

  @Test func aRevealThatIsAnsweredLateIsNotShownOnceMaskedAgain() {
    var desk = Desk(.showKeys)
    desk.inspect(KeyName("cart:7"), .masked, personal: true)
    desk.press(.character("R"))
    let clear = desk.request
    desk.press(.character("R"))
    desk.send(
      .inspection(
        KeyInspection(
          id: clear?.id ?? 0, summary: KeySummary(key: KeyName("cart:7"), isPersonal: true),
          value: .string(bytes(secret)), length: 14, page: .start, nextPage: nil)))
    #expect(!desk.shows(secret))
  }

  @Test func theScreensOwnSwitchRevealsAndMasksToo() {
    var desk = Desk(.showKeys)
    desk.inspect(KeyName("cart:7"), .masked, personal: true)
    desk.send(.action(.reveal))
    #expect(desk.request?.reveal == true)
    desk.answer(.string(bytes(secret)), personal: true)
    #expect(desk.shows(secret))
    desk.send(.action(.reveal))
    #expect(desk.request?.reveal == false)
    #expect(!desk.shows(secret))
  }
}
