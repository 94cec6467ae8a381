/// Spoils bytes as broken servers, cut connections and attackers do.
package enum Mutation {
  /// What means something to a reader of RESP or of lines, and what is too much of it.
  private static let words: [[UInt8]] = [
    "\r\n", "\n", ":", "*", "$", "+", "-", "*-1\r\n", "$-1\r\n", "*1048576\r\n", "*2147483647\r\n",
    "$536870912\r\n", "$9223372036854775807\r\n", "$99999999999999999999\r\n",
    ":-9223372036854775808\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "%2\r\n", "~1\r\n", "_\r\n", ",nan\r\n",
    "=", ",", "\0",
    "\u{1B}[2J", "18446744073709551616", "-1", "16384", "99999", "1e308", "nan", "-0",
  ].map { Array($0.utf8) }

  /// Between none and eight changes.
  package static func spoil(_ bytes: [UInt8], using generator: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 0...8, using: &generator) {
      let place = Int.random(in: 0...bytes.count, using: &generator)
      let end = min(bytes.count, place + Int.random(in: 0..<64, using: &generator))
      switch Int.random(in: 0..<8, using: &generator) {
      case 0 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &generator)
      case 1 where place < bytes.count:
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: bytes.removeSubrange(place..<end)
      case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case 4: bytes.removeSubrange(place...)
      case 5:
        bytes.insert(
          contentsOf: (0..<Int.random(in: 0..<32, using: &generator)).map { _ in
            UInt8.random(in: 0...255, using: &generator)
          }, at: place)
      default:
        let word = words[Int.random(in: 0..<words.count, using: &generator)]
        bytes.replaceSubrange(place..<min(end, place + word.count), with: word)
      }
    }
    return bytes
  }
}
