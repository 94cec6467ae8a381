/// Reads an object's members by name; what is left unread at the end is an error with a suggestion.
package struct ObjectReader {
  package let file: String
  private let path: String
  private let line: Int
  private var members: [JSON5Node.Member]
  private var known: [String] = []

  package init(_ node: JSON5Node, path: String, file: String) throws(DocumentError) {
    guard case .object(let members) = node.value else {
      throw DocumentError(
        file: file, line: node.line, detail: "'\(path)' is \(node.kind), expected an object")
    }
    self.file = file
    self.path = path
    self.line = node.line
    self.members = members
  }

  package func failure(_ detail: String, line: Int? = nil) -> DocumentError {
    DocumentError(file: file, line: line ?? self.line, detail: detail)
  }

  private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// Whether there is such a member that was not taken yet.
  package func has(_ key: String) -> Bool { members.contains { $0.key == key } }

  package mutating func take(_ key: String) -> JSON5Node? {
    known.append(key)
    guard let index = members.firstIndex(where: { $0.key == key }) else { return nil }
    return members.remove(at: index).value
  }

  /// Members that are names chosen by the user, such as environments.
  package mutating func takeAll() -> [JSON5Node.Member] {
    defer { members = [] }
    return members
  }

  package mutating func string(_ key: String) throws(DocumentError) -> String? {
    guard let node = take(key) else { return nil }
    guard case .string(let value) = node.value else { throw mismatch(key, node, "a string") }
    return value
  }

  package mutating func bool(_ key: String) throws(DocumentError) -> Bool? {
    guard let node = take(key) else { return nil }
    guard case .bool(let value) = node.value else { throw mismatch(key, node, "true or false") }
    return value
  }

  package mutating func number(
    _ key: String, in range: ClosedRange<Double>
  ) throws(DocumentError) -> Double? {
    guard let node = take(key) else { return nil }
    guard case .number(let value) = node.value else { throw mismatch(key, node, "a number") }
    guard range.contains(value) else {
      throw failure(
        "'\(name(key))' must be from \(range.lowerBound) to \(range.upperBound)", line: node.line)
    }
    return value
  }

  package mutating func strings(_ key: String) throws(DocumentError) -> [String]? {
    guard let node = take(key) else { return nil }
    guard case .array(let elements) = node.value else {
      throw mismatch(key, node, "a list of strings")
    }
    var result: [String] = []
    for element in elements {
      guard case .string(let value) = element.value else {
        throw mismatch(key, element, "a string in the list")
      }
      result.append(value)
    }
    return result
  }

  /// One of an enumeration's raw values.
  package mutating func choice<T: RawRepresentable & CaseIterable>(
    _ key: String, _ type: T.Type
  ) throws(DocumentError) -> T? where T.RawValue == String {
    guard let node = take(key) else { return nil }
    let allowed = T.allCases.map(\.rawValue)
    guard case .string(let text) = node.value, let value = T(rawValue: text) else {
      throw mismatch(key, node, "one of \(allowed.joined(separator: ", "))")
    }
    return value
  }

  /// Refuses what nobody asked for.
  package func end() throws(DocumentError) {
    guard let extra = members.first else { return }
    let hint =
      Suggestion.closest(to: extra.key, in: known).map { "; did you mean '\($0)'?" }
      ?? "; known here: \(known.joined(separator: ", "))"
    throw failure("unknown key '\(name(extra.key))'\(hint)", line: extra.line)
  }

  private func mismatch(_ key: String, _ node: JSON5Node, _ wanted: String) -> DocumentError {
    failure("'\(name(key))' is \(node.kind), expected \(wanted)", line: node.line)
  }
}
