/// Numbers that a server sent: unsigned 64-bit or a finite, non-negative real, else absent.
///
/// `-1`, `nan`, `inf`, hexadecimal and values above 2^64 are things that servers really print
/// ("not measured", "no data", a wrapped counter); none of them may reach arithmetic.
package enum ServerNumber {
  package static func unsigned(_ bytes: some Collection<UInt8>) -> UInt64? {
    // 2^64 has 20 digits; leading zeros beyond that are not something a server sends.
    guard !bytes.isEmpty, bytes.count <= 20 else { return nil }
    var value: UInt64 = 0
    for byte in bytes {
      guard (0x30...0x39).contains(byte) else { return nil }
      let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, carried) = scaled.addingReportingOverflow(UInt64(byte - 0x30))
      guard !overflowed, !carried else { return nil }
      value = sum
    }
    return value
  }

  package static func unsigned(_ text: some StringProtocol) -> UInt64? { unsigned(text.utf8) }

  /// A decimal with an optional fraction, exponent and per-cent sign (which is dropped: `99.71%`
  /// gives 99.71).
  package static func real(_ text: some StringProtocol) -> Double? {
    var digits = text[...]
    if digits.last == "%" { digits = digits.dropLast() }
    // `Double.init` also takes `nan`, `inf` and `0x1p3`; the first byte and the alphabet exclude
    // them, and a sign at the front excludes negatives.
    guard let first = digits.utf8.first, (0x30...0x39).contains(first), digits.utf8.count <= 64,
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || ".eE+-".utf8.contains($0) }),
      let value = Double(String(digits)), value.isFinite
    else { return nil }
    return value
  }

  /// Seconds as the server prints them, in whole microseconds.
  package static func microseconds(ofSeconds text: some StringProtocol) -> UInt64? {
    guard let seconds = real(text), seconds < 1e13 else { return nil }
    return UInt64(exactly: (seconds * 1e6).rounded())
  }
}

/// Arithmetic on server counters that stays inside its range instead of trapping.
extension UInt64 {
  /// `self - other`, or 0 where that would be negative.
  package func subtractingOrZero(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }

  /// `self + other`, or the greatest value where that would overflow.
  package func addingOrMax(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
