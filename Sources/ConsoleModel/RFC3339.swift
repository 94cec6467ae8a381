extension CivilTime {
  /// RFC 3339 in UTC with so many digits (0…6) of a second: `2026-11-22T12:04:31.250000Z`.
  package static func rfc3339(_ time: WallTime, fractionDigits: Int) -> String {
    let civil = CivilTime(time)
    guard fractionDigits > 0 else { return "\(civil.date)T\(civil.clock)Z" }
    let digits = String(civil.microsecond)
    let fraction = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    return "\(civil.date)T\(civil.clock).\(fraction.prefix(fractionDigits))Z"
  }
}

extension WallTime {
  /// RFC 3339 with `Z` or an offset; years 0001…9999; digits below a microsecond are dropped, a leap
  /// second is the second before. nil for anything else.
  package init?(rfc3339 text: String) {
    var rest = Array(text.utf8.prefix(64))[...]
    func number(_ digits: Int) -> Int64? {
      let part = rest.prefix(digits)
      guard part.count == digits, part.allSatisfy({ (0x30...0x39).contains($0) }) else {
        return nil
      }
      rest = rest.dropFirst(digits)
      return part.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
    func mark(_ marks: String) -> UInt8? {
      guard let first = rest.first, marks.utf8.contains(first) else { return nil }
      rest = rest.dropFirst()
      return first
    }
    guard let year = number(4), year >= 1, mark("-") != nil, let month = number(2),
      (1...12).contains(month), mark("-") != nil, let day = number(2), day >= 1,
      day <= Self.days(in: month, of: year), mark("Tt ") != nil, let hour = number(2), hour < 24,
      mark(":") != nil, let minute = number(2), minute < 60, mark(":") != nil,
      let second = number(2), second <= 60
    else { return nil }
    var microsecond: Int64 = 0
    if mark(".") != nil {
      var unit: Int64 = 100_000
      guard let first = number(1) else { return nil }
      microsecond = first * unit
      while let digit = number(1) {
        unit /= 10
        microsecond += digit * unit
      }
    }
    guard let sign = mark("Zz+-") else { return nil }
    var offset: Int64 = 0
    if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      guard let hours = number(2), hours < 24, mark(":") != nil, let minutes = number(2),
        minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60 : 60)
    }
    guard rest.isEmpty else { return nil }
    let seconds = hour * 3600 + minute * 60 + min(second, 59) - offset
    self.init(
      microseconds: (Self.dayNumber(year, month, day) * 86_400 + seconds) * 1_000_000 + microsecond)
  }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01: Howard Hinnant's `days_from_civil`
  /// (https://howardhinnant.github.io/date_algorithms.html).
  private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
