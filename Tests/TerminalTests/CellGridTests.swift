import Terminal
import TestKit
import Testing

@Suite struct CellGridTests {
  private func row(_ grid: CellGrid, _ row: Int = 0) -> String { grid.text(row: row) }

  @Test(
    arguments: [
      ("abc", 5, "abc  ", 3), ("abcde", 5, "abcde", 5), ("abcdef", 5, "abcd…", 5),
      ("", 5, "     ", 0),
      ("日本", 5, "日本 ", 4), ("日本", 4, "日本", 4), ("日本語", 5, "日本…", 5), ("日本語", 4, "日 …", 4),
      ("e\u{301}a", 3, "e\u{301}a ", 2), ("a\u{202E}b", 3, "a�b", 3), ("a\nb", 3, "a�b", 3),
      ("\u{301}a", 2, "a ", 1), ("a\u{200D}b", 4, "a�b ", 3), ("日", 1, "…", 1),
    ] as [(String, Int, String, Int)])
  func textIsClippedWithAMark(text: String, columns: Int, expected: String, used: Int) {
    var grid = CellGrid(columns: columns, rows: 1)
    #expect(grid.put(text, x: 0, y: 0, in: grid.bounds) == used)
    #expect(row(grid).unicodeScalars.elementsEqual(expected.unicodeScalars), "\(row(grid))")
  }

  @Test(arguments: [("häh", "h?h  "), ("abcdef", "abcd~"), ("a\u{1B}[m", "a?[m "), ("日", "?    ")])
  func asciiGridsHoldAscii(text: String, expected: String) {
    var grid = CellGrid(columns: 5, rows: 1, isUnicode: false)
    grid.put(text, x: 0, y: 0, in: grid.bounds)
    #expect(row(grid) == expected)
  }

