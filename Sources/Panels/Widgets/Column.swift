package import Terminal

/// What one cell of a table shows.
package struct TableCell: Sendable {
  package var text: String
  package var style: Style
  /// Columns of the text where an operation began: a graph's marks.
  package var marks: [Int] = []

  package init(_ text: String, _ role: StyleRole = .normal, _ attributes: TextAttributes = []) {
    self.text = text
    self.style = Style(role, attributes)
  }
}

/// By what a column sorts; a missing figure is last in both directions.
package enum SortKey: Sendable, Hashable {
  case number(Double?)
  case text(String)

  func precedes(_ other: SortKey, descending: Bool) -> Bool {
    switch (self, other) {
    case (.number(let left), .number(let right)):
      guard let left, !left.isNaN else { return false }
      guard let right, !right.isNaN else { return true }
      return descending ? left > right : left < right
    case (.text(let left), .text(let right)):
      if left.isEmpty != right.isEmpty { return right.isEmpty }
      return descending ? left > right : left < right
    case (.number, .text): return true
    case (.text, .number): return false
    }
  }
}

/// One column: how wide, how important, how it sorts and what it shows.
package struct Column<Row: Sendable>: Sendable {
  package enum Alignment: Sendable, Hashable { case left, right }

  package var title: String
  /// Columns that it needs; the title is never cut if it fits in here.
  package var minimum: Int
  /// Share of the columns that are left over; 0: never wider than `minimum`.
  package var weight: Int
  package var alignment: Alignment
  /// The lowest are hidden first; the first column is never hidden.
  package var priority: Int
  /// nil: does not sort.
  package var sortKey: (@Sendable (Row) -> SortKey)?
  /// Called for visible rows only; the last argument is the width to fill.
  package var cell: @Sendable (Row, Context, Int) -> TableCell

  package init(
    _ title: String, minimum: Int, weight: Int = 0, alignment: Alignment = .left,
    priority: Int = 50, sortKey: (@Sendable (Row) -> SortKey)? = nil,
    cell: @escaping @Sendable (Row, Context, Int) -> TableCell
  ) {
    self.title = title
    self.minimum = max(1, minimum, title.unicodeScalars.count)
    self.weight = weight
    self.alignment = alignment
    self.priority = priority
    self.sortKey = sortKey
    self.cell = cell
  }

  /// Text on the left that sorts alphabetically.
  package static func text(
    _ title: String, minimum: Int, weight: Int = 0, priority: Int = 50,
    _ value: @escaping @Sendable (Row) -> String
  ) -> Column {
    Column(
      title, minimum: minimum, weight: weight, priority: priority,
      sortKey: { .text(value($0)) }, cell: { row, _, _ in TableCell(value(row)) })
  }

  /// A figure on the right that sorts by its value.
  package static func number(
    _ title: String, minimum: Int, priority: Int = 50,
    sort: @escaping @Sendable (Row) -> Double?,
    _ text: @escaping @Sendable (Row) -> String
  ) -> Column {
    Column(
      title, minimum: minimum, alignment: .right, priority: priority,
      sortKey: { .number(sort($0)) }, cell: { row, _, _ in TableCell(text(row)) })
  }
}

/// Which columns fit, and how wide each is.
struct ColumnLayout {
  /// Indices of the shown columns with their place, left to right.
  var shown: [(column: Int, x: Int, width: Int)]
  var hidden: Int

  static let gap = 2

  /// - Parameter offset: leading columns (after the first) that the reader scrolled away.
  init<Row>(_ columns: [Column<Row>], width: Int, offset: Int) {
    var chosen: Set<Int> = columns.isEmpty ? [] : [0]
    var used = columns.first?.minimum ?? 0
    let rest = Array(columns.indices.dropFirst())
    // Unscrolled, the important ones win; scrolled, the reader wants what comes next in order.
    let candidates =
      offset == 0
      ? rest.sorted {
        (-columns[$0].priority, $0) < (-columns[$1].priority, $1)
      } : Array(rest.dropFirst(offset))
    for index in candidates {
      let need = Self.gap + columns[index].minimum
      if used + need <= width {
        chosen.insert(index)
        used += need
      } else if offset > 0 {
        break
      }
    }
    let order = columns.indices.filter { chosen.contains($0) }
    hidden = columns.count - order.count
    let weights = order.reduce(0) { $0 + columns[$1].weight }
    var spare = max(0, width - used)
    var weightLeft = weights
    var x = 0
    shown = []
    for index in order {
      let column = columns[index]
      var columnWidth = min(column.minimum, max(0, width - x))
      if weightLeft > 0, column.weight > 0 {
        let extra = spare * column.weight / weightLeft
        columnWidth += extra
        spare -= extra
        weightLeft -= column.weight
      }
      if columnWidth > 0 { shown.append((index, x, columnWidth)) }
      x += columnWidth + Self.gap
    }
  }
}
