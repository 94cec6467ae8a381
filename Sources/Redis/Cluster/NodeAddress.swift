/// Where a node says that it is: a host name or a literal address, and its port for clients.
package struct NodeAddress: Sendable, Hashable, CustomStringConvertible {
  /// IPv6 without brackets; never empty.
  package var host: String
  package var port: UInt16

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// `10.0.0.1:6379`, `::1:6379`, `[::1]:6379`: the last colon ends the host, since a cluster writes
  /// IPv6 without brackets.
  ///
  /// - Parameter ownHost: what an empty host stands for: the host that was asked.
  /// - Returns: nil if there is no such address; also for `?`, with which a node says that it does
  ///   not know its own name.
  package init?(parsing text: some StringProtocol, ownHost: String = "") {
    guard let colon = text.lastIndex(of: ":"),
      let port = Self.port(text[text.index(after: colon)...])
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    self.init(host: String(host), port: port, ownHost: ownHost)
  }

  /// As a reply gives them apart.
  init?(host: String?, port: UInt16, ownHost: String) {
    let host = host ?? ""
    let name = host.isEmpty ? ownHost : host
    guard name != "?", Self.isHost(name), port > 0 else { return nil }
    self.init(host: name, port: port)
  }

  static func port(_ digits: some StringProtocol) -> UInt16? {
    guard let value = Decimal64.unsigned(Array(digits.utf8)[...]), value > 0 else { return nil }
    return UInt16(exactly: value)
  }

  /// No name is longer than 253 bytes (RFC 1035 §2.3.4), and none has blanks, control characters or
  /// a slash.
  private static func isHost(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 253
      && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
  }

  /// `10.0.0.1:6379`, `[::1]:6379`
  package var description: String {
    (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
  }
}

extension NodeAddress {
  /// nil over a Unix socket.
  package init?(of endpoint: RedisEndpoint) {
    guard case .tcp(let host, let port) = endpoint.address else { return nil }
    self.init(host: host, port: port)
  }
}
