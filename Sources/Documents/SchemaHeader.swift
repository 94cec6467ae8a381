/// Every file of ours begins with a schema name and a version.
package enum SchemaHeader {
  package static func check(
    _ reader: inout ObjectReader, schema: String, version: Int
  ) throws(DocumentError) {
    guard let found = try reader.string("schema") else {
      throw reader.failure(
        "'schema' is missing: begin with { schema: \"\(schema)\", version: \(version),")
    }
    guard found == schema else {
      throw reader.failure("schema is '\(found)', expected '\(schema)'")
    }
    guard let number = try reader.number("version", in: 1...1_000_000) else {
      throw reader.failure("'version' is missing: version: \(version)")
    }
    guard number.rounded() == number, Int(number) <= version, Int(number) >= max(1, version - 1)
    else {
      throw reader.failure(
        "version \(number) is not readable by this program, which reads \(version)"
          + (Int(number) > version ? "; a newer cacheconsole wrote it" : ""))
    }
  }
}
