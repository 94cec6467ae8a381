private import Crypto
private import ConsoleModel
private import Documents
private import Glibc

/// The record of who changed what: hash-chained JSON lines in `audit.jsonl`, each also to syslog.
///
/// Any number of processes append at once; `append` waits for the lock and for the disk, so it is
/// called off the loop's thread. Who may write the file may also write a whole chain anew, with its
/// head: copies elsewhere (syslog, the servers' stream) are what speaks against that.
package struct AuditTrail: Sendable {
  package let folder: String
  private let syslog: Syslog
  let lock: AuditFiles.Lock

  package init(folder: String, syslogSocket: String = "/dev/log") {
    self.init(folder: folder, syslogSocket: syslogSocket, lock: AuditFiles.systemLock)
  }

  /// - Parameter lock: flock(2) by descriptor and operation: 0 or an errno; tests play a file system
  ///   without locks.
  package init(
    folder: String, syslogSocket: String,
    lock: @escaping @Sendable (_ descriptor: Int32, _ operation: Int32) -> Int32
  ) {
    self.folder = folder
    self.syslog = Syslog(socket: syslogSocket)
    self.lock = lock
  }

  /// Blocks for the disk (milliseconds; at most 30 s where another process holds the lock).
  ///
  /// Never fails as a whole: where the file cannot be written, the line is still made, marked
  /// `"chain":"detached"`, for the other sinks.
  package func append(_ record: AuditRecord) -> AuditReceipt {
    append(AuditLine(sequence: 0, record: record, previous: ""))
  }

  /// Records a detached line of an earlier receipt, now that the file can be written: what happened
  /// then keeps its time and says by `late` which line it was.
  ///
  /// - Parameter isLogged: syslog has the detached line already, and gets the record once more only with
  ///   its place in the file; an attempt that fails again tells it nothing new.
  /// - Throws: a problem if `line` is not a detached line of ours.
  package func append(
    late line: String, isLogged: Bool = false
  ) throws(AuditProblem) -> AuditReceipt {
    let detached: AuditLine
    do throws(AuditLine.Unreadable) {
      detached = try AuditLine(parsing: Array(line.utf8))
    } catch {
      throw AuditProblem(.file, "a line that was kept for the audit \(error.detail)")
    }
    guard detached.sequence == 0, detached.note == .detached else {
      throw AuditProblem(
        .file, "a line that was kept for the audit is in the trail already: \(detached.sequence)")
    }
    var late = AuditLine(sequence: 0, record: detached.record, previous: "")
    late.late = detached.late.isEmpty ? detached.hash : detached.late
    return append(late, isLogged: isLogged)
  }

  private func append(_ unplaced: AuditLine, isLogged: Bool = false) -> AuditReceipt {
    var line = unplaced
    var text: String
    var taken: [AuditSink] = []
    var problems: [AuditProblem] = []
    do throws(AuditProblem) {
      let files = try AuditFiles.openForAppending(folder: folder, lock: lock)
      (text, problems) = try Self.write(&line, to: files)
      taken.append(.file)
    } catch {
      problems.append(error)
      line = unplaced
      line.note = .detached
      Self.stamp(&line)
      text = line.finish()
    }
    if taken.contains(.file) || !isLogged {
      do throws(AuditProblem) {
        try syslog.send(text, entry: line.entry)
        taken.append(.syslog)
      } catch {
        problems.append(error)
      }
    }
    return AuditReceipt(line: text, entry: line.entry, taken: taken, problems: problems)
  }

  /// Under the lock, so that the order of times is that of the lines. A time that RFC 3339 cannot
  /// hold would make a line that nobody reads again.
  private static func stamp(_ line: inout AuditLine) {
    if let at = line.record.at, AuditTime.parse(CivilTime.rfc3339(at)) != nil { return }
    line.record.at = AuditTime.now()
  }

  /// Places the line at the end of the chain and writes it: first what is going to be written into
  /// the head, then the line, then the head again.
  private static func write(
    _ line: inout AuditLine, to files: borrowing AuditFiles
  ) throws(AuditProblem) -> (text: String, problems: [AuditProblem]) {
    var problems: [AuditProblem] = []
    let end = try AuditEnd(files)
    let head = files.readHead()
    var place = end.place
    if let head, !head.isAt(end.place) || (end.isForeign && !end.rest.isEmpty) {
      // Going on from the head, not from what is left of the file, keeps the break visible for ever.
      if !head.isAt(end.place) {
        place = head.place
        line.note = .headDiffers
      }
      problems.append(
        AuditProblem(
          .file,
          "\(files.path) does not end with the line that was written last: it was tampered with;"
            + " see cacheconsole audit --verify"))
    } else if head == nil, end.size > 0 {
      line.note = .headMissing
      problems.append(
        AuditProblem(
          .file,
          "the file audit.head beside \(files.path) was missing or unreadable, so lines may have"
            + " been removed; see cacheconsole audit --verify"))
    }
    if !end.rest.isEmpty, line.note == nil, !end.isForeign {
      line.torn = .init(bytes: UInt64(end.rest.count), hash: SHA256.hex(end.rest))
      problems.append(
        AuditProblem(
          .file,
          "the last line of \(files.path) was cut off when a process or the machine went down; it"
            + " stays as it is"))
    }
    line.sequence = place.sequence + 1
    line.previous = place.hash
    stamp(&line)
    let text = line.finish()
    let written = AuditHead.Place(sequence: line.sequence, hash: line.hash)
    try files.writeHead(AuditHead(place: place, next: written), isSynced: true)
    do throws(AuditProblem) {
      try files.append((end.needsLineFeed ? [0x0A] : []) + Array(text.utf8) + [0x0A])
    } catch {
      try? files.writeHead(AuditHead(place: place), isSynced: false)
      throw error
    }
    do throws(AuditProblem) {
      try files.writeHead(AuditHead(place: written), isSynced: false)
    } catch {
      problems.append(error)
    }
    return (text, problems)
  }
}

