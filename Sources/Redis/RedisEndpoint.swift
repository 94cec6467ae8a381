/// Where a server is and who we are there. Holds no secret: safe to print, log and compare.
package struct RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
  package enum Address: Sendable, Hashable {
    /// A host name or a literal address; IPv6 without brackets.
    case tcp(host: String, port: UInt16)
    case unix(path: String)
  }

  package var address: Address
  /// The ACL user; nil: the server's default user.
  package var user: String?
  /// The database that SELECT chooses at each connect, 0 if not given.
  package var database: Int
  /// TLS from the first byte on; never for a Unix socket.
  package var isTLS: Bool

  package init(address: Address, user: String? = nil, database: Int = 0, isTLS: Bool = false) {
    self.address = address
    self.user = user
    self.database = database
    self.isTLS = isTLS
  }

  package static let defaultPort: UInt16 = 6379

  /// `127.0.0.1:6379`, `[::1]:6379`, `rediss://cache.example:6379` (TLS), `/run/redis.sock`; a database
  /// other than 0 as `/2`, `?db=2`.
  package var description: String {
    switch address {
    case .tcp(let host, let port):
      let name = host.contains(":") ? "[\(host)]" : host
      return (isTLS ? "rediss://" : "") + "\(PlainText.safe(name)):\(port)"
        + (database == 0 ? "" : "/\(database)")
    case .unix(let path):
      return PlainText.safe(path) + (database == 0 ? "" : "?db=\(database)")
    }
  }
}
