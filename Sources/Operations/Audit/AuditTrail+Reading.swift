package import ConsoleModel

extension AuditTrail {
  /// A line of the trail as it stands there, and what it says.
  package struct Recorded: Sendable, Hashable {
    package var entry: AuditEntry
    /// JSON without a line feed; its hash was checked.
    package var line: String
  }

  /// How far back `recent` reads at most, bytes.
  static let recentBytes = 64 << 20

  /// The newest entries, newest first, and what is wrong with the trail; only the file's tail is
  /// read. Blocks for the disk.
  package func recent(limit: Int) -> (entries: [AuditEntry], problems: [String]) {
    let (recorded, problems) = recentLines(limit: limit)
    return (recorded.map(\.entry), problems)
  }

  /// As `recent`, with the lines. Lines that do not match their hash are named, not returned.
  package func recentLines(limit: Int) -> (lines: [Recorded], problems: [String]) {
    var lines: [Recorded] = []
    var problems: [String] = []
    do throws(AuditProblem) {
      guard let files = try AuditFiles.openForReading(folder: folder, lock: lock) else {
        return ([], [])
      }
      let size = try files.size()
      var reader = BackwardLines(end: size, floor: max(0, size - Self.recentBytes))
      var isNewest = true
      let head = files.readHead()
      while lines.count < limit, let line = try reader.next(files) {
        do throws(AuditLine.Unreadable) {
          let parsed = try AuditLine(parsing: line.bytes)
          if isNewest { problems += Self.problems(head, newest: parsed, files.path) }
          isNewest = false
          lines.append(
            .init(entry: parsed.entry, line: String(decoding: line.bytes, as: UTF8.self)))
        } catch {
          // At most one that a crash cut off is no reason for alarm; `verify` tells them apart.
          if problems.count < 20 {
            problems.append(
              "a line of \(files.path) \(error.detail); see cacheconsole audit --verify")
          }
        }
      }
      if isNewest, let head, head.place.sequence > 0, size == 0 {
        problems.append("\(files.path) is empty and had \(head.place.sequence) entries")
      }
      if lines.count < limit, reader.isCut {
        problems.append(
          "the older part of \(files.path) was not read: it is very long, or no audit trail")
      }
    } catch {
      problems.append(error.text)
    }
    return (lines, problems)
  }

  private static func problems(
    _ head: AuditHead?, newest: AuditLine, _ path: String
  ) -> [String] {
    guard let head else {
      return [
        "audit.head is missing beside \(path): whether newer entries were removed is not known"
      ]
    }
    if head.isAt(.init(sequence: newest.sequence, hash: newest.hash)) { return [] }
    return [
      "\(path) does not end with entry \(head.place.sequence), which was written last;"
        + " see cacheconsole audit --verify"
    ]
  }
}

/// The lines of a file from its end.
struct BackwardLines {
  /// Everything from here on has been returned or is in `kept`.
  private var position: Int
  private let floor: Int
  /// Bytes from `position` that are not returned yet.
  private var kept: [UInt8] = []

  static let chunk = 64 << 10

  /// - Parameter floor: nothing before this offset is read.
  init(end: Int, floor: Int) {
    position = end
    self.floor = floor
  }

  /// True if the floor, or something that is no line, was reached before the file's start.
  private(set) var isCut = false

  mutating func next(_ files: borrowing AuditFiles) throws(AuditProblem) -> (
    bytes: [UInt8], isWhole: Bool
  )? {
    while true {
      let isWhole = kept.last == 0x0A
      let body = isWhole ? kept.dropLast() : kept[...]
      if let feed = body.lastIndex(of: 0x0A) {
        let line = Array(body[(feed + 1)...])
        kept.removeSubrange((feed + 1)...)
        return (line, isWhole)
      }
      guard position > floor, kept.count <= 2 * AuditLine.maximumBytes else {
        // What stands before the first line feed is a line only at the file's start.
        isCut = position > 0
        defer { kept = [] }
        return position == 0 && !kept.isEmpty ? (Array(body), isWhole) : nil
      }
      let count = min(Self.chunk, position - floor)
      kept = try files.read(count, at: position - count) + kept
      position -= count
    }
  }
}
