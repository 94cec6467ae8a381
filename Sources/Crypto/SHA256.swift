private import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL.
package enum SHA256 {
  /// 32 bytes. O(n).
  package static func digest(_ bytes: some Collection<UInt8>) -> [UInt8] {
    let input = Array(bytes)
    var output = [UInt8](repeating: 0, count: 32)
    // The one-shot form fails only without memory.
    guard unsafe COpenSSL::SHA256(input, input.count, &output) != nil else { return [] }
    return output
  }

  /// 64 lower-case hexadecimal digits.
  package static func hex(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let digest = digest(bytes)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package static func hex(_ text: String) -> String { hex(text.utf8) }
}
