private import Documents

/// What `audit.head` says: the newest line of the trail, kept beside it so that a tail that was cut
/// off is missed.
///
/// The line that is about to be written stands there too until it is on the disk. So a crash between
/// any two writes leaves the file at one of the two places, and a line that is at neither was
/// put there by somebody else. Overwritten in place, in one sector: a full disk does not stop it.
struct AuditHead: Sendable, Hashable {
  static let schema = "cacheconsole.audit.head"
  static let version = 1
  /// Bytes of the file, padded with blanks: one sector of any disk.
  static let size = 512

  struct Place: Sendable, Hashable {
    /// 0: before the first line.
    var sequence: UInt64
    var hash: String

    static let start = Place(sequence: 0, hash: "")
  }

  var place: Place
  /// The line that is being written.
  var next: Place?

  func isAt(_ other: Place) -> Bool { place == other || next == other }

  /// Exactly `size` bytes.
  var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", Self.schema)
      json.field("version", UInt64(Self.version))
      json.field("seq", place.sequence)
      json.field("hash", place.hash)
      if let next {
        json.field("next_seq", next.sequence)
        json.field("next_hash", next.hash)
      }
    }
    let text = Array(writer.text.utf8)
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: max(0, Self.size - 1 - text.count))
    return text + padding + [0x0A]
  }

  init(place: Place, next: Place? = nil) {
    self.place = place
    self.next = next
  }

  /// nil for anything but what `bytes` makes.
  init?(parsing bytes: [UInt8]) {
    guard bytes.count == Self.size, let root = try? JSON5Parser.parse(bytes),
      var reader = try? ObjectReader(root, path: "", file: "audit.head"),
      (try? SchemaHeader.check(&reader, schema: Self.schema, version: Self.version)) != nil,
      let place = Self.place(&reader, "seq", "hash")
    else { return nil }
    self.init(place: place, next: Self.place(&reader, "next_seq", "next_hash"))
    guard (try? reader.end()) != nil else { return nil }
  }

  private static func place(_ reader: inout ObjectReader, _ sequence: String, _ hash: String)
    -> Place?
  {
    guard let number = try? reader.number(sequence, in: 0...9_007_199_254_740_992),
      let text = try? reader.string(hash), text.utf8.count == (number == 0 ? 0 : 64)
    else { return nil }
    return Place(sequence: UInt64(number), hash: text)
  }
}
