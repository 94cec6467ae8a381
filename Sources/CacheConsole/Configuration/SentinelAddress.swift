internal import Redis

/// A Sentinel as people write it: `host:port` or `redis[s]://[user@]host[:port]`; the port is 26379 if it
/// is left out.
struct SentinelAddress {
  static let defaultPort: UInt16 = 26379

  var endpoint: RedisEndpoint

  init(parsing text: String) throws(RedisURLError) {
    let url = try RedisURL(parsing: text, defaultPort: Self.defaultPort)
    guard case .tcp = url.endpoint.address else {
      throw RedisURLError(message: "a Sentinel has a host and a port, not a socket")
    }
    guard url.password == nil else {
      throw RedisURLError(
        message: "the address of a Sentinel holds a password, which others may read: leave it out"
          + " and use sentinel_login in the configuration, --sentinel-auth or"
          + " \(PasswordSources.sentinelVariable)")
    }
    guard url.endpoint.database == 0 else {
      throw RedisURLError(message: "a Sentinel has no databases: leave out the /number")
    }
    endpoint = url.endpoint
  }
}

/// The master of a group as people write it: its name, or `redis[s]://[user@]NAME[/db]`, which says how
/// its servers are reached.
struct MasterName {
  var name: String
  /// The address in it stands for none.
  var endpoint: RedisEndpoint

  init(parsing text: String) throws(RedisURLError) {
    name = text
    endpoint = RedisEndpoint(address: .tcp(host: "", port: RedisEndpoint.defaultPort))
    if text.contains("://") {
      let url = try RedisURL(parsing: text, defaultPort: 0)
      guard case .tcp(let host, let port) = url.endpoint.address, port == 0 else {
        throw RedisURLError(
          message: "write the name alone, or redis[s]://[user@]NAME[/db]: the Sentinels know the"
            + " address")
      }
      guard url.password == nil else {
        throw RedisURLError(
          message: "it holds a password, which other users can read: leave it out and use"
            + " --password-file FILE, --ask-password or CACHECONSOLE_PASSWORD")
      }
      name = host
      endpoint = url.endpoint
    }
    guard !name.isEmpty, name.utf8.count <= 256, name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else { throw RedisURLError(message: "that is no name of a master: one word") }
  }
}
