/// Says at each connect where a server is, where that can be elsewhere each time.
package protocol ConnectRoute: Sendable {
  /// - Returns: its address, and the way in where that is another one there; nil: the same as ever.
  func destination(
    within timeout: Duration
  ) async throws(RedisError) -> (endpoint: RedisEndpoint, access: RedisAccess?)
}
