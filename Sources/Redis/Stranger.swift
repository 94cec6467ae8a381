/// Tells from the first bytes what answers at a port where a Redis server was expected.
enum Stranger {
  static let tls = "TLS"

  /// nil if it may be a Redis server after all.
  static func name(_ first: [UInt8]) -> String? {
    let known: [(String, String)] = [
      ("HTTP/", "HTTP"), ("<", "HTML"), ("SSH-", "SSH"), ("220", "a mail or FTP greeting"),
      ("-ERR unknown protocol", "another protocol"),
    ]
    for (prefix, name) in known where first.starts(with: prefix.utf8) { return name }
    // A TLS alert or handshake record.
    if first.count >= 2, first[0] == 0x15 || first[0] == 0x16, first[1] == 0x03 { return tls }
    guard let byte = first.first, !"+-:$*".utf8.contains(byte) else { return nil }
    return "\"" + PlainText.safe(first.prefix(24), limit: 40) + "\""
  }
}
