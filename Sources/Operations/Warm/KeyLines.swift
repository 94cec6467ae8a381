package import ConsoleModel
package import Documents

/// A list of keys as text: one a line, with the escapes of `RecordText`; blank lines are skipped, a
/// carriage return at the end of a line is not part of the key, and keys that stand twice count once.
package struct KeyLines {
  /// Bytes of a list at most.
  package static let maximumBytes = 256 << 20

  private let name: String
  private let limit: Int
  private var lines: LineSplitter
  private var seen: Set<KeyName> = []
  private var found: [KeyName] = []
  private var bytes = 0
  private var fault: DocumentError?

  /// - Parameters:
  ///   - name: for errors: the file, or `standard input`.
  ///   - limit: keys at most.
  package init(name: String, limit: Int = OperationRequest.maximumKeys) {
    self.name = name
    self.limit = limit
    lines = LineSplitter(limit: 1 << 20)
  }

  package mutating func append(_ piece: some Collection<UInt8>) throws(DocumentError) {
    bytes += piece.count
    guard bytes <= Self.maximumBytes else {
      throw DocumentError(file: name, detail: "is larger than \(Self.maximumBytes >> 20) MiB")
    }
    split { $0.append(piece, $1) }
    if let fault { throw fault }
  }

  /// The keys, in their order.
  package mutating func finish() throws(DocumentError) -> [KeyName] {
    split { $0.finish($1) }
    if let fault { throw fault }
    guard !found.isEmpty else { throw DocumentError(file: name, detail: "holds no key") }
    return found
  }

  package static func parse(_ text: [UInt8], name: String) throws(DocumentError) -> [KeyName] {
    var lines = KeyLines(name: name)
    try lines.append(text)
    return try lines.finish()
  }

  private mutating func split(
    _ body: (inout LineSplitter, (LineSplitter.Line) -> Void) -> Void
  ) {
    // The splitter's calls come while it is changed: what they need is moved out meanwhile.
    var splitter = LineSplitter(limit: 0)
    swap(&splitter, &lines)
    body(&splitter) { take($0) }
    lines = splitter
  }

  private mutating func take(_ line: LineSplitter.Line) {
    guard fault == nil else { return }
    do throws(DocumentError) {
      switch line {
      case .tooLong(let number):
        throw DocumentError(file: name, line: number, detail: "the key is over 1 MiB")
      case .text(let text, let number): try add(text, number)
      }
    } catch {
      fault = error
    }
  }

  private mutating func add(_ text: ArraySlice<UInt8>, _ number: Int) throws(DocumentError) {
    let line = text.last == 0x0D ? text.dropLast() : text
    guard !line.isEmpty else { return }
    let key: KeyName
    do throws(RecordTextError) {
      key = try RecordText.key(line)
    } catch {
      throw DocumentError(
        file: name, line: number,
        detail: error.reason + " (a list has one key a line, and a backslash is written \\\\)")
    }
    guard seen.insert(key).inserted else { return }
    guard found.count < limit else {
      throw DocumentError(
        file: name, line: number,
        detail: "there are more than \(limit) keys: that many are a pattern, or several runs")
    }
    found.append(key)
  }
}
