package import ConsoleModel

/// The elements of a collection, as rows that are looked up and never built ahead.
///
/// Each row has a label and the bytes that open when it is chosen; a stream entry takes a row for its
/// id and one for each field.
package struct ValueElements: Sendable {
  package struct Row: Sendable, Hashable {
    /// Field, index, score or stream id.
    package var label: [UInt8]
    package var bytes: [UInt8]
    /// Further in: a field of a stream entry.
    package var isNested: Bool
    /// Only a label: a stream entry's id.
    package var isHeading: Bool

    init(label: [UInt8], bytes: [UInt8], isNested: Bool = false, isHeading: Bool = false) {
      self.label = label
      self.bytes = bytes
      self.isNested = isNested
      self.isHeading = isHeading
    }
  }

  private let value: KeyInspection.Value
  /// Index of a list's first element on this page.
  private let first: UInt64
  /// For a stream: the row that each entry begins with.
  private let starts: [Int]
  package let count: Int
  /// Heads of the two columns.
  package let labelTitle: String
  package let bytesTitle: String

  /// nil for what is not a collection.
  package init?(_ value: KeyInspection.Value, first: UInt64) {
    var starts: [Int] = []
    switch value {
    case .hash(let pairs): (count, labelTitle, bytesTitle) = (pairs.count, "field", "value")
    case .list(let items): (count, labelTitle, bytesTitle) = (items.count, "index", "element")
    case .set(let items): (count, labelTitle, bytesTitle) = (items.count, "", "member")
    case .sortedSet(let items): (count, labelTitle, bytesTitle) = (items.count, "score", "member")
    case .stream(let entries):
      var total = 0
      for entry in entries {
        starts.append(total)
        total += 1 + entry.fields.count
      }
      (count, labelTitle, bytesTitle) = (total, "id / field", "value")
    case .string, .opaque, .masked, .gone: return nil
    }
    self.value = value
    self.first = first
    self.starts = starts
  }

  package subscript(index: Int) -> Row? {
    guard index >= 0, index < count else { return nil }
    switch value {
    case .hash(let pairs): return Row(label: pairs[index].field, bytes: pairs[index].value)
    case .list(let items):
      let position = first.addingReportingOverflow(UInt64(index)).partialValue
      return Row(label: Array(String(position).utf8), bytes: items[index])
    case .set(let items): return Row(label: [], bytes: items[index])
    case .sortedSet(let items): return Row(label: items[index].score, bytes: items[index].member)
    case .stream(let entries): return streamRow(entries, index)
    case .string, .opaque, .masked, .gone: return nil
    }
  }

  private func streamRow(_ entries: [KeyInspection.StreamEntry], _ index: Int) -> Row? {
    // The last entry that begins at or before the row.
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let entry = entries[low - 1]
    let field = index - starts[low - 1] - 1
    guard field >= 0 else { return Row(label: entry.id, bytes: entry.id, isHeading: true) }
    guard field < entry.fields.count else { return nil }
    return Row(
      label: entry.fields[field].field, bytes: entry.fields[field].value, isNested: true)
  }
}

extension KeyInspection.Value {
  /// Elements, or bytes of a string, on this page.
  package var pageCount: Int {
    switch self {
    case .string(let bytes): bytes.count
    case .hash(let pairs): pairs.count
    case .list(let items), .set(let items): items.count
    case .sortedSet(let items): items.count
    case .stream(let entries): entries.count
    case .opaque, .masked, .gone: 0
    }
  }

  /// What a position counts.
  package var unit: String {
    switch self {
    case .string: "bytes"
    case .hash: "fields"
    case .list: "elements"
    case .set, .sortedSet: "members"
    case .stream: "entries"
    case .opaque, .masked, .gone: ""
    }
  }
}
