import Terminal

/// JSON laid out by line, every number and string exactly as the server has it.
///
/// Only for bytes that `JSONCheck` took for JSON or for its beginning; other bytes come out in some
/// order of rows, each byte once, but never trap. Beyond `indentedDepth` a value stays on its row, so
/// that indentation is bounded.
package struct JSONRows: Sendable, Hashable {
  package static let indentedDepth = 32

  private enum Inside: Sendable, Hashable { case nothing, name, string, word }

  package private(set) var at = 0
  package private(set) var isAtEnd: Bool
  private var depth = 0
  /// One bit for each of the innermost 64 levels: 1 in an object. It only decides on colour.
  private var objects: UInt64 = 0
  private var inside = Inside.nothing
  /// The row's indentation is still to be written.
  private var beginsLine = true
  /// The depth was already lowered for the closing bracket that comes next.
  private var closes = false
  /// A name comes next if the innermost level is an object.
  private var expectsName = true

  package init(_ bytes: [UInt8]) {
    isAtEnd = bytes.isEmpty
  }

  package mutating func next(_ bytes: [UInt8], _ form: RowForm, into row: inout RowBuilder) {
    // Deep levels leave at least half of the row for the value itself.
    let indent = min(2 * min(depth, Self.indentedDepth), form.width / 2)
    // What continues a row is set further in than a new one.
    let margin = beginsLine ? indent : min(indent + 2, form.width / 2)
    if margin > 0 {
      row.append(String(repeating: " ", count: margin), columns: margin, Style())
    }
    beginsLine = false
    var marks = MarkRun()
    while true {
      if inside == .nothing { at = JSONCheck.skipSpace(bytes, at) }
      guard at < bytes.count else {
        isAtEnd = true
        return
      }
      if inside == .nothing {
        if !symbol(bytes, form, &row) { return }
      } else {
        let step = marks.settle(
          ScalarStep(bytes, at: at, isUnicode: form.isUnicode, doublesBackslash: false))
        if row.column + step.columns > form.width, row.column > margin { return }
        // `\"` and `\\` are taken together, so that the quote after a backslash ends nothing.
        if step.value == 0x5C, step.form == .plain, inside != .word, at + 1 < bytes.count {
          if row.column + 2 > form.width, row.column > margin { return }
          row.append(step, style)
          at += 1
          let next = marks.settle(
            ScalarStep(bytes, at: at, isUnicode: form.isUnicode, doublesBackslash: false))
          row.append(next, style)
          at += next.length
          continue
        }
        row.append(step, style)
        at += step.length
        endToken(bytes, step)
      }
    }
  }

  private var style: Style {
    switch inside {
    case .name: Style(.key)
    case .word: Style(.accent)
    case .string, .nothing: Style()
    }
  }

  private mutating func endToken(_ bytes: [UInt8], _ step: ScalarStep) {
    switch inside {
    case .name, .string:
      if step.value == UInt32(JSONCheck.quote), step.form == .plain { inside = .nothing }
    case .word:
      if JSONCheck.endOfWord(bytes, at) == at { inside = .nothing }
    case .nothing: break
    }
  }

  /// Writes one structural character or begins a token; false where the row ends.
  private mutating func symbol(
    _ bytes: [UInt8], _ form: RowForm, _ row: inout RowBuilder
  ) -> Bool {
    let byte = bytes[at]
    switch byte {
    case JSONCheck.brace, JSONCheck.bracket: return open(bytes, byte, form, &row)
    case JSONCheck.closeBrace, JSONCheck.closeBracket: return close(byte, form, &row)
    case UInt8(ascii: ","):
      guard fits(1, form, row) else { return false }
      put(",", &row)
      expectsName = true
      beginsLine = depth <= Self.indentedDepth
      return !beginsLine
    case UInt8(ascii: ":"):
      guard fits(2, form, row) else { return false }
      put(": ", &row)
      expectsName = false
      return true
    case JSONCheck.quote:
      guard fits(2, form, row) else { return false }
      inside = expectsName && objects & 1 == 1 ? .name : .string
      row.append("\"", columns: 1, style)
      at += 1
      return true
    default:
      inside = .word
      return true
    }
  }

  private mutating func open(
    _ bytes: [UInt8], _ byte: UInt8, _ form: RowForm, _ row: inout RowBuilder
  ) -> Bool {
    guard fits(2, form, row) else { return false }
    put(byte == JSONCheck.brace ? "{" : "[", &row)
    let next = JSONCheck.skipSpace(bytes, at)
    if next < bytes.count, bytes[next] == byte + 2 {
      at = next
      put(byte == JSONCheck.brace ? "}" : "]", &row)
      return true
    }
    depth += 1
    objects = objects << 1 | (byte == JSONCheck.brace ? 1 : 0)
    expectsName = true
    beginsLine = depth <= Self.indentedDepth
    return !beginsLine
  }

  private mutating func close(_ byte: UInt8, _ form: RowForm, _ row: inout RowBuilder) -> Bool {
    if !closes, depth <= Self.indentedDepth, depth > 0 {
      // The bracket stands on a row of its own, one level further out.
      depth -= 1
      objects >>= 1
      closes = true
      beginsLine = true
      return false
    }
    guard fits(1, form, row) else { return false }
    if !closes, depth > 0 {
      depth -= 1
      objects >>= 1
    }
    closes = false
    put(byte == JSONCheck.closeBrace ? "}" : "]", &row)
    expectsName = true
    return true
  }

  private func fits(_ columns: Int, _ form: RowForm, _ row: RowBuilder) -> Bool {
    row.column + columns <= form.width
  }

  private mutating func put(_ text: String, _ row: inout RowBuilder) {
    row.append(text, columns: text.utf8.count, Style(.dim))
    at += 1
  }
}
