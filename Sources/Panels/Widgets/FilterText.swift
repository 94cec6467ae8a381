/// What `/` matches by: all words, any case; a word that begins with `!` must not occur.
package struct FilterText: Sendable, Hashable {
  private let words: [(text: [UInt8], isNegated: Bool)]

  package init(_ text: String) {
    words = text.split(separator: " ").compactMap { word in
      let isNegated = word.hasPrefix("!")
      let lowered = Self.lowered(String(isNegated ? word.dropFirst() : word))
      return lowered.isEmpty ? nil : (lowered, isNegated)
    }
  }

  package var isEmpty: Bool { words.isEmpty }

  package func matches(_ text: String) -> Bool {
    let haystack = Self.lowered(text)
    return words.allSatisfy { Self.contains(haystack, $0.text) != $0.isNegated }
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.words.elementsEqual(right.words) { $0.text == $1.text && $0.isNegated == $1.isNegated }
  }

  package func hash(into hasher: inout Hasher) { words.forEach { hasher.combine($0.text) } }

  /// ASCII only: server text is bytes, and Unicode case folding is slow and locale-bound.
  private static func lowered(_ text: String) -> [UInt8] {
    text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
  }

  private static func contains(_ text: [UInt8], _ word: [UInt8]) -> Bool {
    guard text.count >= word.count else { return false }
    for start in 0...(text.count - word.count)
    where text[start] == word[0] && text[start..<start + word.count].elementsEqual(word) {
      return true
    }
    return false
  }
}
