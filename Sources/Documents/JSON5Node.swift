/// A parsed JSON5 value that knows where it stands, so that errors can name the line.
package struct JSON5Node: Sendable {
  package enum Value: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON5Node])
    /// In the order of the file.
    case object([Member])
  }

  package struct Member: Sendable {
    package var key: String
    package var line: Int
    package var value: JSON5Node
  }

  package var value: Value
  /// Counted from 1.
  package var line: Int

  package var kind: String {
    switch value {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// What is wrong with a JSON5 text, and where.
package struct JSON5SyntaxError: Error, Sendable, Hashable {
  package var line: Int
  package var column: Int
  package var detail: String
}
