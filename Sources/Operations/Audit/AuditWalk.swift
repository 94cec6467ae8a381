private import Crypto

/// The chain's check, line by line; stops at the first break.
struct AuditWalk {
  var result = AuditVerification()
  /// The number of the line taken last, from 1.
  private(set) var line: UInt64 = 0
  private var last = AuditHead.Place.start
  private var beforeLast = AuditHead.Place.start
  /// Lines since the last record that are none: the next record says whether a crash left them.
  private var pending: Pending?

  private struct Pending {
    var line: UInt64
    var bytes: [UInt8] = []
    var first: AuditLine.Unreadable
    var lines: [UInt64] = []
    var endsWhole = false
  }

  mutating func take(_ read: ForwardLines.Line) {
    line += 1
    do throws(AuditLine.Unreadable) {
      take(try AuditLine(parsing: read.bytes))
    } catch {
      if error.kind == .newer { return fail(line, .unreadable, "it \(error.detail)") }
      var region = pending ?? Pending(line: line, first: error)
      region.bytes += read.bytes
      if read.isWhole { region.bytes.append(0x0A) }
      region.endsWhole = read.isWhole
      region.lines.append(line)
      // Nothing that a crash leaves is longer than a few lines.
      if region.bytes.count > 4 * AuditLine.maximumBytes {
        return fail(region.line, .inserted, "it \(region.first.detail)")
      }
      pending = region
    }
  }

  private mutating func take(_ record: AuditLine) {
    let follows = record.sequence == last.sequence + 1 && record.previous == last.hash
    if let region = pending {
      guard follows, let torn = record.torn, Self.matches(torn, region.bytes) else {
        return judge(region, next: record, follows: follows)
      }
      result.torn += region.lines.prefix(100 - min(100, result.torn.count))
      pending = nil
    } else if record.torn != nil {
      return fail(line, .removed, "the cut-off line that stood before it is missing")
    }
    guard record.sequence > 0 else {
      return fail(line, .inserted, "it was never placed in this file (chain: detached)")
    }
    guard follows else { return misplaced(record) }
    if record.note == .headMissing {
      return fail(
        line, .unproven,
        "audit.head was missing when entry \(record.sequence) was written, so entries before it may"
          + " have been removed")
    }
    result.intact += 1
    beforeLast = last
    last = .init(sequence: record.sequence, hash: record.hash)
  }

  /// The rest of a write, to whose end the next record's line feed was added, or not.
  private static func matches(_ torn: AuditLine.Torn, _ bytes: [UInt8]) -> Bool {
    guard bytes.count <= torn.bytes + 1, bytes.count >= torn.bytes else { return false }
    return SHA256.hex(bytes.prefix(Int(torn.bytes))) == torn.hash
  }

  /// What a line was that is no record, told by the record after it.
  private mutating func judge(_ region: Pending, next: AuditLine, follows: Bool) {
    if follows { return fail(region.line, .inserted, "it \(region.first.detail)") }
    fail(region.line, .altered, "it \(region.first.detail)")
  }

  private mutating func misplaced(_ record: AuditLine) {
    if record.hash == last.hash {
      return fail(line, .inserted, "it is the line before once more")
    }
    if record.previous == beforeLast.hash, record.sequence == last.sequence, line > 1 {
      return fail(
        line - 1, .inserted,
        "entry \(record.sequence) stands twice, and the chain goes on without it")
    }
    if record.sequence > last.sequence + 1 {
      let missing =
        record.sequence == last.sequence + 2
        ? "entry \(last.sequence + 1) is"
        : "entries \(last.sequence + 1) to \(record.sequence - 1) are"
      return fail(line, .removed, "\(missing) missing before entry \(record.sequence)")
    }
    if record.sequence == last.sequence + 1 {
      return fail(
        line, .altered,
        "entry \(record.sequence) does not follow from the line before: one of the two was replaced"
      )
    }
    fail(line, .inserted, "entry \(record.sequence) stands after entry \(last.sequence)")
  }

  private mutating func fail(
    _ line: UInt64, _ damage: AuditVerification.Damage, _ text: String
  ) {
    result.broken = .init(line: line, damage: damage, text: text)
  }

  /// The end of the file against what the head says.
  mutating func finish(head: AuditHead?, hasHead: Bool) -> AuditVerification {
    let end = last
    if let head, !head.isAt(end) {
      if end.sequence < head.place.sequence {
        let missing =
          head.place.sequence == end.sequence + 1
          ? "entry \(head.place.sequence) is"
          : "entries \(end.sequence + 1) to \(head.place.sequence) are"
        let cut = pending.map { "it \($0.first.detail); " } ?? ""
        fail(
          pending?.line ?? line + 1, pending?.first.kind == .altered ? .altered : .truncated,
          "\(cut)\(missing) missing at the end")
      } else if end.sequence > head.place.sequence {
        fail(line, .inserted, "entry \(end.sequence) was not written by this program")
      } else {
        fail(line, .altered, "entry \(end.sequence) is not the one that was written last")
      }
    } else if let region = pending, region.endsWhole {
      fail(region.line, .inserted, "it \(region.first.detail)")
    } else if let region = pending {
      result.torn += region.lines.prefix(100 - min(100, result.torn.count))
    }
    if result.broken == nil, !hasHead, line > 0 {
      fail(
        line + 1, .unproven,
        "the file audit.head is missing or unreadable, so the newest entries may have been removed")
    }
    return result
  }
}
