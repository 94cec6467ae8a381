package import ConsoleModel
package import Documents

/// Reads a file of copies record by record: memory for one record, whatever the size of the file.
///
/// Every record is checked before it is given out. A file that ends too early or was changed is
/// refused with the number of records that were good. Blocks on the disk: not for the event loop.
package struct CopyReader {
  package let path: String
  package let header: CopyHeader
  /// Good records so far.
  package private(set) var count: UInt64 = 0
  /// Bytes of keys and payloads so far.
  package private(set) var bytes: UInt64 = 0
  /// True once the end was seen, as `finish()` writes it.
  package private(set) var isComplete = false
  /// Where the last good record ends.
  private(set) var goodEnd: UInt64
  private(set) var chain: CopyChain

  private let file: CopyFile
  private let size: UInt64
  private let allowsUnfinished: Bool
  private var buffer: ArraySlice<UInt8> = []
  private var hasEnded = false

  private static let chunk = 64 << 10

  /// - Parameters:
  ///   - now: copies that have expired are refused; nil: take them whatever their age.
  ///   - allowsUnfinished: the file of a run that was killed: what is good of it, and no error where
  ///     the good part ends.
  package init(
    path: String, now: WallTime?, allowsUnfinished: Bool = false
  ) throws(DocumentError) {
    self.path = path
    self.allowsUnfinished = allowsUnfinished
    file = try CopyFile(path, .read)
    size = try file.size()
    var line: [UInt8] = []
    var buffer: ArraySlice<UInt8> = []
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        line += buffer[..<end]
        buffer = buffer[(end + 1)...]
        break
      }
      line += buffer
      buffer = try file.read(Self.chunk)[...]
      guard !buffer.isEmpty, line.count <= CopyHeader.maximumBytes else {
        throw DocumentError(
          file: path, detail: "is no file of copies: it does not begin with a line of JSON")
      }
    }
    header = try CopyHeader(line: line, file: path)
    if let now, header.expires <= now {
      throw DocumentError(
        file: path,
        detail:
          "its copies expired at \(CivilTime.rfc3339(header.expires)): what is older than a day"
          + " is not put back")
    }
    self.buffer = buffer
    chain = CopyChain(header: line + [UInt8(ascii: "\n")])
    goodEnd = UInt64(line.count + 1)
  }

  /// The next record; nil at the end.
  package mutating func next() throws(DocumentError) -> CopyRecord? {
    guard !hasEnded else { return nil }
    guard let tag = try take(1)?.first else { return try stop("ends before its last record") }
    switch tag {
    case CopyChain.recordTag: return try record()
    case CopyChain.endTag: return try end()
    default: return try stop("is damaged")
    }
  }

  private mutating func record() throws(DocumentError) -> CopyRecord? {
    guard let fixed = try take(CopyChain.fixedBytes - 1) else { return try stop("was cut off") }
    let keyBytes = CopyChain.number(fixed[0..<4])
    let payloadBytes = CopyChain.number(fixed[4..<8])
    let limit = UInt64(CopyRecord.maximumBytes)
    guard keyBytes <= limit, payloadBytes <= limit else { return try stop("is damaged") }
    // Looked at before memory is taken: a damaged length must not cost a gigabyte.
    let needed = keyBytes + payloadBytes + UInt64(CopyChain.checkBytes)
    let at = goodEnd + UInt64(CopyChain.fixedBytes)
    guard at + needed <= size, let rest = try take(Int(needed)) else {
      return try stop("was cut off")
    }
    let body = rest.prefix(Int(keyBytes + payloadBytes))
    guard
      chain.accepts(
        [CopyChain.recordTag] + fixed + body, check: Array(rest.suffix(CopyChain.checkBytes)))
    else { return try stop("is damaged") }
    count += 1
    bytes += keyBytes + payloadBytes
    goodEnd = at + needed
    let expiry = Int64(bitPattern: CopyChain.number(fixed[8..<16]))
    return CopyRecord(
      key: Array(body.prefix(Int(keyBytes))), payload: Array(body.dropFirst(Int(keyBytes))),
      expiresAt: expiry < 0 ? nil : expiry)
  }

  private mutating func end() throws(DocumentError) -> CopyRecord? {
    guard let rest = try take(CopyChain.endBytes - 1 + CopyChain.checkBytes) else {
      return try stop("was cut off")
    }
    var after = chain
    let number = rest.prefix(CopyChain.endBytes - 1)
    guard
      after.accepts(
        [CopyChain.endTag] + number, check: Array(rest.suffix(CopyChain.checkBytes))),
      CopyChain.number(number) == count
    else { return try stop("is damaged") }
    guard try take(1) == nil else { return try stop("goes on after its end") }
    isComplete = true
    hasEnded = true
    return nil
  }

  /// The good part ends here: an error, or the end where that is allowed.
  private mutating func stop(_ what: String) throws(DocumentError) -> CopyRecord? {
    hasEnded = true
    if allowsUnfinished { return nil }
    let good = count == 1 ? "1 record was" : "\(count) records were"
    throw DocumentError(
      file: path, detail: "\(what): \(good) good, and the rest of the file is refused")
  }

  /// Exactly `count` bytes; nil if the file has fewer.
  private mutating func take(_ count: Int) throws(DocumentError) -> [UInt8]? {
    if buffer.count >= count {
      let taken = Array(buffer.prefix(count))
      buffer = buffer.dropFirst(count)
      return taken
    }
    var taken = Array(buffer)
    buffer = []
    while taken.count < count {
      let missing = count - taken.count
      let read = try file.read(max(Self.chunk, min(missing, 1 << 20)))
      guard !read.isEmpty else { return nil }
      taken += read.prefix(missing)
      buffer = read.dropFirst(missing)
    }
    return taken
  }
}
