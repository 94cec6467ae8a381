package import ConsoleModel
package import Documents
internal import Redis

/// What is in a file of copies, for a preview: read from end to end, so every record was checked.
package struct CopySurvey: Sendable, Hashable {
  package var header: CopyHeader
  /// Keys that can be put back: neither expired nor our own; one that is there twice counts twice.
  package var keys: UInt64 = 0
  /// Bytes of those keys and their payloads.
  package var bytes: UInt64 = 0
  /// By data type, largest first.
  package var dataTypes: [OperationPreview.Share] = []
  /// Keys that are past their own expiry and will not be put back.
  package var expired: UInt64 = 0
  /// The first keys, at most 200.
  package var sample: [KeyName] = []

  /// Blocks on the disk.
  package static func read(path: String, now: WallTime) throws(DocumentError) -> CopySurvey {
    try read(path: path, now: now, parts: [nil])[0]
  }

  /// The same for each of a cluster's shards, in one reading.
  ///
  /// - Parameter parts: the slots of each; nil: all keys.
  static func read(
    path: String, now: WallTime, parts: [SlotRanges?]
  ) throws(DocumentError) -> [CopySurvey] {
    var reader = try CopyReader(path: path, now: now)
    var surveys = parts.map { _ in CopySurvey(header: reader.header) }
    var types = parts.map { _ in [DataType: UInt64]() }
    let isWhole = parts.allSatisfy { $0 == nil }
    while let record = try reader.next() {
      guard !record.key.starts(with: OperationRequest.ownPrefix) else { continue }
      let slot = isWhole ? 0 : HashSlot.of(record.key)
      for index in parts.indices where parts[index]?.contains(slot) ?? true {
        if let expiry = record.expiresAt, expiry <= now.microseconds / 1000 {
          surveys[index].expired += 1
          continue
        }
        types[index][DataType(key: record.key), default: 0] += 1
        surveys[index].keys += 1
        surveys[index].bytes &+= UInt64(record.key.count + record.payload.count)
        if surveys[index].sample.count < 200 {
          surveys[index].sample.append(KeyName(record.key))
        }
      }
    }
    for index in surveys.indices {
      surveys[index].dataTypes = types[index].map { .init(name: $0.key.rawValue, keys: $0.value) }
        .sorted { ($1.keys, $0.name) < ($0.keys, $1.name) }
    }
    return surveys
  }
}
