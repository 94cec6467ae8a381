/// In which order a list shows its rows: those that pass the filter, sorted; rows that are parts of
/// another stay below it.
struct RowOrder<Row> {
  var filter: FilterText
  var text: (Row) -> String
  /// nil: the order in which rows came.
  var sortKey: ((Row) -> SortKey)?
  var isDescending: Bool
  /// True for rows that belong to the nearest row before them that is none.
  var isPart: ((Row) -> Bool)?

  /// Indices of `rows` in the order shown: O(n log n).
  func indices(of rows: [Row]) -> [Int] {
    guard let isPart else { return sorted(rows.indices.filter { passes(rows[$0]) }, rows) }
    return groups(rows, isPart)
  }

  private func passes(_ row: Row) -> Bool { filter.isEmpty || filter.matches(text(row)) }

  private func sorted(_ positions: [Int], _ rows: [Row]) -> [Int] {
    guard let sortKey else { return positions }
    let keyed = positions.map { (key: sortKey(rows[$0]), position: $0) }
    return keyed.sorted { left, right in
      if left.key.precedes(right.key, descending: isDescending) { return true }
      if right.key.precedes(left.key, descending: isDescending) { return false }
      return left.position < right.position
    }.map(\.position)
  }

  /// A head that matches shows all of its parts, a part that matches its head.
  private func groups(_ rows: [Row], _ isPart: (Row) -> Bool) -> [Int] {
    var heads: [Int] = []
    var parts: [Int: [Int]] = [:]
    var start = 0
    while start < rows.count {
      var end = start + 1
      while end < rows.count, isPart(rows[end]) { end += 1 }
      let below = (start + 1)..<end
      let shown = passes(rows[start]) ? Array(below) : below.filter { passes(rows[$0]) }
      if !shown.isEmpty || passes(rows[start]) {
        heads.append(start)
        parts[start] = shown
      }
      start = end
    }
    return sorted(heads, rows).flatMap { [$0] + (parts[$0] ?? []) }
  }
}
