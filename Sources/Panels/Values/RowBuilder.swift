import Terminal

/// Collects the spans of one row; neighbours of one style become one span.
///
/// A builder made with `keeps: false` only measures, so that counting the rows of a page and drawing
/// a few of them are the same code.
package struct RowBuilder {
  private(set) var spans: [Span] = []
  private(set) var column = 0
  private var text = ""
  private var style = Style()
  private let keeps: Bool

  init(keeps: Bool) { self.keeps = keeps }

  mutating func append(_ piece: @autoclosure () -> String, columns: Int, _ style: Style) {
    column += columns
    guard keeps else { return }
    if style != self.style { flush() }
    self.style = style
    text += piece()
  }

  mutating func append(_ scalar: Unicode.Scalar, columns: Int, _ style: Style) {
    column += columns
    guard keeps else { return }
    if style != self.style { flush() }
    self.style = style
    text.unicodeScalars.append(scalar)
  }

  mutating func finish() -> [Span] {
    flush()
    return spans
  }

  private mutating func flush() {
    if !text.isEmpty { spans.append(Span(text, style.role, style.attributes)) }
    text = ""
  }
}
