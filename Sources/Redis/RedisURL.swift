/// Why a Redis URL was refused; never quotes the URL, which may hold a password.
package struct RedisURLError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }

  package init(message: String) { self.message = message }
}

/// A server as people write it:
/// `redis://user:password@host:port/db`, `rediss://…` for TLS, `unix:///path?db=1`, `host:port`, `[::1]:6379`, `/path`.
package struct RedisURL: Sendable, Hashable {
  package var endpoint: RedisEndpoint
  /// From the URL. Prefer the environment or a file: arguments are visible to other users.
  package var password: Secret?

  package init(endpoint: RedisEndpoint, password: Secret? = nil) {
    self.endpoint = endpoint
    self.password = password
  }

  /// - Parameter defaultPort: of a host without one.
  package init(
    parsing text: String, defaultPort: UInt16 = RedisEndpoint.defaultPort
  ) throws(RedisURLError) {
    let text = Self.trimmed(text)
    guard !text.isEmpty else { throw RedisURLError(message: "the Redis URL is empty") }
    if text.hasPrefix("/") || text.hasPrefix("./") {
      try self.init(unix: text)
      return
    }
    guard let separator = Self.range(of: "://", in: text) else {
      try self.init(afterScheme: text, defaultPort)
      return
    }
    let scheme = text[..<separator.lowerBound].lowercased()
    let rest = String(text[separator.upperBound...])
    switch scheme {
    case "redis", "tcp":
      try self.init(afterScheme: rest, defaultPort)
    case "unix", "redis+unix", "redis-socket":
      try self.init(unix: rest)
    case "rediss":
      try self.init(afterScheme: rest, defaultPort)
      endpoint.isTLS = true
    default:
      throw RedisURLError(
        message:
          "unknown scheme \(PlainText.safe(scheme, limit: 20)):// (use redis://, rediss:// or"
          + " unix://)")
    }
  }

  private init(afterScheme text: String, _ defaultPort: UInt16) throws(RedisURLError) {
    let (beforeQuery, query) = Self.split(text, at: "?")
    let (authority, path) = Self.split(beforeQuery, at: "/")
    var hostAndPort = authority
    var user: String?
    var secret: Secret?
    // The last @ ends the credentials: people paste passwords that hold an @.
    if let at = authority.lastIndex(of: "@") {
      hostAndPort = String(authority[authority.index(after: at)...])
      let (name, password) = Self.split(String(authority[..<at]), at: ":")
      let decodedName = try Self.decoded(name)
      user = decodedName.isEmpty ? nil : String(decoding: decodedName, as: UTF8.self)
      let decodedPassword = try Self.decoded(password)
      secret = decodedPassword.isEmpty ? nil : Secret(decodedPassword)
    }
    let (host, port) = try Self.hostAndPort(hostAndPort, defaultPort)
    var database = 0
    if !path.isEmpty, path != "/" { database = try Self.database(path) }
    if let value = Self.value(of: "db", in: query) { database = try Self.database(value) }
    self.init(
      endpoint: RedisEndpoint(
        address: .tcp(host: host, port: port), user: user, database: database),
      password: secret)
  }

  private init(unix text: String) throws(RedisURLError) {
    var (rest, query) = Self.split(text, at: "?")
    var user: String?
    var secret: Secret?
    if let slash = rest.firstIndex(of: "/"),
      let at = rest[..<slash].lastIndex(of: "@")
    {
      let (name, password) = Self.split(String(rest[..<at]), at: ":")
      let decodedName = try Self.decoded(name)
      user = decodedName.isEmpty ? nil : String(decoding: decodedName, as: UTF8.self)
      let decodedPassword = try Self.decoded(password)
      secret = decodedPassword.isEmpty ? nil : Secret(decodedPassword)
      rest = String(rest[rest.index(after: at)...])
    }
    let path = String(decoding: try Self.decoded(rest), as: UTF8.self)
    guard !path.isEmpty else { throw RedisURLError(message: "the socket's path is missing") }
    guard !path.utf8.contains(0) else {
      throw RedisURLError(message: "the socket's path holds a NUL byte")
    }
    // sockaddr_un holds 108 bytes with the terminating NUL.
    guard path.utf8.count < 108 else {
      throw RedisURLError(message: "the socket's path is longer than 107 bytes")
    }
    let database = try Self.value(of: "db", in: query).map(Self.database) ?? 0
    self.init(
      endpoint: RedisEndpoint(address: .unix(path: path), user: user, database: database),
      password: secret)
  }
}

