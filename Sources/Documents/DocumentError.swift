/// A mistake in a file: names the file, the line where known, and what to write instead.
package struct DocumentError: Error, Sendable, Hashable, CustomStringConvertible {
  package var file: String
  package var line: Int?
  package var detail: String

  package init(file: String, line: Int? = nil, detail: String) {
    self.file = file
    self.line = line
    self.detail = detail
  }

  package init(file: String, _ error: JSON5SyntaxError) {
    self.init(
      file: file, line: error.line, detail: "column \(error.column): \(error.detail)")
  }

  package var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return Self.printable("\(place): \(detail)")
  }

  /// One line of at most 400 scalars: file and detail may quote anything.
  private static func printable(_ text: String) -> String {
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(400) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        safe.append("\u{FFFD}")
      default: safe.append(scalar)
      }
    }
    return String(safe) + (text.unicodeScalars.count > 400 ? "…" : "")
  }
}
