package import Terminal

/// What came of an action that a viewer was given.
package enum ViewerOutcome: Sendable, Hashable {
  case done
  /// Not the viewer's.
  case ignored
  /// At the last row of the last page that is here: what follows has to be fetched.
  case wantsNext
  case wantsPrevious
}

/// Bytes on screen: as text, as JSON by line or in hexadecimal, scrolled, a page at a time.
///
/// Only one page is ever laid out, whatever the length of the bytes.
package struct ByteViewer: Sendable {
  package let bytes: [UInt8]
  /// Offset of the first byte within the whole value.
  package let base: UInt64
  /// The whole value's length where it is more than `bytes`.
  package let total: UInt64?
  package private(set) var mode: ByteMode
  package let modes: [ByteMode]
  /// Start of the page on screen within `bytes`.
  package private(set) var pageStart = 0
  private var first = 0
  private var layout: ByteLayout

  /// - Parameters:
  ///   - goesOn: the value has more bytes after these, so that JSON may end in the middle.
  ///   - preferred: the way chosen on the page before.
  package init(
    _ bytes: [UInt8], base: UInt64 = 0, total: UInt64? = nil, goesOn: Bool = false,
    preferred: ByteMode? = nil, form: RowForm
  ) {
    self.bytes = bytes
    self.base = base
    self.total = total
    let page = Self.page(bytes, 0)
    let isWhole = page.count == bytes.count && !goesOn
    let isJSON: Bool =
      switch base == 0 ? JSONCheck.check(page) : .invalid(at: 0) {
      case .json: true
      case .truncated: !isWhole
      case .invalid: false
      }
    let modes: [ByteMode] = isJSON ? [.json, .text, .hex] : [.text, .hex]
    self.modes = modes
    let usual: ByteMode = isJSON ? .json : Self.looksBinary(page) ? .hex : .text
    let mode = preferred.flatMap { modes.contains($0) ? $0 : nil } ?? usual
    self.mode = mode
    layout = ByteLayout(page, base: base, mode: mode, form: form)
  }

  // MARK: Moving

  package mutating func perform(_ action: ActionID, in area: Rect) -> ViewerOutcome {
    let rows = textRows(in: area)
    let last = max(0, layout.rowCount - rows)
    let page = max(1, rows - 1)
    switch action {
    case .up: first = max(0, min(first, last) - 1)
    case .down: first = min(last, first + 1)
    case .pageUp:
      if first == 0 { return movePage(-1) }
      first = max(0, min(first, last) - page)
    case .pageDown:
      if first >= last { return movePage(1) }
      first = min(last, first + page)
    case .top: first = 0
    case .bottom: first = last
    case .viewMode:
      let at = modes.firstIndex(of: mode) ?? 0
      show(modes[(at + 1) % modes.count])
    case .nextPage: return movePage(1)
    case .previousPage: return movePage(-1)
    default: return .ignored
    }
    return .done
  }

  package mutating func scroll(_ rows: Int, in area: Rect) {
    first = max(0, min(first + rows, max(0, layout.rowCount - textRows(in: area))))
  }

  /// Fits the rows to another width; the byte at the top stays there.
  package mutating func fit(_ form: RowForm) {
    guard form != layout.form else { return }
    relayout(mode, form)
  }

  private mutating func show(_ mode: ByteMode) {
    self.mode = mode
    relayout(mode, layout.form)
  }

  private mutating func relayout(_ mode: ByteMode, _ form: RowForm) {
    let top = layout.offset(ofRow: first)
    layout = ByteLayout(layout.bytes, base: pageBase, mode: mode, form: form)
    first = layout.row(ofOffset: top)
  }

  /// Another page of the bytes that are here.
  private mutating func movePage(_ step: Int) -> ViewerOutcome {
    let start = pageStart + step * ByteLayout.pageBytes
    guard start >= 0 else { return .wantsPrevious }
    guard start < bytes.count else { return .wantsNext }
    pageStart = start
    first = 0
    // A later page of JSON begins in the middle: it has no layout of its own.
    if mode == .json, start > 0 { mode = .text }
    layout = ByteLayout(Self.page(bytes, start), base: pageBase, mode: mode, form: layout.form)
    return .done
  }

  private var pageBase: UInt64 { base.addingReportingOverflow(UInt64(pageStart)).partialValue }

  private static func page(_ bytes: [UInt8], _ start: Int) -> [UInt8] {
    if start == 0, bytes.count <= ByteLayout.pageBytes { return bytes }
    return Array(bytes[start..<min(bytes.count, start + ByteLayout.pageBytes)])
  }

  /// Control characters or broken UTF-8 in more than one of ten of the first bytes.
  private static func looksBinary(_ bytes: [UInt8]) -> Bool {
    let head = Array(bytes.prefix(512))
    var index = 0
    var odd = 0
    while index < head.count {
      let step = ScalarStep(head, at: index, isUnicode: true, doublesBackslash: true)
      if step.form == .byte { odd += 1 }
      index += step.length
    }
    return odd * 10 > head.count
  }

  // MARK: Drawing

  /// `bytes 0–65,535 of 12,345,678`
  package func position(isUnicode: Bool) -> String {
    PageTrail.describe(
      unit: "bytes", from: pageBase, count: layout.bytes.count,
      of: total ?? UInt64(bytes.count), isUnicode: isUnicode)
  }

  /// `JSON text hex`, the present one emphasized and in brackets, so that colour is not alone; where
  /// there is little room the present one only.
  package func modeSpans(width: Int) -> [Span] {
    var spans: [Span] = []
    for each in modes where each == mode || width >= 60 {
      let title = each == .json ? "JSON" : each == .hex ? "hex" : "text"
      if !spans.isEmpty { spans.append(Span(" ")) }
      spans.append(each == mode ? Span("[\(title)]", .accent, .bold) : Span(title, .dim))
    }
    return spans
  }

  package func draw(in area: Rect, into grid: inout CellGrid) {
    guard !area.isEmpty else { return }
    let form = RowForm(width: area.width, isUnicode: grid.isUnicode)
    var viewer = self
    viewer.fit(form)
    if viewer.layout.rowCount == 0 {
      grid.put("empty: 0 bytes", x: 0, y: 0, in: area, style: Style(.dim))
      return
    }
    let rows = viewer.textRows(in: area)
    let start = max(0, min(viewer.first, viewer.layout.rowCount - rows))
    for (y, spans) in viewer.layout.rows(start..<start + rows).enumerated() {
      grid.put(spans, x: 0, y: y, in: area)
    }
    if viewer.layout.rowCount > area.height {
      let mark = grid.isUnicode ? "…" : "~"
      let end = min(viewer.layout.rowCount, start + rows)
      grid.put(
        "\(mark) rows \(start + 1)-\(end) of \(viewer.layout.rowCount)", x: 0,
        y: area.height - 1, in: area, style: Style(.mark))
    }
  }

  /// Rows for text: one less where the note needs the last.
  private func textRows(in area: Rect) -> Int {
    max(1, layout.rowCount > area.height ? area.height - 1 : area.height)
  }
}
