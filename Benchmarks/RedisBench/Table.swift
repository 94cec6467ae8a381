/// Rows of a benchmark, for people and for programs.
enum Table {
  struct Row {
    var bench: String
    var name: String
    var unit: String
    var value: Double
    var peerValue: Double
    /// The median of the rounds'.
    var ratio: Double
    /// Of the rounds' ratios.
    var range: ClosedRange<Double>
    var peer: String
  }

  static func json(_ rows: [Row]) -> String {
    rows.map { row in
      "{\"bench\":\"\(row.bench)\",\"case\":\"\(row.name)\",\"value\":\(whole(row.value)),"
        + "\"unit\":\"\(row.unit)\",\"peer\":\"\(row.peer)\",\"peer_value\":\(whole(row.peerValue)),"
        + "\"ratio\":\(hundredths(row.ratio)),\"lowest\":\(hundredths(row.range.lowerBound)),"
        + "\"highest\":\(hundredths(row.range.upperBound))}"
    }.joined(separator: "\n")
  }

  static func text(_ rows: [Row]) -> String {
    let heads = ["bench", "case", "value", "unit", "peer", "peer value", "ratio", "range"]
    let cells = rows.map {
      [
        $0.bench, $0.name, whole($0.value), $0.unit, $0.peer, whole($0.peerValue),
        hundredths($0.ratio),
        hundredths($0.range.lowerBound) + "-" + hundredths($0.range.upperBound),
      ]
    }
    let widths = heads.indices.map { column in
      ([heads] + cells).map { $0[column].count }.max() ?? 0
    }
    return ([heads] + cells).map { row in
      row.enumerated().map { column, cell in
        let pad = String(repeating: " ", count: widths[column] - cell.count)
        return [2, 5, 6].contains(column) ? pad + cell : cell + pad
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  private static func whole(_ value: Double) -> String {
    value.isFinite ? String(Int64(value.rounded())) : "null"
  }

  private static func hundredths(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    let number = Int64((value * 100).rounded())
    let digits = String(number % 100)
    return "\(number / 100)." + (digits.count < 2 ? "0" + digits : digits)
  }
}
