/// A column of a table: how wide it must be, how it grows, how soon it goes.
package struct LayoutColumn: Sendable, Hashable {
  /// Columns below which it is not shown at all.
  package var minimum: Int
  /// The most columns it is given; the rest goes to others.
  package var maximum: Int
  /// Its part of what is left when all minimums are met; 0 does not grow.
  package var weight: Int
  /// The higher, the longer it is shown when the screen narrows.
  package var priority: Int

  package init(minimum: Int, maximum: Int = .max, weight: Int = 0, priority: Int = 0) {
    self.minimum = max(1, minimum)
    self.maximum = max(self.minimum, maximum)
    self.weight = max(0, weight)
    self.priority = priority
  }
}

/// Which columns are shown at a width, where, and which are hidden.
package struct Layout: Sendable, Hashable {
  package struct Slot: Sendable, Hashable {
    /// Index into the columns that were given.
    package var column: Int
    package var x: Int
    package var width: Int
  }

  package var slots: [Slot]
  /// Indices of columns that do not fit, in the order given; the panel names them.
  package var hidden: [Int]

  /// Lays columns out, left to right in the order given, `gap` columns between them.
  ///
  /// Columns go by falling priority, the rightmost first among equals; the one of highest priority
  /// stays, cut if need be, as long as there is any width.
  package init(columns: [LayoutColumn], width: Int, gap: Int = 1) {
    let gap = max(0, gap)
    let byPriority = columns.indices.sorted {
      (columns[$0].priority, -$0) > (columns[$1].priority, -$1)
    }
    var shown: [Int] = []
    var used = 0
    for index in byPriority {
      let needed = columns[index].minimum + (shown.isEmpty ? 0 : gap)
      if used + needed <= width {
        shown.append(index)
        used += needed
      } else if shown.isEmpty, width > 0 {
        shown.append(index)
        used = width
      } else {
        // A column of lower priority does not slip in where a more important one had no room.
        break
      }
    }
    shown.sort()
    var widths = shown.map { min(columns[$0].minimum, max(0, width)) }
    var left = width - used
    // Each round gives by weight; a column at its maximum leaves its part to the next round.
    while left > 0 {
      let growing = shown.indices.filter {
        columns[shown[$0]].weight > 0 && widths[$0] < columns[shown[$0]].maximum
      }
      let total = growing.reduce(0) { $0 + columns[shown[$1]].weight }
      guard total > 0 else { break }
      let before = left
      for position in growing {
        let column = columns[shown[position]]
        let share = min(max(1, before * column.weight / total), left)
        let grown = min(widths[position] + share, column.maximum)
        left -= grown - widths[position]
        widths[position] = grown
      }
    }
    var x = 0
    slots = shown.indices.map { position in
      defer { x += widths[position] + gap }
      return Slot(column: shown[position], x: x, width: widths[position])
    }
    hidden = columns.indices.filter { !shown.contains($0) }
  }
}
