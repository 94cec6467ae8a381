import Terminal

/// Where the next row of a byte value begins: small, copied at checkpoints, so that any window of
/// rows is formatted without formatting what is before it.
package enum RowCursor: Sendable, Hashable {
  case text(TextRows)
  case json(JSONRows)

  package var isAtEnd: Bool {
    switch self {
    case .text(let rows): rows.isAtEnd
    case .json(let rows): rows.isAtEnd
    }
  }

  /// The byte that the next row begins with.
  package var offset: Int {
    switch self {
    case .text(let rows): rows.at
    case .json(let rows): rows.at
    }
  }

  package mutating func next(_ bytes: [UInt8], _ form: RowForm, into row: inout RowBuilder) {
    switch self {
    case .text(var rows):
      rows.next(bytes, form, into: &row)
      self = .text(rows)
    case .json(var rows):
      rows.next(bytes, form, into: &row)
      self = .json(rows)
    }
  }
}

/// What rows are made for.
package struct RowForm: Sendable, Hashable {
  /// Columns of a row, at least 12: the widest escape, `\u{10ffff}`, takes 10.
  package var width: Int
  package var isUnicode: Bool

  package init(width: Int, isUnicode: Bool) {
    self.width = max(12, width)
    self.isUnicode = isUnicode
  }
}

/// Bytes as text: each scalar as it is or as its escape, so that the rows read back to the very
/// bytes; a row ends after `\n` or where the width ends.
package struct TextRows: Sendable, Hashable {
  package private(set) var at = 0
  package private(set) var isAtEnd: Bool

  package init(_ bytes: [UInt8]) { isAtEnd = bytes.isEmpty }

  package mutating func next(_ bytes: [UInt8], _ form: RowForm, into row: inout RowBuilder) {
    var marks = MarkRun()
    while at < bytes.count {
      let step = marks.settle(
        ScalarStep(bytes, at: at, isUnicode: form.isUnicode, doublesBackslash: true))
      if row.column + step.columns > form.width, row.column > 0 { return }
      row.append(step)
      at += step.length
      if step.value == 0x0A, step.form != .plain { break }
    }
    isAtEnd = at >= bytes.count
  }
}

/// Lets a combining mark sit on the character before it, at most as many as a cell holds; any
/// other is drawn as its escape, so that none is lost.
struct MarkRun {
  private var room = 0

  mutating func settle(_ step: ScalarStep) -> ScalarStep {
    guard step.columns == 0 else {
      room = step.isEscape ? 0 : CellGrid.maximumMarks
      return step
    }
    guard room > 0 else { return step.escaped }
    room -= 1
    return step
  }
}

extension RowBuilder {
  mutating func append(_ step: ScalarStep, _ style: Style = Style()) {
    if case .plain = step.form, let scalar = Unicode.Scalar(step.value) {
      append(scalar, columns: step.columns, style)
    } else {
      append(step.text, columns: step.columns, Style(.mark))
    }
  }
}
