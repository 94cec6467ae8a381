package import ConsoleModel
import Terminal

extension Context {
  /// A sparkline of the newest points of `series`, `width` columns wide.
  package func sparkline(
    _ series: Series, _ resolution: Series.Resolution, width: Int, maximum: Double? = nil
  ) -> String {
    let points = series.tail(glyphs.plotCapacity(width: width), resolution)
    return glyphs.sparkline(
      points.map { $0.isFinite ? Double($0) : nil }, width: width, maximum: maximum)
  }

  /// Hit ratios of the last hour where they are kept, else of the last minutes.
  ///
  /// The top is 100 % and the bottom a little under the lowest ratio shown: on a scale from zero
  /// the dips that matter, from 99 to 93 %, could not be seen.
  package func hitRatioLine(
    _ series: Series, _ resolution: Series.Resolution? = nil, width: Int
  ) -> String {
    let resolution = resolution ?? hitRatioResolution(series)
    let points = series.tail(glyphs.plotCapacity(width: width), resolution)
    let lowest = points.filter(\.isFinite).min() ?? 0
    let bottom = Double(max(0, min(lowest - 0.02, 0.9)))
    return glyphs.sparkline(
      points.map { $0.isFinite ? max(0.001, (Double($0) - bottom) / (1 - bottom)) : nil },
      width: width, maximum: 1)
  }

  /// What a hit ratio's graph shows unless it is told.
  func hitRatioResolution(_ series: Series) -> Series.Resolution {
    series.count(.medium) > 1 ? .medium : .fine
  }

  /// Columns of a sparkline, `width` wide, in which an operation began, on the left first.
  ///
  /// - Parameter node: only operations on this server; nil: all.
  package func operationMarks(
    _ series: Series, _ resolution: Series.Resolution, width: Int, node: NodeID? = nil
  ) -> [Int] {
    guard let newest = series.newest(resolution), width > 0, let operations else { return [] }
    let length = Int64(resolution.seconds) * 1_000_000_000
    let perColumn = max(1, glyphs.plotCapacity(width: width) / width)
    let shown = min(series.count(resolution), glyphs.plotCapacity(width: width))
    var columns: Set<Int> = []
    for status in operations.operations {
      if let node, !status.shards.isEmpty, !status.shards.contains(where: { $0.node == node }) {
        continue
      }
      let began = monotonic(status.started)
      let slots = newest.nanoseconds / length - began.nanoseconds / length
      // One that began after the newest point is drawn on it; on a graph that has stopped, nowhere.
      guard slots >= -2, slots < Int64(shown) else { continue }
      columns.insert(width - 1 - Int(max(0, slots)) / perColumn)
    }
    return columns.sorted()
  }

  /// A graph with its marked columns drawn over.
  func graph(_ line: String, _ role: StyleRole, marks: [Int]) -> [Span] {
    guard !marks.isEmpty else { return [Span(line, role)] }
    let scalars = Array(line.unicodeScalars)
    var spans: [Span] = []
    var start = 0
    for column in marks where column >= start && column < scalars.count {
      spans.append(Span(Self.text(scalars[start..<column]), role))
      spans.append(Span(glyphs.vertical, .accent, .bold))
      start = column + 1
    }
    spans.append(Span(Self.text(scalars[start...]), role))
    return spans
  }

  private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// `9.1G/12G` and, where there is room, how full it is.
  package func memory(used: UInt64?, limit: UInt64?, width: Int) -> String {
    guard let used else { return Format.missing }
    guard let limit, limit > 0 else { return Format.bytes(used) }
    let text = "\(Format.bytes(used))/\(Format.bytes(limit))"
    let column = max(text.utf8.count, 11)
    let room = width - column - 1
    guard room >= 4 else { return text }
    let padding = String(repeating: " ", count: column - text.utf8.count + 1)
    return text + padding + glyphs.meter(Double(used) / Double(limit), width: min(room, 12))
  }

  /// State as dot and word, with what the collector says about it, or the age where it is old.
  func state(
    _ state: LiveState, detail: String, lastReply: MonotonicTime?
  ) -> TableCell {
    let dot = Mark.state(state, glyphs)
    switch state {
    case .live:
      let detail = detail.isEmpty ? "live" : safe(detail, limit: 24)
      return TableCell("\(dot) \(detail)", .ok)
    case .stale, .down:
      let age = self.age(lastReply).map { " \($0)" } ?? ""
      return TableCell("\(dot) \(Mark.word(state))\(age)", Mark.role(state))
    case .connecting: return TableCell("\(dot) connecting", .dim)
    case .unconfigured: return TableCell("\(dot) \(Format.missing)", .dim)
    }
  }
}

extension Context {
  /// How current what we know of this node is.
  package func liveState(of id: NodeID) -> LiveState { node(id)?.state ?? .unconfigured }

  /// A node's name; with its age where it is not live.
  func nodeCell(_ id: NodeID, width: Int) -> TableCell {
    guard let node = node(id), node.state != .live else {
      return TableCell(safe(id.rawValue, limit: width), .dim)
    }
    let age = self.age(node.lastReply).map { " \($0)" } ?? ""
    return TableCell(safe(id.rawValue, limit: max(1, width - age.utf8.count)) + age, .stale)
  }
}

extension SlowEntry {
  /// The command as one line, masked where it was masked, in at most `limit` columns.
  package func line(_ context: Context, limit: Int) -> String {
    var text = ""
    var used = 0
    for argument in arguments {
      if used >= limit { break }
      if used > 0 {
        text += " "
        used += 1
      }
      switch argument {
      case .bytes(let bytes):
        // Two columns more than there are: the table puts the cut mark.
        let part = context.safe(bytes, limit: max(2, limit - used + 2))
        text += part
        used += TextWidth.columns(part, isUnicode: context.isUnicode)
      case .masked(let length):
        let part = "<masked \(max(0, length)) B>"
        text += part
        used += part.utf8.count
      }
    }
    return text
  }
}
