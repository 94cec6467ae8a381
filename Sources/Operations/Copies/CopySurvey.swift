package import ConsoleModel
package import Documents

/// What is in a file of copies, for a preview: read from end to end, so every record was checked.
package struct CopySurvey: Sendable, Hashable {
  package var header: CopyHeader
  package var keys: UInt64 = 0
  /// Bytes of keys and payloads.
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
      types[DataType(key: record.key), default: 0] += 1
      if let expiry = record.expiresAt, expiry <= now.microseconds / 1000 { survey.expired += 1 }
      if survey.sample.count < 200 { survey.sample.append(KeyName(record.key)) }
    }
    survey.keys = reader.count
    survey.bytes = reader.bytes
    survey.dataTypes = types.map { .init(name: $0.key.rawValue, keys: $0.value) }
      .sorted { ($1.keys, $0.name) < ($0.keys, $1.name) }
    return survey
  }
}
