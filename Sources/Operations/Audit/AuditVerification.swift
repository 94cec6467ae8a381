/// Whether the trail is what was written.
package struct AuditVerification: Sendable, Hashable {
  package enum Damage: String, Sendable, Hashable, CaseIterable {
    /// A line's bytes are not those that were written.
    case altered
    /// Lines are missing before this one.
    case removed
    /// A line that the program did not write, or not there.
    case inserted
    /// The newest lines are missing.
    case truncated
    /// Nothing is seen to be wrong, but what would show it is missing.
    case unproven
    /// The file cannot be read, or a newer program wrote it.
    case unreadable
  }

  /// Where the chain is broken first.
  package struct Break: Sendable, Hashable {
    /// Counted from 1; for what is missing, the line where it is missing.
    package var line: UInt64
    package var damage: Damage
    package var text: String
  }

  /// Entries from the start that are as they were written.
  package var intact: UInt64 = 0
  package var broken: Break?
  /// Lines that a crash cut off while they were written, the first 100: they stay in the file, and
  /// nothing after them is lost.
  package var torn: [UInt64] = []

  package var isIntact: Bool { broken == nil }

  /// In words.
  package var text: String {
    let entries = intact == 1 ? "1 entry" : "\(intact) entries"
    var text =
      broken.map { "broken at line \($0.line): \($0.text) (\(entries) before it intact)" }
      ?? (intact == 0 ? "no entries yet" : "\(entries), all intact")
    if !torn.isEmpty {
      let lines = torn.map(String.init).joined(separator: ", ")
      text += "; cut off by a crash while it was written: line \(lines)"
    }
    return text
  }
}

extension AuditTrail {
  /// Reads the whole trail in constant memory. Blocks for the disk; appends go on meanwhile.
  package func verify() -> AuditVerification {
    var walk = AuditWalk()
    do throws(AuditProblem) {
      guard let files = try AuditFiles.openForReading(folder: folder, lock: lock) else {
        // The head alone says that there was a trail.
        let head = AuditFiles.head(folder: folder)
        return walk.finish(head: head, hasHead: head != nil)
      }
      // Under the lock both files belong together; what is appended later lies behind `size`.
      let size = try files.size()
      let head = files.readHead()
      let hasHead = head != nil
      files.unlock()
      var reader = ForwardLines(end: size)
      while let line = try reader.next(files) {
        walk.take(line)
        if walk.result.broken != nil { return walk.result }
      }
      return walk.finish(head: head, hasHead: hasHead)
    } catch {
      walk.result.broken = .init(line: walk.line, damage: .unreadable, text: error.text)
      return walk.result
    }
  }
}

/// The lines of a file from its start, each bounded.
struct ForwardLines {
  struct Line {
    /// At most `AuditLine.maximumBytes` and one; what is longer is cut.
    var bytes: [UInt8]
    /// Ends with a line feed.
    var isWhole: Bool
  }

  private let end: Int
  private var offset = 0
  private var buffer: [UInt8] = []
  private var index = 0

  init(end: Int) { self.end = end }

  mutating func next(_ files: borrowing AuditFiles) throws(AuditProblem) -> Line? {
    var line: [UInt8] = []
    var isStarted = false
    while true {
      if index == buffer.count {
        let count = min(BackwardLines.chunk, end - offset)
        buffer = count > 0 ? try files.read(count, at: offset) : []
        offset += buffer.count
        index = 0
        if buffer.isEmpty { return isStarted ? Line(bytes: line, isWhole: false) : nil }
      }
      isStarted = true
      let feed = buffer[index...].firstIndex(of: 0x0A)
      let room = AuditLine.maximumBytes + 1 - line.count
      line += buffer[index..<(feed ?? buffer.count)].prefix(room)
      index = feed.map { $0 + 1 } ?? buffer.count
      if feed != nil { return Line(bytes: line, isWhole: true) }
    }
  }
}
