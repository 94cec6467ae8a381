/// What is typed to find keys: a pattern, then filters: `cart:* type:hash ttl:<60 size:>1mb idle:>1h`.
///
/// The pattern is everything before the filters and may have blanks in it; without one every key is
/// meant. A pattern that looks like a filter is written with a backslash before its colon.
package struct KeyQuery: Sendable, Hashable {
  /// A Redis glob.
  package var pattern: [UInt8]
  package var filter: KeyFilter

  package init(pattern: [UInt8], filter: KeyFilter = KeyFilter()) {
    self.pattern = pattern
    self.filter = filter
  }

  /// Why a query was refused: one sentence for the person who typed it.
  package struct Refusal: Error, Sendable, Hashable {
    package var text: String
  }

  package init(parsing line: String) throws(Refusal) {
    var rest = Self.trimmed(line[...])
    var words: [(name: KeyFilter.Name, value: String)] = []
    while !rest.isEmpty {
      let start = rest.lastIndex(of: " ").map { rest.index(after: $0) } ?? rest.startIndex
      let word = rest[start...]
      guard let colon = word.firstIndex(of: ":"),
        let name = KeyFilter.Name(rawValue: String(word[..<colon]))
      else { break }
      let value = String(word[word.index(after: colon)...])
      var probe = KeyFilter()
      guard probe.set(name, value) else {
        // As the only pattern it is one, such as `type:*`; behind a pattern it was meant as a filter.
        if start == rest.startIndex { break }
        throw Refusal(text: "'\(word)' is no filter: write \(name.form)")
      }
      words.append((name, value))
      rest = Self.trimmed(rest[..<start])
    }
    filter = KeyFilter()
    var seen: Set<KeyFilter.Name> = []
    for (name, value) in words.reversed() {
      guard seen.insert(name).inserted else {
        throw Refusal(text: "\(name.rawValue): is given twice")
      }
      _ = filter.set(name, value)
    }
    pattern = rest.isEmpty ? Array("*".utf8) : Array(rest.utf8)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}