/// Where the file ends: its last whole line, and what stands after that.
struct AuditEnd {
  /// Bytes of the file.
  let size: Int
  /// The last line that is a record; the start where there is none in reach.
  private(set) var place = AuditHead.Place.start
  /// What stands after it: nothing, or the rest of a write that was cut off, or another's bytes.
  private(set) var rest: [UInt8] = []
  private(set) var needsLineFeed = false
  /// True if the rest cannot come from a write that was cut off: whole lines, or too long.
  private(set) var isForeign = false

  /// Reads as far back as one longest line and a longest rest, and mostly much less.
  init(_ files: borrowing AuditFiles) throws(AuditProblem) {
    size = try files.size()
    for reach in [16 << 10, 2 * AuditLine.maximumBytes] {
      let start = max(0, size - reach)
      if look(at: try files.read(size - start, at: start), isWholeFile: start == 0) { return }
    }
  }

  /// - Returns: true if a record was found, or there is none.
  private mutating func look(at bytes: [UInt8], isWholeFile: Bool) -> Bool {
    needsLineFeed = bytes.last.map { $0 != 0x0A } ?? false
    var end = bytes.count
    // A write that lost only its line feed is whole: look at the unfinished line too.
    while end > 0 {
      let body = bytes[end - 1] == 0x0A ? end - 1 : end
      let start = (bytes[..<body].lastIndex(of: 0x0A) ?? -1) + 1
      if let line = try? AuditLine(parsing: Array(bytes[start..<body])), line.sequence > 0 {
        place = .init(sequence: line.sequence, hash: line.hash)
        break
      }
      end = start
    }
    rest = Array(bytes[end...])
    isForeign = !rest.isEmpty && (!needsLineFeed || (end == 0 && !isWholeFile))
    return end > 0 || isWholeFile
  }
}
