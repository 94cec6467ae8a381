/// How a server is to be recognised and convinced: TLS settings, and where the password or token comes
/// from. The user stands in the endpoint.
package struct RedisAccess: Sendable {
  package enum Source: Sendable {
    case none
    case fixed(Secret)
    /// Asked at each connect and before each expiry.
    case provider(any TokenProvider)
  }

  package var source: Source
  /// For endpoints with TLS; others do without.
  package var tls: TLSSettings

  package init(_ source: Source = .none, tls: TLSSettings = TLSSettings()) {
    self.source = source
    self.tls = tls
  }

  /// nil: no password.
  package init(password: Secret?, tls: TLSSettings = TLSSettings()) {
    self.init(password.map { .fixed($0) } ?? .none, tls: tls)
  }

  /// The password, if it is one that does not change.
  package var password: Secret? {
    if case .fixed(let secret) = source { secret } else { nil }
  }

  var hasProvider: Bool {
    if case .provider = source { true } else { false }
  }
}
