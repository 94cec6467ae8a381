/// A point on the machine's monotonic clock: what ages and intervals are computed from.
package struct MonotonicTime: Sendable, Hashable, Comparable {
  /// Nanoseconds since an arbitrary start.
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Seconds from `earlier` to here; negative if `earlier` is later.
  package func seconds(since earlier: MonotonicTime) -> Double {
    Double(nanoseconds &- earlier.nanoseconds) / 1e9
  }

  package func advanced(bySeconds seconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: nanoseconds &+ Int64(seconds * 1e9))
  }

  package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A point in civil time, for people and files; never the base of a duration.
package struct WallTime: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01T00:00:00Z.
  package var microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  package init(seconds: Int64) { self.microseconds = seconds &* 1_000_000 }

  package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
}

/// A civil date and time of day, already moved into some zone.
package struct CivilTime: Sendable, Hashable {
  package var year: Int64
  package var month: Int
  package var day: Int
  package var hour: Int
  package var minute: Int
  package var second: Int
  package var microsecond: Int

  /// Splits `time` after adding the zone's offset from UTC.
  ///
  /// The calendar arithmetic is Howard Hinnant's `civil_from_days`
  /// (https://howardhinnant.github.io/date_algorithms.html), valid for all 64-bit microseconds.
  package init(_ time: WallTime, offsetSeconds: Int = 0) {
    let shifted = time.microseconds.addingReportingOverflow(Int64(offsetSeconds) * 1_000_000)
    let micros = shifted.overflow ? time.microseconds : shifted.partialValue
    let (day, rest) = Self.floorDivide(micros, 86_400_000_000)
    let z = day + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    self.day = Int(dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    self.month = Int(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9)
    self.year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
    let seconds = rest / 1_000_000
    self.hour = Int(seconds / 3600)
    self.minute = Int(seconds / 60 % 60)
    self.second = Int(seconds % 60)
    self.microsecond = Int(rest % 1_000_000)
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  /// `12:04:31`
  package var clock: String {
    "\(Self.padded(hour)):\(Self.padded(minute)):\(Self.padded(second))"
  }

  /// `2026-11-22`
  package var date: String {
    "\(Self.padded(Int(year), 4))-\(Self.padded(month))-\(Self.padded(day))"
  }

  private static func padded(_ value: Int, _ width: Int = 2) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// RFC 3339 with milliseconds, in UTC: `2026-11-22T12:04:31.250Z`.
  package static func rfc3339(_ time: WallTime) -> String {
    let civil = CivilTime(time)
    return "\(civil.date)T\(civil.clock).\(padded(civil.microsecond / 1000, 3))Z"
  }
}
