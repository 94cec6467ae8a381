/// Redis' glob: `*`, `?`, `[a-z]`, `[^a]`, `\` as escape, on bytes.
package enum Glob {
  /// Linear in `text` times the literal runs of `pattern`: one backtrack point, no recursion, as in
  /// https://research.swtch.com/glob; so no pattern that a user types can stall the caller.
  package static func matches(pattern: [UInt8], text: [UInt8]) -> Bool {
    var position = 0
    var index = 0
    var star: (pattern: Int, text: Int)?
    while index < text.count || position < pattern.count {
      if position < pattern.count {
        if pattern[position] == UInt8(ascii: "*") {
          star = (position, index + 1)
          position += 1
          continue
        }
        if index < text.count, let next = step(pattern, position, text[index]) {
          position = next
          index += 1
          continue
        }
      }
      guard let back = star, back.text <= text.count else { return false }
      position = back.pattern
      index = back.text
    }
    return true
  }

  /// False if no text with this prefix matches: the pattern begins with other letters.
  package static func mayMatch(pattern: [UInt8], prefix: [UInt8]) -> Bool {
    for (letter, other) in zip(pattern, prefix) {
      switch letter {
      case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "\\"): return true
      case other: continue
      default: return false
      }
    }
    // The pattern's letters are the prefix's, as far as they go; a shorter one matches itself only.
    return pattern.count >= prefix.count
  }

  /// The position after one pattern element if it takes `byte`.
  private static func step(_ pattern: [UInt8], _ start: Int, _ byte: UInt8) -> Int? {
    switch pattern[start] {
    case UInt8(ascii: "?"): return start + 1
    case UInt8(ascii: "["): return set(pattern, start, byte)
    case UInt8(ascii: "\\") where start + 1 < pattern.count:
      return pattern[start + 1] == byte ? start + 2 : nil
    case let literal: return literal == byte ? start + 1 : nil
    }
  }

  /// `[…]`; an unclosed set ends with the pattern, as in Redis' `stringmatchlen`.
  private static func set(_ pattern: [UInt8], _ start: Int, _ byte: UInt8) -> Int? {
    var at = start + 1
    let negated = at < pattern.count && pattern[at] == UInt8(ascii: "^")
    if negated { at += 1 }
    var found = false
    while at < pattern.count, pattern[at] != UInt8(ascii: "]") {
      if pattern[at] == UInt8(ascii: "\\"), at + 1 < pattern.count {
        found = found || pattern[at + 1] == byte
        at += 2
      } else if at + 2 < pattern.count, pattern[at + 1] == UInt8(ascii: "-") {
        let low = min(pattern[at], pattern[at + 2])
        let high = max(pattern[at], pattern[at + 2])
        found = found || (low...high).contains(byte)
        at += 3
      } else {
        found = found || pattern[at] == byte
        at += 1
      }
    }
    return found != negated ? min(at + 1, pattern.count) : nil
  }
}
