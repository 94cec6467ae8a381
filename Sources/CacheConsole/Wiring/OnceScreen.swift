package import ConsoleModel
package import Panels
private import Terminal

/// One screen as plain text: what `--once` prints.
package enum OnceScreen {
  /// Header and overview at the given size, without colours, trailing blanks or key hints.
  package static func text(_ snapshot: Snapshot, context: Context) -> String {
    var context = context
    context.snapshot = snapshot
    context.now = snapshot.taken
    context.wall = snapshot.at
    let model = Model(context: context)
    let grid = render(model)
    let frame = Frame(context)
    var rows = [grid.text(row: frame.header.y)]
    rows += (frame.body.y..<frame.body.maxY).map { grid.text(row: $0) }
    let lines = rows.map { row in
      String(row.reversed().drop { $0 == " " }.reversed())
    }
    let last = lines.lastIndex { !$0.isEmpty } ?? 0
    return lines[...last].joined(separator: "\n")
  }
}
