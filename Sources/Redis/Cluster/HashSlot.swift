/// Which of a cluster's 16,384 slots a key belongs to.
///
/// CRC16 in the variant XMODEM (polynomial 0x1021, start 0, nothing reflected) of the key, or of
/// what stands in its first `{…}` if that is not empty, so that people can keep keys together:
/// <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>.
package enum HashSlot {
  package static let count = 16_384

  /// 0…16383
  package static func of(_ key: [UInt8]) -> Int {
    Int(crc16(hashed(key)) & 0x3FFF)
  }

  /// The part of the key that chooses the slot.
  static func hashed(_ key: [UInt8]) -> ArraySlice<UInt8> {
    guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return key[...] }
    let inside = key[(open + 1)...]
    guard let close = inside.firstIndex(of: UInt8(ascii: "}")), close > inside.startIndex else {
      return key[...]
    }
    return inside[..<close]
  }

  static func crc16(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    var crc: UInt16 = 0
    for byte in bytes {
      crc = (crc << 8) ^ table[Int(UInt8(truncatingIfNeeded: crc >> 8) ^ byte)]
    }
    return crc
  }

  private static let table: [UInt16] = (0..<256).map { index in
    var crc = UInt16(index) << 8
    for _ in 0..<8 { crc = crc & 0x8000 == 0 ? crc << 1 : (crc << 1) ^ 0x1021 }
    return crc
  }
}
