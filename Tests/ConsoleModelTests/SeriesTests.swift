import ConsoleModel
import Testing

@Suite struct SeriesTests {
  private func time(_ seconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: Int64(seconds * 1e9))
  }

  @Test func pointsOfOneSlotAreAveraged() {
    var series = Series()
    series.append(1, at: time(0))
    series.append(3, at: time(1))
    series.append(5, at: time(2))
    #expect(series.tail(10) == [2, 5])
    #expect(series.tail(10, .medium) == [3])
  }

  @Test func theNewestPointTellsWhereItBegins() {
    var series = Series(levels: 2)
    #expect(series.newest() == nil)
    series.append(1, at: time(13.7))
    #expect(series.newest() == time(12) && series.newest(.medium) == time(10))
    series.append(nil, at: time(21))
    #expect(series.newest() == time(20) && series.newest(.medium) == time(20))
    #expect(series.newest(.coarse) == nil)
  }

  @Test func aPauseIsAGap() {
    var series = Series()
    series.append(1, at: time(0))
    series.append(2, at: time(8))
    let tail = series.tail(10)
    #expect(tail.count == 5)
    #expect(tail.first == 1 && tail.last == 2)
    #expect(tail[1...3].allSatisfy { $0.isNaN })
  }

  @Test func memoryIsBoundedWhateverTheSuspend() {
    var series = Series()
    for step in 0..<5000 { series.append(Float(step), at: time(Double(step) * 2)) }
    series.append(1, at: time(1e7))
    #expect(series.count() == 300)
    #expect(series.count(.medium) == 360)
    #expect(series.count(.coarse) <= 1440)
    #expect(series.tail(300).filter { !$0.isNaN } == [1])
  }

  @Test func ringKeepsTheNewest() {
    var series = Series(levels: 1, fineCapacity: 4)
    for step in 0..<10 { series.append(Float(step), at: time(Double(step) * 2)) }
    #expect(series.tail(4) == [6, 7, 8, 9])
    #expect(series.tail(2) == [8, 9])
    #expect(series.tail(4, .coarse).isEmpty)
  }

  @Test func notFiniteIsAGapAndAClockThatRunsBackDoesNotTrap() {
    var series = Series(levels: 1)
    series.append(.infinity, at: time(10))
    series.append(4, at: time(2))
    #expect(series.tail(2).last == 4)
  }
}
