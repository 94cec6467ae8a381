/// A program and its arguments out of one text, as a shell cuts them: blanks separate, quotes and
/// backslashes hold together. Nothing is expanded and no shell is started.
package enum CommandWords {
  package static func split(_ text: String, option: String) throws(UsageError) -> [String] {
    var words: [String] = []
    var word: String.UnicodeScalarView?
    var quote: Unicode.Scalar?
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\0": throw UsageError("\(option) holds a zero byte, which no argument can")
      case "\\" where quote != "'":
        guard let next = rest.popFirst() else {
          throw UsageError("\(option) ends in a backslash")
        }
        // In double quotes a backslash holds only these, as in sh(1).
        let isHeld = quote == nil || next == "\"" || next == "\\" || next == "$" || next == "`"
        word = word ?? .init()
        if !isHeld { word?.append(scalar) }
        word?.append(next)
      case _ where scalar == quote: quote = nil
      case "'" where quote == nil, "\"" where quote == nil:
        quote = scalar
        word = word ?? .init()
      case " " where quote == nil, "\t" where quote == nil, "\n" where quote == nil:
        if let done = word { words.append(String(done)) }
        word = nil
      default:
        word = word ?? .init()
        word?.append(scalar)
      }
    }
    if let quote { throw UsageError("\(option): a quote \(quote) is not closed") }
    if let word { words.append(String(word)) }
    guard let program = words.first, !program.isEmpty else {
      throw UsageError("\(option) names no program")
    }
    return words
  }
}
