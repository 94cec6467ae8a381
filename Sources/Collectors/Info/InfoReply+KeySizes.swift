package import ConsoleModel

extension InfoReply {
  /// INFO keysizes: `db0_distrib_strings_sizes:1=19,2=655,1K=31`, each bucket from its label up to twice
  /// of it (https://redis.io/docs/latest/commands/info/).
  package var keySizes: [KeySizeFigures] {
    var rows: [KeySizeFigures] = []
    // 16 databases of five types; a server may claim any number.
    for field in fields(of: "keysizes") where rows.count < 80 {
      guard field.name.hasPrefix("db"), let mark = field.name.firstRange(of: "_distrib_"),
        let number = ServerNumber.unsigned(field.name[..<mark.lowerBound].dropFirst(2)),
        let database = Int(exactly: number)
      else { continue }
      let rest = field.name[mark.upperBound...]
      guard let bar = rest.lastIndex(of: "_") else { continue }
      let unit = rest[rest.index(after: bar)...]
      guard unit == "sizes" || unit == "items" else { continue }
      let buckets = Self.pairs(field.value).prefix(64).compactMap {
        pair -> KeySizeFigures.Bucket? in
        guard let bound = Self.scaled(pair.name), let keys = ServerNumber.unsigned(pair.value)
        else {
          return nil
        }
        return KeySizeFigures.Bucket(atLeast: bound, keys: keys)
      }
      guard !buckets.isEmpty else { continue }
      rows.append(
        KeySizeFigures(
          database: database, type: String(rest[..<bar].prefix(32)), isBytes: unit == "sizes",
          buckets: buckets.sorted { $0.atLeast < $1.atLeast }))
    }
    return rows
  }

  /// `512`, `1K`, `2M`, with K of 1,024.
  private static func scaled(_ label: Substring) -> UInt64? {
    let shift: UInt64
    switch label.last {
    case "K": shift = 10
    case "M": shift = 20
    case "G": shift = 30
    case "T": shift = 40
    case "P": shift = 50
    default: return ServerNumber.unsigned(label)
    }
    guard let number = ServerNumber.unsigned(label.dropLast()), number < 1 << 13 else { return nil }
    return number << shift
  }
}