  @Test func nothingIsDrawnOutsideTheArea() {
    var grid = CellGrid(columns: 10, rows: 4)
    let area = Rect(x: 2, y: 1, width: 4, height: 2)
    grid.put("wide enough", x: 0, y: 0, in: area)
    grid.put("below", x: 0, y: 2, in: area)
    grid.put("above", x: 0, y: -1, in: area)
    grid.put("left", x: -1, y: 1, in: area)
    grid.put("right", x: 4, y: 1, in: area)
    #expect(
      (0..<4).map { row(grid, $0) } == [
        "          ", "  wid…    ", "          ", "          ",
      ])
    let beyond = Rect(x: 8, y: 3, width: 100, height: 100)
    grid.put("abc", x: 0, y: 0, in: beyond)
    grid.fill(beyond, style: Style(.critical))
    #expect(row(grid, 3) == "        a…")
  }

  @Test func theLimitCutsToo() {
    var grid = CellGrid(columns: 10, rows: 1)
    #expect(grid.put("abcdef", x: 1, y: 0, in: grid.bounds, limit: 3) == 3)
    #expect(row(grid) == " ab…      ")
    #expect(grid.put("abc", x: 0, y: 0, in: grid.bounds, limit: 0) == 0)
    #expect(grid.put("abc", x: 0, y: 0, in: grid.bounds, limit: -5) == 0)
  }

  @Test(arguments: [(0, "x 本  "), (1, " x本  "), (2, "日x   "), (3, "日 x  ")])
  func overwritingAHalfBlanksTheOther(column: Int, expected: String) {
    var grid = CellGrid(columns: 6, rows: 1)
    grid.put("日本", x: 0, y: 0, in: grid.bounds)
    grid.put("x", x: column, y: 0, in: grid.bounds)
    #expect(row(grid) == expected)
    #expect(grid.cells.reduce(0) { $0 + Int($1.width) } == 6)
  }

  @Test func aWideCharacterOverTwoHalvesBlanksBothOthers() {
    var grid = CellGrid(columns: 6, rows: 1)
    grid.put("日本語", x: 0, y: 0, in: grid.bounds)
    grid.put("字", x: 1, y: 0, in: grid.bounds)
    #expect(row(grid) == " 字 語")
  }

  @Test func fillingHalfOfAWideCharacterBlanksIt() {
    var grid = CellGrid(columns: 6, rows: 1)
    grid.put("日本語", x: 0, y: 0, in: grid.bounds)
    grid.fill(Rect(x: 1, y: 0, width: 2, height: 1), style: Style(.selection), blank: true)
    #expect(row(grid) == "    語")
    #expect(grid[0, 0].style == Style())
    #expect(grid[1, 0].style == Style(.selection))
    #expect(grid[3, 0].style == Style())
  }

  @Test func aCellTakesFourMarksAndNoMore() {
    var grid = CellGrid(columns: 4, rows: 1)
    grid.put("a" + String(repeating: "\u{301}", count: 9) + "b", x: 0, y: 0, in: grid.bounds)
    #expect(grid.marks(of: grid[0, 0]).count == 4)
    #expect(grid[1, 0].base == 0x62)
  }

  @Test func endlessMarksAreCut() {
    var grid = CellGrid(columns: 4, rows: 1)
    let text = "a" + String(repeating: "\u{301}", count: 5_000_000)
    let start = Deadline.now
    #expect(grid.put(text, x: 0, y: 0, in: grid.bounds) == 4)
    #expect(Deadline.now - start < 50_000_000)
    #expect(grid[1, 0].base == 0x2026)
  }

  @Test func moreDistinctMarksThanAreKeptAreLeftOut() {
    var grid = CellGrid(columns: 500, rows: 10)
    var value: UInt32 = 0x300
    for row in 0..<10 {
      var text = String.UnicodeScalarView()
      for _ in 0..<400 {
        text.append("a")
        for mark in [value % 0x6F + 0x300, value / 0x6F % 0x6F + 0x300] {
          if let scalar = Unicode.Scalar(mark) { text.append(scalar) }
        }
        value += 1
      }
      grid.put(String(text), x: 0, y: row, in: grid.bounds)
    }
    #expect(grid.text(row: 9).unicodeScalars.filter { $0 == "a" }.count == 400)
  }

  @Test func gridsAreBounded() {
    let grid = CellGrid(columns: 100_000, rows: 100_000)
    #expect(grid.columns == 500 && grid.rows == 200)
    #expect(CellGrid(columns: -3, rows: 0).bounds == Rect(x: 0, y: 0, width: 1, height: 1))
  }

  @Test func equalityIsWhatIsSeen() {
    var first = CellGrid(columns: 6, rows: 1)
    var second = first
    #expect(first == second)
    // The same marks, numbered in another order.
    first.put("e\u{301}a\u{308}", x: 0, y: 0, in: first.bounds)
    second.put("a\u{308}", x: 1, y: 0, in: second.bounds)
    second.put("e\u{301}", x: 0, y: 0, in: second.bounds)
    #expect(first == second)
    #expect(first.hashValue == second.hashValue)
    second.put("a\u{307}", x: 1, y: 0, in: second.bounds)
    #expect(first != second)
    second = first
    second.cursor = GridPoint(x: 1, y: 0)
    #expect(first != second)
    second = first
    second.fill(second.bounds, style: Style(.dim))
    #expect(first != second)
  }

  @Test func randomTextNeverLeavesARaggedRow() {
    var random = SplitMix64(seed: 7)
    let alphabet: [Unicode.Scalar] = [
      "a", "日", "😀", "\u{301}", "\u{200B}", "\n", "é", "\u{1F468}", "\u{FE0F}", "ﬀ", "\u{1100}",
    ]
    var grid = CellGrid(columns: 23, rows: 5)
    for _ in 0..<3000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0..<30, using: &random) {
        text.append(alphabet.randomElement(using: &random) ?? "a")
      }
      let area = Rect(
        x: Int.random(in: 0..<23, using: &random), y: 0,
        width: Int.random(in: 0..<24, using: &random), height: 5)
      if Bool.random(using: &random) {
        grid.put(String(text), x: 0, y: Int.random(in: 0..<5, using: &random), in: area)
      } else {
        grid.fill(area, style: Style(.ok), blank: Bool.random(using: &random))
      }
      for row in 0..<5 {
        let cells = grid.cells[(row * 23)..<(row * 23 + 23)]
        #expect(cells.reduce(0) { $0 + Int($1.width) } == 23)
        for (left, right) in zip(cells, cells.dropFirst()) {
          #expect((left.width == 2) == (right.width == 0))
        }
      }
    }
  }
}
