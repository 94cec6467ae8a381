import Testing

@testable import Panels

@Suite("Figures as text")
struct FormatTests {
  @Test(
    arguments: [
      (0.0, "0"), (0.01, "<0.1"), (0.4, "0.4"), (3.0, "3"), (9.94, "9.9"), (9.96, "10"),
      (999.4, "999"), (999.6, "1k"), (12_345.0, "12.3k"), (999_999.0, "1M"), (4.1e6, "4.1M"),
      (1e300, "1000000000E"), (-4, "0"),
    ] as [(Double, String)])
  func rates(value: Double, text: String) { #expect(Format.rate(value) == text) }

  @Test(
    arguments: [
      (nil, "-"), (0.0, "0.0"), (0.0001, "<0.1"), (0.932, "93.2"), (0.9996, ">99.9"),
      (1.0, "100"), (1.5, "150"), (-1.0, "0.0"), (Double.nan, "-"),
    ] as [(Double?, String)])
  func percents(value: Double?, text: String) { #expect(Format.percent(value) == text) }

  @Test(
    arguments: [
      (0, "0B"), (1023, "1023B"), (1024, "1K"), (1_536, "1.5K"), (9_771_050_598, "9.1G"),
      (UInt64.max, "16E"),
    ] as [(UInt64, String)])
  func bytes(value: UInt64, text: String) { #expect(Format.bytes(value) == text) }

  @Test(
    arguments: [
      (41.0, "41µs"), (999.4, "999µs"), (999.6, "1.0ms"), (18_200, "18.2ms"), (250_000, "250ms"),
      (3_400_000, "3.4s"), (600_000_000, "10m"), (Double.infinity, "-"), (-3, "0µs"),
    ] as [(Double, String)])
  func latencies(value: Double, text: String) {
    #expect(Format.microseconds(value, isUnicode: true) == text)
    #expect(Format.microseconds(value, isUnicode: false).utf8.allSatisfy { $0 < 0x80 })
  }

  @Test(
    arguments: [
      (0.4, "now"), (4.2, "4s"), (61, "1m01s"), (3_599, "59m"), (7_500, "2h05m"),
      (190_000, "2d4h"), (Double.nan, "-"), (1e300, "3472222d5h"), (-5, "now"),
    ] as [(Double, String)])
  func ages(value: Double, text: String) { #expect(Format.age(seconds: value) == text) }

  @Test func groupsDigits() {
    #expect(Format.grouped(1_204_331) == "1,204,331")
    #expect(Format.grouped(12) == "12")
    #expect(Format.grouped(UInt64.max) == "18,446,744,073,709,551,615")
  }

  @Test(
    arguments: [
      ("ndoes", "nodes"), ("thme", "theme"), ("nod", "nodes"), ("zzz", nil), ("", nil),
    ] as [(String, String?)])
  func suggestions(word: String, name: String?) {
    #expect(Suggestion.nearest(word, among: ["nodes", "theme", "env", "commands"]) == name)
  }

  @Test func filtersByWordsAndTheirAbsence() {
    #expect(FilterText("GET").matches("hgetall"))
    #expect(FilterText("get !all").matches("get"))
    #expect(!FilterText("get !all").matches("hgetall"))
    #expect(FilterText("a b").matches("b and a"))
    #expect(FilterText(" ! ").isEmpty)
  }
}