// MARK: Parts

extension RedisURL {
  private static func hostAndPort(
    _ text: String, _ defaultPort: UInt16
  ) throws(RedisURLError) -> (String, UInt16) {
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else {
        throw RedisURLError(message: "the address lacks its closing bracket ]")
      }
      // A zone's % may stand for itself or be written as %25 (RFC 6874).
      let parts = text[text.index(after: text.startIndex)..<close].split(
        separator: "%25", omittingEmptySubsequences: false)
      let host = parts.joined(separator: "%")
      let rest = text[text.index(after: close)...]
      guard !host.isEmpty else { throw RedisURLError(message: "the host is missing") }
      if rest.isEmpty { return (host, defaultPort) }
      guard rest.hasPrefix(":") else {
        throw RedisURLError(message: "after ] only :port may follow")
      }
      return (host, try port(rest.dropFirst()))
    }
    let colons = text.utf8.lazy.filter { $0 == UInt8(ascii: ":") }.count
    if colons > 1 {
      throw RedisURLError(message: "write an IPv6 address in brackets: [::1]:6379")
    }
    let (name, portText) = split(text, at: ":")
    let decodedName = String(decoding: try decoded(name), as: UTF8.self)
    let host = decodedName.isEmpty ? "localhost" : decodedName
    guard host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }) else {
      throw RedisURLError(message: "the host holds a character that no host has")
    }
    if colons == 0 {
      guard !decodedName.isEmpty || text.isEmpty else {
        throw RedisURLError(message: "the host is missing")
      }
      return (host, defaultPort)
    }
    return (host, try port(portText[...]))
  }

  private static func port(_ text: Substring) throws(RedisURLError) -> UInt16 {
    guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(text), port > 0
    else { throw RedisURLError(message: "the port must be a number from 1 to 65535") }
    return port
  }

  private static func database(_ text: String) throws(RedisURLError) -> Int {
    guard let number = Decimal64.unsigned(Array(text.utf8)[...]), number <= 1_000_000 else {
      throw RedisURLError(message: "the database must be a number, as in /0")
    }
    return Int(number)
  }

  private static func value(of name: String, in query: String) -> String? {
    for pair in query.split(separator: "&") {
      let (key, value) = split(String(pair), at: "=")
      if key == name { return value }
    }
    return nil
  }

  /// Percent-decoding; a `%` that no two hexadecimal digits follow is an error, not a guess.
  private static func decoded(_ text: String) throws(RedisURLError) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(hexDigit),
        let low = rest.popFirst().flatMap(hexDigit)
      else { throw RedisURLError(message: "a % must be followed by two hexadecimal digits (%25)") }
      result.append(high << 4 | low)
    }
    return result
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  private static func split(_ text: String, at mark: Character) -> (String, String) {
    guard let index = text.firstIndex(of: mark) else { return (text, "") }
    return (String(text[..<index]), String(text[text.index(after: index)...]))
  }

  private static func range(of part: String, in text: String) -> Range<String.Index>? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(part) {
        return start..<text.index(start, offsetBy: part.count)
      }
      start = text.index(after: start)
    }
    return nil
  }

  private static func trimmed(_ text: String) -> String {
    var slice = text[...]
    while let last = slice.last, last.isWhitespace { slice.removeLast() }
    while let first = slice.first, first.isWhitespace { slice.removeFirst() }
    return String(slice)
  }
}
