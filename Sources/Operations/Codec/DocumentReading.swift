package import ConsoleModel
package import Documents

/// What our documents hold beside text, numbers and lists: 64-bit counts, bytes, times, lists of objects.
/// The members that these name are required; what may be missing has `optional` in its name.
extension ObjectReader {
  package mutating func required(_ key: String) throws(DocumentError) -> JSON5Node {
    guard let node = take(key) else { throw failure("'\(key)' is missing") }
    return node
  }

  package mutating func text(_ key: String) throws(DocumentError) -> String {
    guard let value = try string(key) else { throw failure("'\(key)' is missing") }
    return value
  }

  package mutating func flag(_ key: String) throws(DocumentError) -> Bool {
    guard let value = try bool(key) else { throw failure("'\(key)' is missing") }
    return value
  }

  package mutating func one<T: RawRepresentable & CaseIterable>(
    of key: String, _ type: T.Type
  ) throws(DocumentError) -> T where T.RawValue == String {
    guard let value = try choice(key, type) else { throw failure("'\(key)' is missing") }
    return value
  }

  package mutating func optionalCount(_ key: String) throws(DocumentError) -> UInt64? {
    guard let node = take(key) else { return nil }
    return try count(of: node, key)
  }

  /// A number up to 2^53, or its digits as a string.
  package mutating func count(_ key: String) throws(DocumentError) -> UInt64 {
    try count(of: required(key), key)
  }

  package mutating func list(_ key: String) throws(DocumentError) -> [JSON5Node] {
    let node = try required(key)
    guard case .array(let elements) = node.value else {
      throw failure("'\(key)' is \(node.kind), expected a list", line: node.line)
    }
    return elements
  }

  package mutating func texts(_ key: String) throws(DocumentError) -> [String] {
    guard let values = try strings(key) else { throw failure("'\(key)' is missing") }
    return values
  }

  /// Text, or `{"base64": …}` for what is not UTF-8.
  package mutating func bytes(_ key: String) throws(DocumentError) -> [UInt8] {
    try Self.bytes(of: required(key), key, file: file)
  }

  package mutating func keys(_ key: String) throws(DocumentError) -> [KeyName] {
    let elements = try list(key)
    var keys: [KeyName] = []
    keys.reserveCapacity(elements.count)
    for element in elements { keys.append(KeyName(try Self.bytes(of: element, key, file: file))) }
    return keys
  }

  package mutating func optionalTime(_ key: String) throws(DocumentError) -> WallTime? {
    guard let text = try string(key) else { return nil }
    guard let time = WallTime(rfc3339: text) else {
      throw failure("'\(key)' is no time such as 2026-11-22T12:04:31.25Z")
    }
    return time
  }

  package mutating func time(_ key: String) throws(DocumentError) -> WallTime {
    guard let time = try optionalTime(key) else { throw failure("'\(key)' is missing") }
    return time
  }

  package mutating func object<Value>(
    _ key: String, _ read: (inout ObjectReader) throws(DocumentError) -> Value
  ) throws(DocumentError) -> Value {
    try Self.object(required(key), key, file: file, read)
  }

  package mutating func objects<Value>(
    _ key: String, _ read: (inout ObjectReader) throws(DocumentError) -> Value
  ) throws(DocumentError) -> [Value] {
    var values: [Value] = []
    for node in try list(key) { values.append(try Self.object(node, key, file: file, read)) }
    return values
  }

  /// Reads one object whole: what `read` leaves is an error.
  package static func object<Value>(
    _ node: JSON5Node, _ key: String, file: String,
    _ read: (inout ObjectReader) throws(DocumentError) -> Value
  ) throws(DocumentError) -> Value {
    var reader = try ObjectReader(node, path: key, file: file)
    let value = try read(&reader)
    try reader.end()
    return value
  }

  /// The root of a document of ours, its header checked.
  package static func document<Value>(
    _ json: [UInt8], file: String, schema: String, version: Int, limit: Int,
    _ read: (inout ObjectReader) throws(DocumentError) -> Value
  ) throws(DocumentError) -> Value {
    let root: JSON5Node
    do throws(JSON5SyntaxError) { root = try JSON5Parser.parse(json, limit: limit) } catch {
      throw DocumentError(file: file, error)
    }
    return try object(root, "", file: file) { reader throws(DocumentError) in
      try SchemaHeader.check(&reader, schema: schema, version: version)
      return try read(&reader)
    }
  }

  private static func bytes(
    of node: JSON5Node, _ key: String, file: String
  ) throws(DocumentError) -> [UInt8] {
    if case .string(let text) = node.value { return Array(text.utf8) }
    return try object(node, key, file: file) { reader throws(DocumentError) in
      guard let bytes = Base64.decode(try reader.text("base64")) else {
        throw reader.failure("'\(key)' is not base64", line: node.line)
      }
      return bytes
    }
  }

  private func count(of node: JSON5Node, _ key: String) throws(DocumentError) -> UInt64 {
    switch node.value {
    case .number(let number):
      if number >= 0, number <= 0x1p53, number.rounded() == number { return UInt64(number) }
    case .string(let digits):
      let isPlain = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
      if isPlain, let value = UInt64(digits) { return value }
    case .null, .bool, .array, .object: break
    }
    throw failure("'\(key)' must be a whole number from 0 to 2^64 - 1", line: node.line)
  }
}
