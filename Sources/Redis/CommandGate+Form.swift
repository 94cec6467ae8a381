/// A permitted command with the forms that its arguments may have, written as in the servers' manuals:
/// `SCAN cursor [MATCH pattern] [COUNT 1..10000]`.
///
/// The text is the rule: it is read once, at first use, and the documentation lists the same lines.
///
/// - A word in capitals stands for itself in either case; `A|B` is one of them.
/// - `1..10000` is an integer in that range; other small words are placeholders, see `Placeholder`.
/// - `[…]` may be left out; several come in any order, each at most once.
/// - `…` after the last placeholder: up to `CommandForm.maximumRepeats` of it.
package struct CommandForm: Sendable {
  /// What a word of a form takes.
  package enum Part: Sendable {
    /// Any bytes: keys, members, patterns.
    case any
    /// One of these, in either case; kept in capitals.
    case words([String])
    case integer(ClosedRange<Int64>)
    /// An unsigned number of 64 bits.
    case cursor
    /// A score as a bound: `(1.5`, `-inf`.
    case score
    /// An ID in a stream as a bound: `-`, `+`, `(5-1`.
    case streamID
    /// A name of a section, a user, an event: 1…128 bytes without a blank or a control character.
    case token
    /// A setting without secrets, see `harmlessSettings`.
    case setting
  }

  /// The form as people read it.
  package let text: String
  /// As in commandstats.
  package let statName: String
  /// What must be there; a container's subcommand is the first.
  package let required: [Part]
  /// Each in brackets: a word and what follows it.
  package let options: [[Part]]
  /// The last one of `required`, if more of it may follow.
  package let repeated: Part?

  package static let maximumRepeats = 1000

  /// True if only the number of arguments matters, so that one of a kind stands for all of it.
  var isFixed: Bool {
    options.isEmpty
      && (required + (repeated.map { [$0] } ?? [])).allSatisfy {
        if case .any = $0 { true } else { false }
      }
  }

  /// `text`: must be a form as above; it is ours, so that a mistake in it is one of the program.
  init(_ text: String) {
    self.text = text
    var words = text.split(separator: " ").map(String.init)
    let name = words.removeFirst().lowercased()
    var repeats = false
    if words.last?.hasSuffix("…") == true {
      words[words.count - 1].removeLast()
      repeats = true
    }
    var required: [Part] = []
    var options: [[Part]] = []
    var open: [Part]?
    for word in words {
      if word.hasPrefix("[") { open = [] }
      let part = Self.part(word.filter { $0 != "[" && $0 != "]" })
      if open != nil { open?.append(part) } else { required.append(part) }
      if word.hasSuffix("]"), let option = open {
        options.append(option)
        open = nil
      }
    }
    self.required = required
    self.options = options
    repeated = repeats ? required.last : nil
    if RedisCommand.containers.contains(name), case .words(let sub) = required.first {
      statName = name + "|" + sub[0].lowercased()
    } else {
      statName = name
    }
  }

  private static func part(_ word: String) -> Part {
    if let part = placeholders[word] { return part }
    if let dots = word.firstRange(of: "..") {
      guard let low = Int64(word[..<dots.lowerBound]), let high = Int64(word[dots.upperBound...])
      else { preconditionFailure("a form's range: \(word)") }
      return .integer(low...high)
    }
    precondition(word == word.uppercased(), "a form's placeholder: \(word)")
    return .words(word.split(separator: "|").map(String.init))
  }

  private static let placeholders: [String: Part] = [
    "key": .any, "field": .any, "member": .any, "pattern": .any, "argument": .any,
    "index": .integer(.min ... .max), "offset": .integer(.min ... .max), "id": .integer(0 ... .max),
    "cursor": .cursor, "score": .score, "stream-id": .streamID, "section": .token, "event": .token,
    "user": .token, "command": .token, "group": .any, "setting": .setting,
  ]
}

// MARK: Matching

extension CommandForm {
  /// Do these arguments have this form?
  func admits(_ arguments: [[UInt8]]) -> Bool {
    guard arguments.count >= required.count else { return false }
    for (part, argument) in zip(required, arguments) {
      guard part.admits(argument) else { return false }
    }
    var rest = arguments[required.count...]
    if let repeated {
      return rest.count <= Self.maximumRepeats && rest.allSatisfy { repeated.admits($0) }
    }
    var used: UInt64 = 0
    while !rest.isEmpty {
      guard let index = options.indices.first(where: { Self.begins(rest, options[$0]) }),
        used & (1 << UInt64(index)) == 0
      else { return false }
      used |= 1 << UInt64(index)
      rest = rest.dropFirst(options[index].count)
    }
    return true
  }

  private static func begins(_ arguments: ArraySlice<[UInt8]>, _ option: [Part]) -> Bool {
    arguments.count >= option.count && zip(option, arguments).allSatisfy { $0.admits($1) }
  }
}

extension CommandForm.Part {
  func admits(_ argument: [UInt8]) -> Bool {
    switch self {
    case .any: true
    case .words(let words): words.contains { Self.isSame(argument, $0) }
    case .integer(let range): Decimal64.signed(argument).map(range.contains) ?? false
    case .cursor: Decimal64.unsigned(argument[...]) != nil
    case .score:
      (1...40).contains(argument.count)
        && argument.allSatisfy { Self.scoreBytes.contains($0) }
    case .streamID:
      (1...42).contains(argument.count)
        && argument.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || Self.streamMarks.contains($0) }
    case .token:
      (1...128).contains(argument.count) && argument.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    case .setting: CommandGate.harmlessSettings.contains { Self.isSame(argument, $0) }
    }
  }

  private static let scoreBytes = Array("0123456789+-.(eEinfINF".utf8)
  private static let streamMarks = Array("-+(".utf8)

  /// Byte by byte and for ASCII only: Unicode knows other letters that become these in lower case.
  private static func isSame(_ bytes: [UInt8], _ word: String) -> Bool {
    guard bytes.count == word.utf8.count else { return false }
    for (left, right) in zip(bytes, word.utf8) where lower(left) != lower(right) { return false }
    return true
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }
}
