internal import ConsoleModel
private import Documents

/// The words after a subcommand, sorted into options and operands.
struct SubcommandWords {
  let command: SubcommandName
  /// In their order.
  private(set) var operands: [String] = []
  private var values: [String: [String]] = [:]

  /// `--name VALUE` and `--name=VALUE`; what follows `--` are operands, also where it begins with `-`.
  init(_ words: [String], of command: SubcommandName) throws(UsageError) {
    self.command = command
    let options = Dictionary(uniqueKeysWithValues: command.options.map { ($0.name, $0) })
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        operands.append(word)
        continue
      }
      let (name, attached) = Self.split(word)
      guard let option = options[name] else { throw unknown(name) }
      var value = ""
      if option.takesValue {
        guard let given = attached ?? rest.popFirst(), !given.isEmpty else {
          throw UsageError("\(name) needs a value: \(option.label)")
        }
        value = given
      } else if attached != nil {
        throw UsageError("\(name) takes no value")
      }
      guard option.isRepeatable || values[name] == nil else {
        throw UsageError("\(name) is given twice")
      }
      values[name, default: []].append(value)
    }
  }

  private static func split(_ word: String) -> (String, String?) {
    guard word.hasPrefix("--"), let mark = word.firstIndex(of: "=") else { return (word, nil) }
    return (String(word[..<mark]), String(word[word.index(after: mark)...]))
  }

  private func unknown(_ name: String) -> UsageError {
    let hint =
      Suggestion.closest(to: name, in: command.options.map(\.name)).map { "; did you mean \($0)?" }
      ?? " (a key that begins with - is written after --)"
    return UsageError("\(command.rawValue) has no option '\(Printable.line(name))'\(hint)")
  }

  // MARK: Values

  func has(_ name: String) -> Bool { values[name] != nil }

  func all(_ name: String) -> [String] { values[name] ?? [] }

  func value(_ name: String) -> String? { values[name]?.last }

  func number<Number: FixedWidthInteger>(
    _ name: String, _ range: ClosedRange<Number>
  ) throws(UsageError) -> Number? {
    guard let text = value(name) else { return nil }
    return try Self.number(text, name, range)
  }

  static func number<Number: FixedWidthInteger>(
    _ text: String, _ name: String, _ range: ClosedRange<Number>
  ) throws(UsageError) -> Number {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Number(text),
      range.contains(value)
    else {
      throw UsageError(
        "\(name) '\(Printable.line(text, limit: 60))' is not a whole number from"
          + " \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A line that is recorded or compared.
  func line(_ name: String, limit: Int = 500) throws(UsageError) -> String? {
    guard let text = value(name) else { return nil }
    let isLine = text.unicodeScalars.allSatisfy {
      switch $0.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: false
      default: true
      }
    }
    guard isLine, text.utf8.count <= limit else {
      throw UsageError("\(name) is one line of at most \(limit) bytes")
    }
    return text
  }

  /// The only operand.
  func only(_ what: String) throws(UsageError) -> String {
    guard let first = operands.first else {
      throw UsageError("\(command.rawValue) needs \(what): \(command.usage[0])")
    }
    guard operands.count == 1 else {
      throw UsageError(
        "\(command.rawValue) takes one \(what), and '\(Printable.line(operands[1], limit: 60))' is a"
          + " second")
    }
    return first
  }

  func noOperands() throws(UsageError) {
    guard let first = operands.first else { return }
    throw UsageError(
      "\(command.rawValue) does not take '\(Printable.line(first, limit: 60))': \(command.usage[0])"
    )
  }

  // MARK: Keys

  /// A key or a pattern as it was typed: there are no escapes on the command line.
  static func bytes(_ text: String, _ what: String) throws(UsageError) -> [UInt8] {
    guard !text.isEmpty else { throw UsageError("\(what) is empty") }
    // What is not UTF-8 was replaced before it came here: another key would be hit.
    guard !text.unicodeScalars.contains("\u{FFFD}") else {
      throw UsageError(
        "\(what) '\(Printable.line(text, limit: 60))' is not UTF-8: write it to a file as \\xHH and use"
          + " --keys-from")
    }
    return Array(text.utf8)
  }

  func keys() throws(UsageError) -> [KeyName] {
    var keys: [KeyName] = []
    var seen: Set<KeyName> = []
    for operand in operands {
      let key = KeyName(try Self.bytes(operand, "the key"))
      if seen.insert(key).inserted { keys.append(key) }
    }
    return keys
  }
}
