/// Base64 (RFC 4648), for what goes to the terminal as such.
enum Base64 {
  static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
    let alphabet = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    var group: UInt32 = 0
    var count = 0
    func flush(_ digits: Int) {
      for shift in [18, 12, 6, 0].prefix(digits) {
        out.append(alphabet[Int(group >> UInt32(shift) & 63)])
      }
      out += repeatElement(UInt8(ascii: "="), count: 4 - digits)
    }
    for byte in bytes {
      group |= UInt32(byte) << UInt32(16 - 8 * count)
      count += 1
      if count == 3 {
        flush(4)
        (group, count) = (0, 0)
      }
    }
    if count > 0 { flush(count + 1) }
    return out
  }
}
