package import Terminal

/// A list of rows with a selection that follows its row: sorted, filtered, scrolled.
///
/// Sorting and filtering happen when rows change, not per frame; cells are formatted for visible
/// rows only.
package struct Table<Row: Sendable, ID: Hashable & Sendable>: Sendable {
  package let columns: [Column<Row>]
  private let identify: @Sendable (Row) -> ID
  private let filterText: @Sendable (Row) -> String
  /// A row that has a sentence instead of figures: from which column on, and what it says.
  private let sentence: (@Sendable (Row, Context) -> (column: Int, cell: TableCell)?)?
  /// Rows that the operator set aside show a sign.
  private let isMarked: (@Sendable (Row, Context) -> Bool)?
  /// Rows that are parts of the one before them; nil: none is.
  private let isPart: (@Sendable (Row) -> Bool)?

  private var source: [Row] = []
  /// Indices into `source`, in the order shown.
  private var order: [Int] = []
  private var selection: ID?
  /// The user moved: the selection follows its row. Until then, and after Home, it is what is first.
  private var isChosen = false
  private var index = 0
  private var firstVisible = 0
  private var columnOffset = 0
  package private(set) var filter = ""
  /// The column that sorts; nil: the order in which rows came.
  package private(set) var sortColumn: Int?
  package private(set) var isDescending: Bool

  package init(
    columns: [Column<Row>], sortedBy: Int? = nil, descending: Bool = true,
    identify: @escaping @Sendable (Row) -> ID,
    filterText: @escaping @Sendable (Row) -> String,
    sentence: (@Sendable (Row, Context) -> (column: Int, cell: TableCell)?)? = nil,
    isMarked: (@Sendable (Row, Context) -> Bool)? = nil,
    isPart: (@Sendable (Row) -> Bool)? = nil
  ) {
    self.isMarked = isMarked
    self.isPart = isPart
    self.sentence = sentence
    self.columns = columns
    self.identify = identify
    self.filterText = filterText
    sortColumn = sortedBy
    isDescending = descending
  }

  // MARK: Rows

  /// Rows that pass the filter.
  package var count: Int { order.count }
  /// All rows.
  package var total: Int { source.count }

  /// The row at a shown position.
  package subscript(position: Int) -> Row? {
    order.indices.contains(position) && source.indices.contains(order[position])
      ? source[order[position]] : nil
  }

  package var selected: Row? { self[index] }
  package var selectedIndex: Int { index }

  package mutating func setRows(_ rows: [Row]) {
    source = rows
    rebuild()
  }

  /// Adds rows at the end; cheap while nothing sorts or filters.
  package mutating func append(_ rows: [Row]) {
    guard sortColumn == nil, filter.isEmpty else {
      source += rows
      rebuild()
      return
    }
    order += source.count..<source.count + rows.count
    source += rows
    select(index)
  }

  /// Changes rows in place where `identify` gives one of `rows`' identities.
  package mutating func replace(_ rows: [ID: Row]) {
    for position in source.indices {
      if let new = rows[identify(source[position])] { source[position] = new }
    }
  }

  /// Rows on screen when the table is drawn in `area`: what is worth asking details for.
  package func visible(in area: Rect) -> [Row] {
    let window = self.window(rows: bodyRows(in: area))
    return (window.lowerBound..<window.upperBound).compactMap { self[$0] }
  }

  /// Whether the filter lets the row through; its figures do not matter.
  package func passesFilter(_ row: Row) -> Bool {
    filter.isEmpty || FilterText(filter).matches(filterText(row))
  }

  /// Rows that pass the filter, in the order shown.
  package var shown: some Sequence<Row> { order.lazy.map { source[$0] } }

  /// The first such row, whether the filter lets it through or not.
  package func first(where isWanted: (Row) -> Bool) -> Row? { source.first(where: isWanted) }

  package mutating func setFilter(_ text: String) {
    guard text != filter else { return }
    filter = text
    rebuild()
  }

  /// Selects the row with this identity if it is shown.
  package mutating func select(id: ID) {
    isChosen = true
    selection = id
    if let found = order.firstIndex(where: { identify(source[$0]) == id }) { index = found }
  }

  package mutating func reset() {
    source = []
    order = []
    startAgain()
    columnOffset = 0
    filter = ""
  }

  /// Other rows come now: the first is selected, whatever was.
  package mutating func startAgain() {
    selection = nil
    isChosen = false
    index = 0
    firstVisible = 0
  }

  private mutating func rebuild() {
    let sort = sortColumn.flatMap { columns.indices.contains($0) ? columns[$0].sortKey : nil }
    order = RowOrder(
      filter: FilterText(filter), text: filterText, sortKey: sort, isDescending: isDescending,
      isPart: isPart
    ).indices(of: source)
    if !isChosen {
      select(0)
    } else if let selection,
      let found = order.firstIndex(where: { identify(source[$0]) == selection })
    {
      index = found
    } else {
      select(index)
    }
  }

  private mutating func select(_ position: Int) {
    index = max(0, min(position, order.count - 1))
    selection = self[index].map(identify)
  }

  // MARK: Keys and mouse

  /// Moves, pages, sorts; false if `action` is not the table's. `area` is where it is drawn.
  package mutating func perform(_ action: ActionID, in area: Rect) -> Bool {
    let page = max(1, bodyRows(in: area) - 1)
    switch action {
    case .up, .down, .pageUp, .pageDown, .bottom: isChosen = true
    case .top: isChosen = false
    default: break
    }
    switch action {
    case .up: select(index - 1)
    case .down: select(index + 1)
    case .pageUp: select(index - page)
    case .pageDown: select(index + page)
    case .top: select(0)
    case .bottom: select(order.count - 1)
    case .left: columnOffset = max(0, columnOffset - 1)
    case .right:
      let layout = ColumnLayout(columns, width: area.width - 1, offset: columnOffset)
      let lastShown = layout.shown.last?.column ?? columns.count
      if layout.hidden > 0, columnOffset == 0 || lastShown < columns.count - 1 {
        columnOffset = min(columnOffset + 1, max(0, columns.count - 2))
      }
    case .sortNext: sortByNext()
    case .sortReverse:
      isDescending.toggle()
      rebuild()
    default: return false
    }
    firstVisible = window(rows: bodyRows(in: area)).lowerBound
    return true
  }

  /// Takes a press or wheel step; true if a row was double-pressed.
  package mutating func mouse(_ event: MouseEvent, in area: Rect) -> Bool {
    guard area.contains(x: event.x, y: event.y) else { return false }
    let rows = bodyRows(in: area)
    isChosen = isChosen || event.y > area.y
    switch event.kind {
    case .scrollUp: select(index - 3)
    case .scrollDown: select(index + 3)
    case .press where event.y == area.y: sort(at: event.x - area.x - 1, width: area.width - 1)
    case .press, .doublePress:
      let position = window(rows: rows).lowerBound + event.y - area.y - 1
      guard event.y > area.y, event.y - area.y - 1 < rows, position < order.count else {
        return false
      }
      select(position)
      return event.kind == .doublePress
    }
    firstVisible = window(rows: rows).lowerBound
    return false
  }

  /// A press on a title sorts by its column; again: in reverse.
  private mutating func sort(at x: Int, width: Int) {
    let layout = ColumnLayout(columns, width: width, offset: columnOffset)
    guard let hit = layout.shown.first(where: { x >= $0.x && x < $0.x + $0.width }),
      columns[hit.column].sortKey != nil
    else { return }
    if hit.column == sortColumn {
      isDescending.toggle()
      rebuild()
    } else {
      sort(by: hit.column)
    }
  }

  private mutating func sortByNext() {
    let sortable = columns.indices.filter { columns[$0].sortKey != nil }
    guard !sortable.isEmpty else { return }
    sort(by: sortable.first { $0 > (sortColumn ?? -1) } ?? sortable[0])
  }

  private mutating func sort(by column: Int) {
    sortColumn = column
    // Figures are read from the largest, names from A.
    if let row = source.first, case .text = columns[column].sortKey?(row) {
      isDescending = false
    } else {
      isDescending = true
    }
    rebuild()
  }

  // MARK: Layout

  /// Rows for data: the area without header and, where something is hidden, without the note.
  private func bodyRows(in area: Rect) -> Int {
    let all = max(0, area.height - 1)
    return note(rows: all, in: area) == nil ? all : max(0, all - 1)
  }

  /// Shown positions, moved so that the selection is among them.
  private func window(rows: Int) -> Range<Int> {
    guard rows > 0, !order.isEmpty else { return 0..<0 }
    var first = min(firstVisible, max(0, order.count - rows))
    if index < first { first = index }
    if index >= first + rows { first = index - rows + 1 }
    return first..<min(order.count, first + rows)
  }

  /// What is not on screen, in words; nil if all is.
  private func note(rows: Int, in area: Rect) -> String? {
    var parts: [String] = []
    if order.count > rows {
      let window = self.window(rows: max(0, rows - 1))
      parts.append(
        window.isEmpty
          ? "\(order.count) rows hidden"
          : "\(window.lowerBound + 1)-\(window.upperBound) of \(order.count)")
    }
    if !filter.isEmpty { parts.append("\(order.count) of \(source.count) match") }
    let hidden = ColumnLayout(columns, width: area.width - 1, offset: columnOffset).hidden
    if hidden > 0 {
      parts.append("+\(hidden) column\(hidden == 1 ? "" : "s") hidden")
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// Whether a column is on screen when the table is drawn in `area`.
  package func isShown(column: Int, in area: Rect) -> Bool {
    ColumnLayout(columns, width: area.width - 1, offset: columnOffset).shown.contains {
      $0.column == column
    }
  }

  // MARK: Drawing

  /// - Parameter empty: what to say when there is no row at all.
  package func draw(
    _ context: Context, in area: Rect, into grid: inout CellGrid, empty: String,
    hasFocus: Bool = true
  ) {
    guard !area.isEmpty else { return }
    // One column on the left marks the selection, so that colour is not its only sign.
    let inner = Rect(
      x: area.x + 1, y: area.y, width: area.width - 1, height: area.height)
    let layout = ColumnLayout(columns, width: inner.width, offset: columnOffset)
    // One line only: what is hidden matters more than the heads of columns.
    if area.height > 1 || note(rows: 0, in: area) == nil {
      drawHeader(layout, context, in: inner, into: &grid)
    }
    if order.isEmpty {
      let text = source.isEmpty ? empty : "no row matches \"\(filter)\" (Esc clears the filter)"
      grid.put(text, x: 0, y: 1, in: inner, style: Style(.dim))
    }
    let rows = bodyRows(in: area)
    let window = self.window(rows: rows)
    for position in window {
      drawRow(
        position, at: 1 + position - window.lowerBound, layout, context, hasFocus, in: area,
        into: &grid)
    }
    if let note = note(rows: max(0, area.height - 1), in: area) {
      // With one line in all, what is hidden says more than titles without rows.
      if area.height == 1 { grid.fill(area, style: Style(), blank: true) }
      let hint =
        note.contains("column") ? (context.isUnicode ? ": widen or →" : ": widen or Right") : ""
      let mark = context.isUnicode ? "… " : "~ "
      // Right under the rows, where the eye is.
      let y = min(area.height - 1, 1 + max(window.count, order.isEmpty ? 1 : 0))
      grid.put(mark + note + hint, x: 0, y: y, in: inner, style: Style(.mark))
    }
  }

  private func drawHeader(
    _ layout: ColumnLayout, _ context: Context, in area: Rect, into grid: inout CellGrid
  ) {
    for item in layout.shown {
      let column = columns[item.column]
      var title = column.title
      if item.column == sortColumn {
        let marker =
          context.isUnicode ? (isDescending ? "▼" : "▲") : (isDescending ? "v" : "^")
        title += marker
      }
      let width = TextWidth.columns(title, isUnicode: context.isUnicode)
      // The gap on the left of a right-aligned column may hold the sort marker.
      let shift = column.alignment == .right ? max(-ColumnLayout.gap + 1, item.width - width) : 0
      grid.put(
        title, x: max(0, item.x + shift), y: 0, in: area, style: Style(.header, .bold),
        limit: max(item.width + (shift < 0 ? -shift : 1), 1))
    }
  }

  private func drawRow(
    _ position: Int, at y: Int, _ layout: ColumnLayout, _ context: Context, _ hasFocus: Bool,
    in area: Rect, into grid: inout CellGrid
  ) {
    guard let row = self[position], y < area.height else { return }
    let isSelected = hasFocus && position == index
    if isSelected {
      grid.fill(
        Rect(x: area.x, y: area.y + y, width: area.width, height: 1), style: Style(.selection))
      grid.put(
        context.isUnicode ? "▌" : ">", x: 0, y: y, in: area, style: Style(.selection, .bold))
    }
    if isMarked?(row, context) == true {
      // In the selection's column; a selected row has a sign that says both.
      let both = context.isUnicode ? "◈" : "*"
      grid.put(
        isSelected ? both : context.glyphs.itemMark, x: 0, y: y, in: area,
        style: isSelected ? Style(.selection, .bold) : Style(.accent, .bold))
    }
    let sentence = self.sentence?(row, context)
    for item in layout.shown {
      if let sentence, item.column >= sentence.column {
        let style =
          isSelected ? Style(.selection, sentence.cell.style.attributes) : sentence.cell.style
        grid.put(sentence.cell.text, x: 1 + item.x, y: y, in: area, style: style)
        return
      }
      let column = columns[item.column]
      let cell = column.cell(row, context, item.width)
      let style = isSelected ? Style(.selection, cell.style.attributes) : cell.style
      var shift = 0
      if column.alignment == .right {
        let width = TextWidth.columns(cell.text, isUnicode: context.isUnicode)
        shift = max(0, item.width - width)
      }
      grid.put(
        cell.text, x: 1 + item.x + shift, y: y, in: area, style: style,
        limit: item.width - shift)
      for column in cell.marks where column < item.width - shift {
        grid.put(
          context.glyphs.vertical, x: 1 + item.x + shift + column, y: y, in: area,
          style: Style(isSelected ? .selection : .accent, .bold))
      }
    }
  }
}
