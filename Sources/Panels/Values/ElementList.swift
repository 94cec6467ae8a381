package import ConsoleModel
package import Terminal

/// One row of something that has parts: a field, an element, an argument.
package struct ElementRow: Sendable, Hashable {
  package enum Content: Sendable, Hashable {
    case bytes([UInt8])
    /// Personal data, this many bytes long.
    case masked(length: Int)
    /// The row is its label only.
    case heading
  }

  package var label: [UInt8]
  package var content: Content
  /// Set further in: a field of a stream entry.
  package var isNested: Bool

  package init(label: [UInt8], content: Content, isNested: Bool = false) {
    self.label = label
    self.content = content
    self.isNested = isNested
  }

  package init(_ label: String, _ text: String) {
    self.init(label: Array(label.utf8), content: .bytes(Array(text.utf8)))
  }
}

/// Parts as a list, each of which opens in a viewer of its own, so that any of them can be read
/// exactly, however long. Rows are asked for one by one, when they are drawn.
package struct ElementList: Sendable {
  private let row: @Sendable (Int) -> ElementRow?
  private var table: Table<Int, Int>
  private var opened: Opened?

  private struct Opened: Sendable {
    var title: [UInt8]
    var viewer: ByteViewer
  }

  /// - Parameters:
  ///   - labelTitle: head of the first column; empty: there is none.
  ///   - row: the part at an index below `count`.
  package init(
    count: Int, labelTitle: String, contentTitle: String,
    row: @escaping @Sendable (Int) -> ElementRow?
  ) {
    self.row = row
    hasLabels = !labelTitle.isEmpty
    var columns: [Column<Int>] = []
    if !labelTitle.isEmpty {
      columns.append(
        Column(labelTitle, minimum: 8, weight: 1, sortKey: { Self.labelKey(row($0)) }) {
          index, context, width in Self.labelCell(row(index), context, width)
        })
    }
    columns.append(
      Column(contentTitle, minimum: 10, weight: 3, sortKey: { .text(Self.text(row($0))) }) {
        index, context, width in Self.contentCell(row(index), context, width)
      })
    columns.append(
      Column(
        "bytes", minimum: 6, alignment: .right, priority: 20,
        sortKey: { .number(Self.length(row($0)).map { Double($0) }) }
      ) { index, _, _ in
        TableCell(Self.length(row(index)).map { Format.grouped(UInt64($0)) } ?? "", .dim)
      })
    table = Table(
      columns: columns, identify: { $0 },
      filterText: { index in
        guard let part = row(index) else { return "" }
        return String(decoding: part.label.prefix(Self.searched), as: UTF8.self) + " "
          + Self.text(part)
      })
    table.setRows(Array(0..<max(0, count)))
  }

  /// Bytes of a part that a filter and a sort look at: more would make typing slow.
  private static let searched = 512

  /// Parts have names that can be shown exactly.
  package let hasLabels: Bool

  package var isOpen: Bool { opened != nil }
  package var filter: String { table.filter }
  package mutating func setFilter(_ text: String) { table.setFilter(text) }

  /// What keys mean here: a list or scrolled text.
  package var scopes: [Scope] { opened == nil ? [.elements, .table] : [.bytes, .pager] }

  package mutating func perform(
    _ action: ActionID, isUnicode: Bool, in area: Rect
  ) -> ViewerOutcome {
    if var open = opened {
      let outcome = open.viewer.perform(action, in: viewerArea(area))
      opened = open
      // The part is whole: there is no other page to fetch.
      return outcome == .ignored ? .ignored : .done
    }
    switch action {
    case .open:
      guard let index = table.selected, let part = row(index) else { return .done }
      if case .bytes(let bytes) = part.content {
        open(part.label, bytes, isUnicode, area)
      } else if case .heading = part.content {
        open(part.label, part.label, isUnicode, area)
      }
      return .done
    case .exactName:
      guard let index = table.selected, let part = row(index) else { return .done }
      open(Array("name".utf8), part.label, isUnicode, area)
      return .done
    case .nextPage: return .wantsNext
    case .previousPage: return .wantsPrevious
    case .pageDown where table.selectedIndex >= table.count - 1: return .wantsNext
    case .pageUp where table.selectedIndex == 0: return .wantsPrevious
    default: return table.perform(action, in: area) ? .done : .ignored
    }
  }

  private mutating func open(
    _ title: [UInt8], _ bytes: [UInt8], _ isUnicode: Bool, _ area: Rect
  ) {
    opened = Opened(
      title: title,
      viewer: ByteViewer(bytes, form: RowForm(width: area.indented.width, isUnicode: isUnicode)))
  }

  /// Closes the part that is open; false at the list.
  package mutating func back() -> Bool {
    defer { opened = nil }
    return opened != nil
  }

  package mutating func mouse(_ event: MouseEvent, isUnicode: Bool, in area: Rect) {
    if var open = opened {
      if event.kind == .scrollUp { open.viewer.scroll(-3, in: viewerArea(area)) }
      if event.kind == .scrollDown { open.viewer.scroll(3, in: viewerArea(area)) }
      opened = open
    } else if table.mouse(event, in: area) {
      _ = perform(.open, isUnicode: isUnicode, in: area)
    }
  }

  package mutating func fit(_ form: RowForm) { opened?.viewer.fit(form) }

  package func draw(_ context: Context, in area: Rect, into grid: inout CellGrid, empty: String) {
    guard let opened else {
      table.draw(context, in: area, into: &grid, empty: empty)
      return
    }
    let position = opened.viewer.position(isUnicode: context.isUnicode)
    let room = max(8, area.width - TextWidth.columns(position) - 20)
    var spans = [
      Span(
        DrawableText.escape(opened.title, isUnicode: context.isUnicode, limit: room), .title, .bold),
      Span("  "),
    ]
    spans += opened.viewer.modeSpans(width: area.width)
    spans.append(Span("  " + position, .dim))
    grid.put(spans, x: 0, y: 0, in: area.indented)
    opened.viewer.draw(in: viewerArea(area), into: &grid)
  }

  private func viewerArea(_ area: Rect) -> Rect { area.splitTop(1).rest.indented }

  // MARK: Cells

  private static func labelCell(_ part: ElementRow?, _ context: Context, _ width: Int) -> TableCell
  {
    guard let part else { return TableCell("") }
    let indent = part.isNested ? "  " : ""
    let text = DrawableText.escape(
      part.label, isUnicode: context.isUnicode, limit: max(0, width - indent.utf8.count))
    return TableCell(indent + text, part.content == .heading ? .title : .key)
  }

  private static func contentCell(
    _ part: ElementRow?, _ context: Context, _ width: Int
  ) -> TableCell {
    switch part?.content {
    case .bytes(let bytes):
      TableCell(DrawableText.escape(bytes, isUnicode: context.isUnicode, limit: width))
    case .masked(let length): TableCell(Masked.label(length, context.isUnicode), .masked)
    case .heading, nil: TableCell("")
    }
  }

  private static func labelKey(_ part: ElementRow?) -> SortKey {
    let text = String(decoding: part?.label.prefix(searched) ?? [], as: UTF8.self)
    // Indices and scores sort by their value; fields by their letters.
    return Double(text).map { .number($0) } ?? .text(text)
  }

  private static func text(_ part: ElementRow?) -> String {
    guard case .bytes(let bytes)? = part?.content else { return "" }
    return String(decoding: bytes.prefix(searched), as: UTF8.self)
  }

  private static func length(_ part: ElementRow?) -> Int? {
    switch part?.content {
    case .bytes(let bytes): bytes.count
    case .masked(let length): length
    case .heading, nil: nil
    }
  }
}

/// How masked data is written wherever it would have been.
package enum Masked {
  /// `‹masked 123 B›`
  package static func label(_ length: Int?, _ isUnicode: Bool) -> String {
    let text = length.map { "masked \(Format.grouped(UInt64(max(0, $0)))) B" } ?? "masked"
    return isUnicode ? "‹\(text)›" : "<\(text)>"
  }

  /// Why personal data is not shown, or how to see it.
  package static func hint(_ access: Access) -> String {
    refusal(access) ?? "R shows it"
  }

  /// nil where the right to reveal is held.
  package static func refusal(_ access: Access) -> String? {
    if access.mayReveal { return nil }
    return access.isReadOnly
      ? "personal data stays masked: \(access.reason)"
      : "personal data stays masked: the right to reveal is not granted"
  }
}
