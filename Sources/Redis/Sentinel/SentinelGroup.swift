/// One master that Sentinels watch, and how it and they are reached.
package struct SentinelGroup: Sendable {
  package struct Sentinel: Sendable {
    package var endpoint: RedisEndpoint
    package var access: RedisAccess

    package init(endpoint: RedisEndpoint, access: RedisAccess) {
      self.endpoint = endpoint
      self.access = access
    }
  }

  /// The master's name in the Sentinels' configuration.
  package var master: String
  /// Never empty.
  package var sentinels: [Sentinel]
  /// How its servers are reached; the address in it stands for none.
  package var server: Sentinel
  /// Where servers are reached that announce other addresses.
  package var addresses: AddressMap

  package init(
    master: String, sentinels: [Sentinel], server: Sentinel, addresses: AddressMap = AddressMap()
  ) {
    self.master = master
    self.sentinels = sentinels
    self.server = server
    self.addresses = addresses
  }

  /// The way to a server of the group that announces this address.
  package func reaching(_ announced: NodeAddress) -> Sentinel {
    let reached = addresses.reachable(announced)
    var server = server
    server.endpoint.address = .tcp(host: reached.host, port: reached.port)
    // Its certificate is for the name that it announces, wherever the way to it begins.
    if server.access.tls.serverName == nil, reached.host != announced.host {
      server.access.tls.serverName = announced.host
    }
    return server
  }
}

/// Where the primary is, as a Sentinel told and the server itself confirmed.
package struct SentinelPrimary: Sendable {
  package var announced: NodeAddress
  package var endpoint: RedisEndpoint
  package var access: RedisAccess
}

/// Why the primary was not found; text for people.
package struct SentinelFailure: Error, Sendable, CustomStringConvertible {
  package var description: String
}
