import Terminal
import Testing

@Suite struct GlyphsTests {
  @Test(
    arguments: [
      (.braille, "⣀⣤⣶⣿"), (.block, "▁▃▅█"), (.console, "▄▄▄█"), (.ascii, "_.-#"),
    ] as [(GlyphLevel, String)])
  func aSparklineRises(level: GlyphLevel, expected: String) {
    let glyphs = Glyphs(level: level)
    let steps: [Double?] =
      level == .braille ? [25, 25, 50, 50, 75, 75, 100, 100] : [12, 37, 62, 100]
    #expect(glyphs.sparkline(steps, width: 4, maximum: 100) == expected)
  }

  @Test(arguments: GlyphLevel.allCases)
  func plotsHaveExactlyTheirWidth(level: GlyphLevel) {
    let glyphs = Glyphs(level: level)
    let series: [[Double?]] = [
      [], [nil], [1], [.nan, .infinity, -3, 0, 5], Array(repeating: 7, count: 1000),
      [.greatestFiniteMagnitude, .leastNonzeroMagnitude],
    ]
    for values in series {
      for width in 0..<7 {
        for maximum in [nil, 0, 10, .nan, -1] as [Double?] {
          for row in glyphs.graph(values, width: width, height: 3, maximum: maximum) {
            #expect(TextWidth.columns(row) == width)
          }
        }
        for fraction in [nil, .nan, -1, 0, 0.001, 0.5, 0.999, 1, 2, .infinity] as [Double?] {
          #expect(TextWidth.columns(glyphs.meter(fraction, width: width)) == width)
          #expect(TextWidth.columns(glyphs.bar(fraction, width: width)) == width)
        }
      }
    }
  }

  @Test func aGapIsAGapAndASmallValueIsSeen() {
    let glyphs = Glyphs(level: .block)
    #expect(glyphs.sparkline([nil, 0, 0.001, 100], width: 6) == "    ▁█")
  }

  @Test func meterEndsAreHonest() {
    let glyphs = Glyphs(level: .ascii)
    #expect(glyphs.meter(0, width: 5) == ".....")
    #expect(glyphs.meter(0.01, width: 5) == "#....")
    #expect(glyphs.meter(0.99, width: 5) == "####.")
    #expect(glyphs.meter(1, width: 5) == "#####")
    #expect(glyphs.meter(nil, width: 5) == "     ")
  }

  @Test func asciiSignsAreAsciiAndAsWideAsTheirTwins() {
    let ascii = Glyphs(isUnicode: false)
    let unicode = Glyphs(isUnicode: true)
    let signs: [KeyPath<Glyphs, String>] = [
      \.ellipsis, \.separator, \.selectionMark, \.itemMark, \.arrowRight, \.arrowLeft, \.scrollUp,
      \.scrollDown, \.ascending, \.descending, \.multiplication, \.micro, \.masked, \.horizontal,
      \.vertical, \.topLeft, \.topRight, \.bottomLeft, \.bottomRight, \.cross, \.teeDown, \.teeUp,
      \.teeRight, \.teeLeft, \.scrollTrack, \.scrollThumb, \.treeBranch, \.treeLast, \.treeTrunk,
      \.treeSpace,
    ]
    for sign in signs {
      #expect(ascii[keyPath: sign].utf8.allSatisfy { (0x20..<0x7F).contains($0) })
      #expect(
        TextWidth.columns(ascii[keyPath: sign]) == TextWidth.columns(unicode[keyPath: sign]))
    }
    #expect(Set(Glyphs.Dot.allCases.map(ascii.dot)).count == 3)
  }
}

@Suite struct LayoutTests {
  private let table = [
    LayoutColumn(minimum: 10, weight: 3, priority: 9), LayoutColumn(minimum: 6, priority: 5),
    LayoutColumn(minimum: 8, maximum: 12, weight: 1, priority: 7),
    LayoutColumn(minimum: 20, weight: 1, priority: 1),
  ]

  @Test(
    arguments: [
      (200, [0, 1, 2, 3], []), (47, [0, 1, 2, 3], []), (46, [0, 1, 2], [3]), (26, [0, 1, 2], [3]),
      (25, [0, 2], [1, 3]), (18, [0], [1, 2, 3]), (4, [0], [1, 2, 3]), (0, [], [0, 1, 2, 3]),
      (-5, [], [0, 1, 2, 3]),
    ] as [(Int, [Int], [Int])])
  func columnsGoByPriority(width: Int, shown: [Int], hidden: [Int]) {
    let layout = Layout(columns: table, width: width)
    #expect(layout.slots.map(\.column) == shown)
    #expect(layout.hidden == hidden)
  }

  @Test(arguments: 0..<260)
  func slotsNeverOverlapNorLeaveTheWidth(width: Int) {
    let layout = Layout(columns: table, width: width, gap: 2)
    var x = 0
    for slot in layout.slots {
      #expect(slot.x == x && slot.width > 0 && slot.width <= table[slot.column].maximum)
      x += slot.width + 2
    }
    #expect(layout.slots.isEmpty || x - 2 <= width)
  }

  @Test func growthIsByWeightUpToTheMaximum() {
    let layout = Layout(columns: table, width: 147)
    #expect(layout.slots.map(\.width) == [82, 6, 12, 44])
    #expect(Layout(columns: [], width: 10).slots == [])
  }
}
