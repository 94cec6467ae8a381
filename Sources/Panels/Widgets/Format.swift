/// Figures as text: short, with a unit, and safe for any server number.
///
/// `-` stands for "not known or not offered"; results are ASCII unless `isUnicode` asks for more.
package enum Format {
  package static let missing = "-"

  /// A ratio as per cent without the sign: `93.2`, `100`.
  package static func percent(_ ratio: Double?) -> String {
    guard let ratio, ratio.isFinite else { return missing }
    let value = max(0, min(ratio, 10)) * 100
    // Neither all nor nothing unless it is: these two ends are what people act on.
    if value > 0, value < 0.05 { return "<0.1" }
    if value < 100, value >= 99.95 { return ">99.9" }
    return value >= 100 ? String(Int(value.rounded())) : fixed(value, 1)
  }

  /// A rate or count: `0`, `0.4`, `12`, `12.3k`, `4.1M`.
  package static func rate(_ value: Double?) -> String {
    guard let value, value.isFinite else { return missing }
    let amount = max(0, value)
    if amount == 0 { return "0" }
    if amount < 0.05 { return "<0.1" }
    if amount < 9.95 { return trimmed(fixed(amount, 1)) }
    if amount < 999.5 { return String(Int(amount.rounded())) }
    return scaled(amount, step: 1000, units: ["k", "M", "G", "T", "P", "E"])
  }

  package static func count(_ value: UInt64?) -> String {
    value.map { rate(Double($0)) } ?? missing
  }

  /// A count with all its digits, in groups of three: `1,234,567`.
  package static func grouped(_ value: UInt64?) -> String {
    guard let value else { return missing }
    var out = ""
    let digits = Array(String(value))
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { out.append(",") }
      out.append(digit)
    }
    return out
  }

  /// Bytes in powers of 1024, as redis-cli prints them: `512B`, `1.2G`.
  package static func bytes(_ value: UInt64?) -> String {
    value.map { bytes(Double($0)) } ?? missing
  }

  package static func bytes(_ value: Double?) -> String {
    guard let value, value.isFinite else { return missing }
    let amount = max(0, value)
    if amount < 1023.5 { return "\(Int(amount.rounded()))B" }
    return scaled(amount, step: 1024, units: ["K", "M", "G", "T", "P", "E"])
  }

  /// Bytes per second: `512B/s`, `2.1KB/s`.
  package static func byteRate(_ value: Double?) -> String {
    let text = bytes(value)
    return text == missing ? text : (text.hasSuffix("B") ? "\(text)/s" : "\(text)B/s")
  }

  /// A latency: `41µs`, `1.2ms`, `3.4s`.
  package static func microseconds(_ value: Double?, isUnicode: Bool) -> String {
    guard let value, value.isFinite else { return missing }
    let amount = max(0, value)
    if amount < 999.5 { return "\(Int(amount.rounded()))\(isUnicode ? "µs" : "us")" }
    if amount < 999_500 {
      let milliseconds = amount / 1000
      return milliseconds < 99.95
        ? "\(fixed(milliseconds, 1))ms" : "\(Int(milliseconds.rounded()))ms"
    }
    let seconds = amount / 1_000_000
    return seconds < 99.95 ? "\(fixed(seconds, 1))s" : duration(seconds: seconds)
  }

  /// How long something took or lasts: `4s`, `12m`, `3h05m`, `2d4h`.
  package static func duration(seconds: Double) -> String {
    guard seconds.isFinite else { return missing }
    let total = Int(min(max(0, seconds), 3e11))
    if total < 60 { return "\(total)s" }
    if total < 3600 {
      let rest = total % 60
      return total < 600 && rest > 0 ? "\(total / 60)m\(padded(rest))s" : "\(total / 60)m"
    }
    if total < 86_400 { return "\(total / 3600)h\(padded(total / 60 % 60))m" }
    return "\(total / 86_400)d\(total / 3600 % 24)h"
  }

  package static func duration(_ seconds: UInt64?) -> String {
    seconds.map { duration(seconds: Double($0)) } ?? missing
  }

  /// How old something is: `now` below a second, else as a duration.
  package static func age(seconds: Double) -> String {
    guard seconds.isFinite else { return missing }
    return seconds < 1 ? "now" : duration(seconds: seconds)
  }

  /// `value` with exactly `places` decimals; no locale.
  package static func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return missing }
    let factor = [1.0, 10, 100, 1000][min(max(0, places), 3)]
    let scaled = (abs(value) * factor).rounded()
    let whole = Int(scaled / factor)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(whole)" }
    let fraction = String(Int(scaled) - whole * Int(factor))
    let zeros = String(repeating: "0", count: max(0, min(places, 3) - fraction.count))
    return "\(sign)\(whole).\(zeros)\(fraction)"
  }

  private static func trimmed(_ text: String) -> String {
    text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }

  private static func scaled(_ value: Double, step: Double, units: [String]) -> String {
    var amount = value / step
    var index = 0
    while amount >= step - 0.5, index + 1 < units.count {
      amount /= step
      index += 1
    }
    let number =
      amount < 99.95 ? trimmed(fixed(amount, 1)) : String(Int(min(amount, 1e9).rounded()))
    return number + units[index]
  }
}
