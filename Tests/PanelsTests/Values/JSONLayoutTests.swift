import Terminal
import Testing

@testable import Panels

/// Rows as text, for tables.
func lines(
  _ bytes: [UInt8], _ mode: ByteMode, width: Int = 80, isUnicode: Bool = true, base: UInt64 = 0
) -> [String] {
  let layout = ByteLayout(
    bytes, base: base, mode: mode, form: RowForm(width: width, isUnicode: isUnicode))
  return layout.rows(0..<layout.rowCount).map { $0.map(\.text).joined() }
}

@Suite struct JSONLayoutTests {
  struct Check: Sendable, CustomTestStringConvertible {
    var text: String
    var expected: JSONCheck
    var testDescription: String { String(text.prefix(40)) }
  }

  static let checks: [Check] = [
    Check(text: #"{"a":1}"#, expected: .json),
    Check(text: " [1, 2 ,3]\n", expected: .json),
    Check(text: "{}", expected: .json),
    Check(text: #"{"a":1,"a":2}"#, expected: .json),
    Check(text: "[123456789012345678901234567890.5e+9999]", expected: .json),
    Check(text: "[NaN,-Infinity,true,false,null]", expected: .json),
    Check(text: "[\"raw \u{1b} control\"]", expected: .json),
    Check(text: #"{"a":"#, expected: .truncated),
    Check(text: #"{"a":tr"#, expected: .truncated),
    Check(text: #"{"a":"unfinished \"#, expected: .truncated),
    Check(text: "[1,2", expected: .truncated),
    Check(text: "[-", expected: .truncated),
    Check(text: "", expected: .invalid(at: 0)),
    Check(text: "42", expected: .invalid(at: 0)),
    Check(text: "plain", expected: .invalid(at: 0)),
    Check(text: "[1,]", expected: .invalid(at: 3)),
    Check(text: #"{"a" 1}"#, expected: .invalid(at: 5)),
    Check(text: "{1:2}", expected: .invalid(at: 1)),
    Check(text: "[1}", expected: .invalid(at: 2)),
    Check(text: "[] x", expected: .invalid(at: 3)),
    Check(text: "[-]", expected: .invalid(at: 1)),
    Check(text: "[truth]", expected: .invalid(at: 1)),
    Check(text: "[\u{0}]", expected: .invalid(at: 1)),
    Check(text: String(repeating: "[", count: 1000), expected: .truncated),
    Check(text: String(repeating: "[", count: 1001), expected: .invalid(at: 1000)),
  ]

  @Test("what counts as JSON", arguments: checks)
  func recognizes(_ check: Check) {
    #expect(JSONCheck.check(Array(check.text.utf8)) == check.expected)
  }

  @Test func laysOutByLineAndKeepsEveryFigureAsWritten() {
    let text =
      #"{"id":1181,"price":1.50e+02,"big":98765432109876543210,"tags":["a",[]],"o":{}, "#
      + #""esc":"q\"\\ \u00e9"}"#
    #expect(
      lines(Array(text.utf8), .json) == [
        "{",
        #"  "id": 1181,"#,
        #"  "price": 1.50e+02,"#,
        #"  "big": 98765432109876543210,"#,
        #"  "tags": ["#,
        #"    "a","#,
        "    []",
        "  ],",
        #"  "o": {},"#,
        #"  "esc": "q\"\\ \u00e9""#,
        "}",
      ])
  }

  @Test func aPageThatEndsInTheMiddleIsLaidOutAsFarAsItGoes() {
    #expect(
      lines(Array(#"{"a":[1,{"b":"cut"#.utf8), .json) == [
        "{", #"  "a": ["#, "    1,", "    {", #"      "b": "cut"#,
      ])
  }

  @Test func hostileBytesInsideStringsAreDrawnAsEscapes() {
    let bytes = Array("[\"\u{1b}[2J\u{202e}x\n\u{200d}".utf8) + [0xFF, 0xC3] + Array("\"]".utf8)
    #expect(
      lines(bytes, .json) == [
        "[", #"  "\x1b[2J\u{202e}x\n\u{200d}\xff\xc3""#, "]",
      ])
  }

  @Test func namesAreToldFromValuesByStyle() {
    let layout = ByteLayout(
      Array(#"{"name":"value"}"#.utf8), base: 0, mode: .json,
      form: RowForm(width: 40, isUnicode: true))
    let row = layout.rows(1..<2).first ?? []
    #expect(row.first { $0.text.contains("name") }?.style.role == .key)
    #expect(row.first { $0.text.contains("value") }?.style.role == .normal)
  }

  @Test func aLongStringGoesOnUnderItself() {
    let text = #"{"a":""# + String(repeating: "x", count: 50) + #""}"#
    let rows = lines(Array(text.utf8), .json, width: 30)
    #expect(rows.allSatisfy { $0.count <= 30 })
    #expect(rows.joined().filter { $0 == "x" }.count == 50)
    #expect(rows[2].hasPrefix("    x"))
  }

  @Test func deepNestingKeepsItsIndentationBounded() {
    let depth = 900
    let text = String(repeating: "[", count: depth) + "7" + String(repeating: "]", count: depth)
    let rows = lines(Array(text.utf8), .json, width: 60)
    #expect(rows.allSatisfy { $0.count <= 60 })
    #expect(rows.joined().filter { $0 == "[" }.count == depth)
    #expect(rows.joined().filter { $0 == "]" }.count == depth)
    #expect(rows.count < 2 * JSONRows.indentedDepth + 2 * depth / 20)
  }

  /// Whatever the layout does with white space outside strings, no other byte may go or come.
  @Test(arguments: [12, 17, 40, 80])
  func noByteIsLostOrAddedAtAnyWidth(_ width: Int) {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for index in 0..<400 {
      bytes += Array(#"{"k\#(index)":[\#(index),{"s":"ab\"c,:]}","e":{}},[]]},"#.utf8)
    }
    bytes += Array("0]".utf8)
    #expect(JSONCheck.check(bytes) == .json)
    let drawn = lines(bytes, .json, width: width).joined().filter { $0 != " " }
    #expect(drawn == String(decoding: bytes, as: UTF8.self))
  }

  @Test func bytesThatAreNotJSONNeverTrapTheLayout() {
    var state: UInt64 = 88_172_645_463_325_252
    let alphabet = Array(#"{}[]",:\ 1atx"#.utf8) + [0x0A, 0x1B, 0xFF, 0xE2, 0x80]
    for _ in 0..<400 {
      var bytes: [UInt8] = []
      for _ in 0..<60 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        bytes.append(alphabet[Int(state % UInt64(alphabet.count))])
      }
      let rows = lines(bytes, .json, width: 20)
      #expect(rows.count <= 4 * bytes.count)
      _ = JSONCheck.check(bytes)
    }
  }
}
