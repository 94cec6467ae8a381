/// A rectangle of cells; never negative in size.
package struct Rect: Sendable, Hashable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = max(0, width)
    self.height = max(0, height)
  }

  package var isEmpty: Bool { width == 0 || height == 0 }
  package var maxX: Int { x + width }
  package var maxY: Int { y + height }

  package func contains(x column: Int, y row: Int) -> Bool {
    column >= x && column < maxX && row >= y && row < maxY
  }

  package func intersection(_ other: Rect) -> Rect {
    let left = max(x, other.x)
    let top = max(y, other.y)
    return Rect(
      x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
  }

  package func inset(by amount: Int) -> Rect {
    Rect(x: x + amount, y: y + amount, width: width - 2 * amount, height: height - 2 * amount)
  }

  /// The upper `rows` rows, and what is left below.
  package func splitTop(_ rows: Int) -> (top: Rect, rest: Rect) {
    let take = min(max(0, rows), height)
    return (
      Rect(x: x, y: y, width: width, height: take),
      Rect(x: x, y: y + take, width: width, height: height - take)
    )
  }

  /// The left `columns` columns, and what is left beside them.
  package func splitLeft(_ columns: Int) -> (left: Rect, rest: Rect) {
    let take = min(max(0, columns), width)
    return (
      Rect(x: x, y: y, width: take, height: height),
      Rect(x: x + take, y: y, width: width - take, height: height)
    )
  }
}
