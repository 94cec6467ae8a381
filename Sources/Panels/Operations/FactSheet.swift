import ConsoleModel
import Terminal

/// All that is known of one thing, as labelled lines that scroll.
struct FactSheet: Sendable {
  struct Fact: Sendable {
    var label: String
    var text: String
    var role: StyleRole

    /// - Parameter text: drawable.
    init(_ label: String, _ text: String, _ role: StyleRole = .normal) {
      self.label = label
      self.text = text
      self.role = role
    }
  }

  private var pager = TextPager()
  private var lines: [[Span]] = []
  private static let labelWidth = 12

  /// Facts without text are left out; long ones are wrapped.
  mutating func set(_ facts: [Fact], _ context: Context, in area: Rect) {
    let width = max(8, area.indented.width - Self.labelWidth)
    lines = facts.filter { !$0.text.isEmpty }.flatMap { fact in
      let wrapped = FlowLine.wrap(
        fact.text, width: width, maximum: 20, isUnicode: context.isUnicode)
      return wrapped.enumerated().map { row, line in
        [
          Span((row == 0 ? fact.label : "").padded(to: Self.labelWidth), .dim),
          Span(line, fact.role),
        ]
      }
    }
    pager.clamp(lines: lines.count, in: area.indented)
  }

  mutating func perform(_ action: ActionID, in area: Rect) -> Bool {
    pager.perform(action, lines: lines.count, in: area.indented)
  }

  mutating func mouse(_ event: MouseEvent, in area: Rect) {
    pager.mouse(event, lines: lines.count, in: area.indented)
  }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    pager.draw(
      lines: lines.count, in: area.indented, into: &grid, isUnicode: context.isUnicode
    ) { lines[$0] }
  }
}
