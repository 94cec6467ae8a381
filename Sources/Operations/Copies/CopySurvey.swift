package import ConsoleModel
package import Documents

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
    var reader = try CopyReader(path: path, now: now)
    var survey = CopySurvey(header: reader.header)
    var types: [DataType: UInt64] = [:]
    while let record = try reader.next() {
      guard !record.key.starts(with: OperationRequest.ownPrefix) else { continue }
      if let expiry = record.expiresAt, expiry <= now.microseconds / 1000 {
        survey.expired += 1
        continue
      }
      types[DataType(key: record.key), default: 0] += 1
      survey.keys += 1
      survey.bytes &+= UInt64(record.key.count + record.payload.count)
      if survey.sample.count < 200 { survey.sample.append(KeyName(record.key)) }
    }
    survey.dataTypes = types.map { .init(name: $0.key.rawValue, keys: $0.value) }
      .sorted { ($1.keys, $0.name) < ($0.keys, $1.name) }
    return survey
  }
}
