import ConsoleModel
import Testing

@Suite struct TimeTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
      (1_795_360_922_250_000, "2026-11-22T15:22:02.250Z"),
      (-1_000_000, "1969-12-31T23:59:59.000Z"), (4_102_444_800_000_000, "2100-01-01T00:00:00.000Z"),
    ] as [(Int64, String)])
  func rfc3339(microseconds: Int64, expected: String) {
    #expect(CivilTime.rfc3339(WallTime(microseconds: microseconds)) == expected)
  }

  @Test func extremesDoNotTrap() {
    for value in [Int64.min, Int64.max] {
      _ = CivilTime(WallTime(microseconds: value), offsetSeconds: 50_400)
      _ = CivilTime(WallTime(microseconds: value), offsetSeconds: -43_200)
    }
  }

  @Test func zonesMoveTheClock() {
    let civil = CivilTime(WallTime(seconds: 0), offsetSeconds: -3600)
    #expect(civil.date == "1969-12-31")
    #expect(civil.clock == "23:00:00")
  }
}
