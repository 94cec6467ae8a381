package import Redis

/// `reads` in the configuration and `--read-from`: who answers key searches and values.
package enum ReadPreference: Sendable, Hashable {
  case primary
  /// A replica that was found; a serverless cache's own port for reads.
  case replica
  /// This address: a managed service's reader endpoint.
  case reader(RedisEndpoint)

  /// - Throws: what is wrong, to follow the name of the key or option.
  package init(parsing text: String) throws(ReadPreferenceError) {
    switch text {
    case "primary": self = .primary
    case "replica": self = .replica
    default:
      guard text.contains("://") else {
        throw ReadPreferenceError(message: "is none of primary, replica and a URL")
      }
      let url: RedisURL
      do throws(RedisURLError) { url = try RedisURL(parsing: text) } catch {
        throw ReadPreferenceError(message: "is no URL: \(error.message)")
      }
      guard url.password == nil else {
        throw ReadPreferenceError(
          message: "holds a password: the server's own password is used, leave it out")
      }
      self = .reader(url.endpoint)
    }
  }

  var isReader: Bool { if case .reader = self { true } else { false } }
}

package struct ReadPreferenceError: Error, Sendable, Hashable {
  package var message: String
}
