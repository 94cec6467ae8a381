package import ConsoleModel

/// What DUMP and PTTL say of one key.
package struct DumpedKey: Sendable, Hashable {
  package var payload: [UInt8]
  /// Milliseconds; nil: it does not expire.
  package var timeToLive: Int64?

  package init(payload: [UInt8], timeToLive: Int64?) {
    self.payload = payload
    self.timeToLive = timeToLive
  }
}

/// Writes copies of a list of keys to a file, such as the hot keys of a pass.
package struct KeyRecorder: Sendable {
  package struct Report: Sendable, Hashable {
    package var recorded: UInt64 = 0
    package var bytes: UInt64 = 0
    /// Keys that were gone when they were read.
    package var gone: UInt64 = 0
    /// Sessions and carts, which only an administrator may keep.
    package var guarded: UInt64 = 0
    /// Keys for which there was no room.
    package var leftOut: UInt64 = 0
  }

  /// Reads so many keys with one call.
  package static let batch = 32

  /// Include sessions and carts.
  package var includesGuarded: Bool

  package init(includesGuarded: Bool = false) { self.includesGuarded = includesGuarded }

  /// Finishes the file, or removes it where something fails: half a recording is none.
  ///
  /// - Parameters:
  ///   - dump: DUMP and PTTL of keys, in their order; nil for a key that is gone.
  ///   - now: civil time, for absolute expiries.
  package func record<Failure: Error>(
    _ keys: [KeyName], to writer: CopyWriter, now: () -> WallTime,
    dump: ([KeyName]) async throws(Failure) -> [DumpedKey?]
  ) async throws -> Report {
    do {
      return try await write(keys, to: writer, now: now, dump: dump)
    } catch {
      writer.discard()
      throw error
    }
  }

  private func write<Failure: Error>(
    _ keys: [KeyName], to writer: CopyWriter, now: () -> WallTime,
    dump: ([KeyName]) async throws(Failure) -> [DumpedKey?]
  ) async throws -> Report {
    var report = Report()
    var wanted: [KeyName] = []
    for key in keys {
      if key.bytes.starts(with: OperationRequest.ownPrefix) { continue }
      if !includesGuarded, DataType(key: key.bytes).isGuarded {
        report.guarded += 1
      } else {
        wanted.append(key)
      }
    }
    var rest = wanted[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(Self.batch))
      rest = rest.dropFirst(part.count)
      let copies = try await dump(part)
      let time = now().microseconds / 1000
      for (key, copy) in zip(part, copies) {
        guard let copy else {
          report.gone += 1
          continue
        }
        guard writer.hasRoom(for: key.bytes, payload: copy.payload.count) else {
          report.leftOut += 1
          continue
        }
        let expiry = copy.timeToLive.map { time.addingReportingOverflow(max(0, $0)) }
        try writer.append(
          key, payload: copy.payload,
          expiresAt: expiry.flatMap { $0.overflow ? nil : $0.partialValue })
        report.recorded += 1
      }
    }
    try writer.finish()
    report.bytes = writer.bytes
    return report
  }
}
