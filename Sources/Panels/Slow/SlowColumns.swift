import ConsoleModel
import Terminal

/// What the list of slow commands shows of each.
enum SlowColumns {
  /// Bytes of an entry's arguments that a filter looks at.
  private static let searched = 512

  static let all: [Column<SlowEntry>] = [
    Column("time", minimum: 8, sortKey: { .number(Double($0.at.microseconds)) }) {
      entry, context, _ in TableCell(time(entry.at, context))
    },
    Column(
      "took", minimum: 7, alignment: .right, priority: 95,
      sortKey: { .number(Double($0.microseconds)) }
    ) { entry, context, _ in
      TableCell(
        Format.microseconds(Double(entry.microseconds), isUnicode: context.isUnicode),
        role(entry.microseconds))
    },
    Column("node", minimum: 9, priority: 40, sortKey: { .text($0.node.rawValue) }) {
      entry, context, width in
      TableCell(context.safe(entry.node.rawValue, limit: width), .dim)
    },
    Column("client", minimum: 15, priority: 50, sortKey: { .text(client($0)) }) {
      entry, context, width in
      TableCell(context.safe(client(entry), limit: width), .dim)
    },
    Column("command", minimum: 12, weight: 1, priority: 90, sortKey: { .text(filterText($0)) }) {
      entry, context, width in
      TableCell(command(entry, isUnicode: context.isUnicode, limit: width))
    },
  ]

  /// The name that the client gave itself, else its address.
  static func client(_ entry: SlowEntry) -> String {
    entry.clientName.isEmpty ? entry.client : entry.clientName
  }

  /// Local time of day; the date where it is not today's.
  static func time(_ at: WallTime, _ context: Context) -> String {
    let civil = CivilTime(at, offsetSeconds: context.utcOffsetSeconds)
    let today = CivilTime(context.wall, offsetSeconds: context.utcOffsetSeconds)
    return civil.date == today.date ? civil.clock : String(civil.date.suffix(8))
  }

  /// From 10 ms, the server's own default threshold, it hurts; from 100 ms everybody notices.
  static func role(_ microseconds: UInt64) -> StyleRole {
    microseconds >= 100_000 ? .critical : microseconds >= 10_000 ? .warning : .normal
  }

  /// The arguments on one line, no more of them than `limit` columns can show.
  static func command(_ entry: SlowEntry, isUnicode: Bool, limit: Int) -> String {
    var text = ""
    var used = 0
    for (index, argument) in entry.arguments.enumerated() {
      if index > 0 {
        text += " "
        used += 1
      }
      // One column more than there is: the grid then marks the cut.
      guard used <= limit else { break }
      switch argument {
      case .bytes(let bytes):
        let piece = DrawableText.prefix(
          of: bytes, isUnicode: isUnicode, columns: limit - used + 1)
        text += piece.text
        used += piece.columns
        if piece.consumed < bytes.count { return text + (isUnicode ? "…" : "~") }
      case .masked(let length):
        let piece = Masked.label(length, isUnicode)
        text += piece
        used += TextWidth.columns(piece, isUnicode: isUnicode)
      }
    }
    return text
  }

  static func filterText(_ entry: SlowEntry) -> String {
    var bytes: [UInt8] = []
    for argument in entry.arguments where bytes.count < searched {
      guard case .bytes(let piece) = argument else { continue }
      bytes += piece.prefix(searched)
      bytes.append(0x20)
    }
    return String(decoding: bytes, as: UTF8.self)
      + "\(entry.client) \(entry.clientName) \(entry.node.rawValue)"
  }
}
