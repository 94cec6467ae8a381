package import ConsoleModel
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
    /// A write failed: what follows would not be readable.
    var fault: DocumentError?
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
    state = Mutex(State(file: file, chain: CopyChain(header: line), count: 0, bytes: 0))
    try file.write(line)
    try file.sync()
  }

  /// Goes on with the file of a run that ended early: what is good of it stays, the rest goes.
  package init(resuming path: String, limits: CopyLimits = CopyLimits()) throws(DocumentError) {
    self.path = path
    self.limits = limits
    var reader = try CopyReader(path: path, now: nil, allowsUnfinished: true)
    while try reader.next() != nil {}
    let file = try CopyFile(path, .append)
    state = Mutex(
      State(file: file, chain: reader.chain, count: reader.count, bytes: reader.bytes))
    try file.truncate(at: reader.goodEnd)
    try file.sync()
  }

  /// Records so far.
  package var count: UInt64 { state.withLock { $0.count } }
  /// Bytes of keys and payloads so far.
  package var bytes: UInt64 { state.withLock { $0.bytes } }

  /// Would a record of so many bytes (key and payload) stay within the limits?
  package func hasRoom(for bytes: Int) -> Bool {
    state.withLock { hasRoom($0, UInt64(clamping: bytes)) }
  }

  private func hasRoom(_ state: State, _ bytes: UInt64) -> Bool {
    state.count < limits.records && bytes <= limits.bytes - min(state.bytes, limits.bytes)
  }

  /// - Parameter expiresAt: milliseconds since 1970; nil: never.
  package func append(
    _ key: KeyName, payload: [UInt8], expiresAt: Int64?
  ) throws(DocumentError) {
    try change { state, file throws(DocumentError) in
      let bytes = UInt64(key.bytes.count) + UInt64(payload.count)
      guard hasRoom(state, bytes) else {
        throw DocumentError(
          file: path,
          detail:
            "takes no further copy: at most \(limits.records) keys and \(limits.bytes >> 20) MiB"
            + " are kept, and it has \(state.count) keys")
      }
      guard max(key.bytes.count, payload.count) <= CopyRecord.maximumBytes else {
        throw DocumentError(file: path, detail: "takes no key or value over 512 MiB")
      }
      state.pending += state.chain.record(
        CopyRecord(key: key.bytes, payload: payload, expiresAt: expiresAt.map { max(0, $0) }))
      state.count += 1
      state.bytes += bytes
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
