package import Terminal

/// Where the parts of the screen are, for one size.
package struct Frame: Sendable, Hashable {
  /// Below this nothing useful fits; the screen then only says so.
  package static let minimumColumns = 20
  package static let minimumRows = 5

  package let header: Rect
  package let tabs: Rect
  package let body: Rect
  /// Empty on low screens: messages then take the footer's place.
  package let message: Rect
  package let footer: Rect
  package let isTooSmall: Bool

  package init(_ context: Context) {
    self.init(columns: context.columns, rows: context.rows)
  }

  package init(columns: Int, rows: Int) {
    isTooSmall = columns < Self.minimumColumns || rows < Self.minimumRows
    let screen = Rect(x: 0, y: 0, width: columns, height: rows)
    let (header, afterHeader) = screen.splitTop(1)
    let (tabs, afterTabs) = afterHeader.splitTop(1)
    let bottom = rows >= 14 ? 2 : 1
    let (body, below) = afterTabs.splitTop(max(0, afterTabs.height - bottom))
    let (message, footer) = below.splitTop(bottom - 1)
    self.header = header
    self.tabs = tabs
    self.body = body
    self.message = message
    self.footer = footer
  }
}
