package import ConsoleModel
private import Crypto
package import Documents
private import Glibc
private import Synchronization

/// How much may be copied: an undo is for a mistake, not a backup.
package struct CopyLimits: Sendable, Hashable {
  package var records: UInt64
  /// Keys and payloads together.
  package var bytes: UInt64

  package init(
    records: UInt64 = UInt64(OperationRequest.maximumCopies),
    bytes: UInt64 = OperationRequest.maximumCopyBytes
  ) {
    self.records = records
    self.bytes = bytes
  }
}

/// Writes a file of copies. Nothing is safe before `sync()` or `finish()` has returned: call one of
/// them before the step that the copies are for. All calls may block on the disk.
package final class CopyWriter: Sendable {
  private struct State: Sendable {
    /// nil once finished.
    var file: CopyFile?
    var chain: CopyChain
    var pending: [UInt8] = []
    var count: UInt64
    var bytes: UInt64
    /// The last copy of each key.
    var newest: [[UInt8]: Mark]
    /// A write failed: what follows would not be readable.
    var fault: DocumentError?
  }

  /// What a copy says, so that the same is not written twice.
  private struct Mark: Sendable {
    var digest: [UInt8]
    var expiresAt: Int64?

    /// The moment at which a life ends is known to the time that an answer takes.
    private static let tolerance: Int64 = 1000

    init(_ payload: [UInt8], _ expiresAt: Int64?) {
      digest = SHA256.digest(payload)
      self.expiresAt = expiresAt
    }

    func says(_ other: Mark) -> Bool {
      guard digest == other.digest else { return false }
      guard let mine = expiresAt, let others = other.expiresAt else {
        return expiresAt == other.expiresAt
      }
      return mine.subtractingReportingOverflow(others).partialValue.magnitude
        < UInt64(Self.tolerance)
    }
  }

  package let path: String
  package let limits: CopyLimits
  private let state: Mutex<State>

  /// Bytes that are collected before they are written.
  private static let chunk = 256 << 10

  /// Makes a new file, mode 0600, with its header on the disk.
  package init(
    path: String, header: CopyHeader, limits: CopyLimits = CopyLimits()
  ) throws(DocumentError) {
    self.path = path
    self.limits = limits
    let file = try CopyFile(path, .create)
    let line = header.line
    state = Mutex(
      State(file: file, chain: CopyChain(header: line), count: 0, bytes: 0, newest: [:]))
    try file.write(line)
    try file.sync()
  }

  /// Goes on with the file of a run that ended early: what is good of it stays, the rest goes.
  package init(resuming path: String, limits: CopyLimits = CopyLimits()) throws(DocumentError) {
    self.path = path
    self.limits = limits
    var reader = try CopyReader(path: path, now: nil, allowsUnfinished: true)
    var newest: [[UInt8]: Mark] = [:]
    while let record = try reader.next() {
      newest[record.key] = Mark(record.payload, record.expiresAt)
    }
    let file = try CopyFile(path, .append)
    state = Mutex(
      State(
        file: file, chain: reader.chain, count: reader.count, bytes: reader.bytes, newest: newest))
    try file.truncate(at: reader.goodEnd)
    try file.sync()
  }

  /// Records so far; a key that changed while it was copied has more than one.
  package var count: UInt64 { state.withLock { $0.count } }
  /// Different keys so far: the limit on records is one on these.
  package var keys: UInt64 { state.withLock { UInt64(clamping: $0.newest.count) } }
  /// Bytes of keys and payloads so far.
  package var bytes: UInt64 { state.withLock { $0.bytes } }

  /// Would a record of this key with so many bytes of payload stay within the limits?
  package func hasRoom(for key: [UInt8], payload bytes: Int) -> Bool {
    state.withLock { hasRoom($0, key, UInt64(clamping: key.count) &+ UInt64(clamping: bytes)) }
  }

  private func hasRoom(_ state: State, _ key: [UInt8], _ bytes: UInt64) -> Bool {
    guard bytes <= limits.bytes - min(state.bytes, limits.bytes) else { return false }
    return UInt64(state.newest.count) < limits.records || state.newest[key] != nil
  }

  /// Adds a copy, unless the last one of this key says the same.
  ///
  /// - Parameter expiresAt: milliseconds since 1970; nil: never.
  package func append(
    _ key: KeyName, payload: [UInt8], expiresAt: Int64?
  ) throws(DocumentError) {
    let mark = Mark(payload, expiresAt)
    try change { state, file throws(DocumentError) in
      if let last = state.newest[key.bytes], last.says(mark) { return }
      let bytes = UInt64(key.bytes.count) + UInt64(payload.count)
      guard hasRoom(state, key.bytes, bytes) else {
        throw DocumentError(
          file: path,
          detail:
            "takes no further copy: at most \(limits.records) keys and \(limits.bytes >> 20) MiB"
            + " are kept, and it has \(state.newest.count) keys")
      }
      guard max(key.bytes.count, payload.count) <= CopyRecord.maximumBytes else {
        throw DocumentError(file: path, detail: "takes no key or value over 512 MiB")
      }
      state.pending += state.chain.record(
        CopyRecord(key: key.bytes, payload: payload, expiresAt: expiresAt.map { max(0, $0) }))
      state.count += 1
      state.bytes += bytes
      state.newest[key.bytes] = mark
      if state.pending.count >= Self.chunk { try Self.flush(&state, file) }
    }
  }

  /// Returns when every record so far is on the disk.
  package func sync() throws(DocumentError) {
    try change { state, file throws(DocumentError) in
      try Self.flush(&state, file)
      try Self.failing(&state) { () throws(DocumentError) in try file.sync() }
    }
  }

  /// Writes the end, after which the file is whole; nothing can be appended any more.
  package func finish() throws(DocumentError) {
    try change { state, file throws(DocumentError) in
      state.pending += state.chain.end(count: state.count)
      try Self.flush(&state, file)
      try Self.failing(&state) { () throws(DocumentError) in try file.sync() }
      state.file = nil
    }
  }

  /// Removes the file: it will not be finished.
  package func discard() {
    state.withLock { state in
      guard state.file != nil else { return }
      state.file = nil
      _ = unsafe unlink(path)
    }
  }

  private func change(
    _ body: (inout State, CopyFile) throws(DocumentError) -> Void
  ) throws(DocumentError) {
    let result = state.withLock { state -> Result<Void, DocumentError> in
      if let fault = state.fault { return .failure(fault) }
      guard let file = state.file else {
        return .failure(DocumentError(file: path, detail: "was finished and takes no more copies"))
      }
      do throws(DocumentError) {
        return .success(try body(&state, file))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private static func flush(_ state: inout State, _ file: CopyFile) throws(DocumentError) {
    guard !state.pending.isEmpty else { return }
    let pending = state.pending
    state.pending = []
    try failing(&state) { () throws(DocumentError) in try file.write(pending) }
  }

  private static func failing(
    _ state: inout State, _ body: () throws(DocumentError) -> Void
  ) throws(DocumentError) {
    do throws(DocumentError) {
      try body()
    } catch {
      state.fault = error
      throw error
    }
  }
}
