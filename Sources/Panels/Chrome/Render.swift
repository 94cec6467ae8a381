package import Terminal

/// Draws the model; the same model gives the same grid, whatever the time or the terminal.
package func render(_ model: Model) -> CellGrid {
  let context = model.context
  var grid = CellGrid(
    columns: context.columns, rows: context.rows, isUnicode: context.isUnicode)
  let frame = Frame(context)
  if frame.isTooSmall {
    drawTooSmall(context, into: &grid)
    return grid
  }
  Header.draw(model, in: frame.header, into: &grid)
  TabBar.draw(model, in: frame.tabs, into: &grid)
  model.activePanel?.draw(context, in: frame.body, into: &grid)
  Footer.draw(model, frame, into: &grid)
  if let dialog = model.dialog { DialogView(dialog, context).draw(into: &grid) }
  return grid
}

/// Says what is needed, in as few cells as there may be.
private func drawTooSmall(_ context: Context, into grid: inout CellGrid) {
  let needed = "\(Frame.minimumColumns)x\(Frame.minimumRows)"
  let area = grid.bounds
  grid.put("need \(needed)", x: 0, y: 0, in: area, style: Style(.warning))
  grid.put("have \(context.columns)x\(context.rows)", x: 0, y: 1, in: area, style: Style(.dim))
  grid.put("q quits", x: 0, y: 2, in: area, style: Style(.dim))
}
