package import ConsoleModel

/// Names of operations: they sort by time and go as file names and Redis keys.
package enum OperationID {
  /// `20261125T165512-3f9a0c`: the second in UTC, and 24 bits that tell apart what begins in it.
  package static func make(at time: WallTime, random: UInt64) -> String {
    let compact = CivilTime.rfc3339(time, fractionDigits: 0).filter { $0 != "-" && $0 != ":" }
    let digits = String(random & 0xFF_FFFF, radix: 16)
    return compact.dropLast() + "-" + String(repeating: "0", count: 6 - digits.count) + digits
  }

  /// False for anything that must not become part of a path or of a key.
  package static func isValid(_ id: String) -> Bool {
    let bytes = Array(id.utf8)
    guard bytes.count == 22 else { return false }
    return bytes.enumerated().allSatisfy { index, byte in
      switch index {
      case 8: byte == UInt8(ascii: "T")
      case 15: byte == UInt8(ascii: "-")
      case 16...: (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
      default: (0x30...0x39).contains(byte)
      }
    }
  }
}
