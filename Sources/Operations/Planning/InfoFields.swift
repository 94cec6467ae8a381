/// Lines `name:value` of INFO; the first of a name counts.
package struct InfoFields: Sendable {
  package struct Replica: Sendable {
    package var address: String
    package var isOnline: Bool
    package var offset: UInt64
    package var lagSeconds: UInt64
  }

  private var fields: [String: String] = [:]

  package init(_ bytes: [UInt8]) {
    for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      guard line.first != UInt8(ascii: "#"), let colon = line.firstIndex(of: UInt8(ascii: ":"))
      else { continue }
      let name = String(decoding: line[..<colon], as: UTF8.self)
      if fields[name] == nil {
        fields[name] = String(decoding: line[line.index(after: colon)...], as: UTF8.self)
      }
    }
  }

  package subscript(_ name: String) -> String? { fields[name] }

  package func count(_ name: String) -> UInt64? { fields[name].flatMap { UInt64($0) } }

  /// PEXPIRE knows NX, XX, GT and LT (7.0). A server that tells no version is taken for an old one.
  package var knowsConditionalExpiry: Bool {
    guard let major = fields["redis_version"]?.prefix(while: { $0 != "." }) else { return false }
    return Int(major).map { $0 >= 7 } ?? false
  }

  /// `slave0:ip=…,port=…,state=online,offset=…,lag=…`
  package var replicas: [Replica] {
    (0..<100).compactMap { number in
      guard let line = fields["slave\(number)"] else { return nil }
      var parts: [Substring: Substring] = [:]
      for part in line.split(separator: ",") {
        guard let mark = part.firstIndex(of: "=") else { continue }
        parts[part[..<mark]] = part[part.index(after: mark)...]
      }
      return Replica(
        address: "\(parts["ip"] ?? "?"):\(parts["port"] ?? "?")",
        isOnline: parts["state"] == "online", offset: parts["offset"].flatMap { UInt64($0) } ?? 0,
        lagSeconds: parts["lag"].flatMap { UInt64($0) } ?? 0)
    }
  }
}
