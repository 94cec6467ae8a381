/// A mistake in a file: names the file, the line where known, and what to write instead.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
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
    return Printable.line("\(place): \(detail)")
  }
}
