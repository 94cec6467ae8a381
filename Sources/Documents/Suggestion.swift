/// "Did you mean": the nearest known word.
package enum Suggestion {
  /// The candidate with the least edit distance, if that is at most a third of the word (and 3).
  package static func closest(to word: String, in candidates: [String]) -> String? {
    let typed = Array(word.lowercased().utf8.prefix(64))
    let scored = candidates.map { ($0, distance(typed, Array($0.lowercased().utf8))) }
    guard let best = scored.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return nil }
    return best.1 <= max(1, min(3, typed.count / 3)) ? best.0 : nil
  }

  /// Damerau–Levenshtein with adjacent transpositions (optimal string alignment), O(m·n).
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before = [Int](repeating: 0, count: right.count + 1)
    var previous = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1] + [Int](repeating: 0, count: right.count)
      for column in 0..<right.count {
        let cost = left[row] == right[column] ? 0 : 1
        current[column + 1] = min(
          previous[column + 1] + 1, current[column] + 1, previous[column] + cost)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          current[column + 1] = min(current[column + 1], before[column - 1] + 1)
        }
      }
      before = previous
      previous = current
    }
    return previous[right.count]
  }
}
