/// One master that Sentinels watch, and how it and they are reached.
package struct SentinelGroup: Sendable {
  package struct Sentinel: Sendable {
    package var endpoint: RedisEndpoint
    package var access: RedisAccess

    package init(endpoint: RedisEndpoint, access: RedisAccess) {
      self.endpoint = endpoint
      self.access = access
    }

    /// The same way in to another address.
    ///
    /// Its certificate is for the name that it announces, wherever the way to it begins.
    func reaching(_ announced: NodeAddress, _ addresses: AddressMap) -> Sentinel {
      let reached = addresses.reachable(announced)
      var other = self
      other.endpoint.address = .tcp(host: reached.host, port: reached.port)
      if other.access.tls.serverName == nil, reached.host != announced.host {
        other.access.tls.serverName = announced.host
      }
      return other
    }
  }

  /// The master's name in the Sentinels' configuration.
  package var master: String
  /// Never empty.
  package var sentinels: [Sentinel]
  /// How its servers are reached; the address in it stands for none.
  package var server: Sentinel
  /// Where servers and Sentinels are reached that announce other addresses.
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
  package func server(at announced: NodeAddress) -> Sentinel {
    server.reaching(announced, addresses)
  }

  /// The way to another Sentinel, which announces this address.
  package func sentinel(at announced: NodeAddress) -> Sentinel? {
    sentinels.first?.reaching(announced, addresses)
  }
}

/// Where the primary is, as Sentinels told and the server itself confirmed.
package struct SentinelPrimary: Sendable {
  package var told: SentinelClient.Told
  package var endpoint: RedisEndpoint
  package var access: RedisAccess

  package var announced: NodeAddress { told.address }
}

/// Why the primary was not found; text for people.
package struct SentinelFailure: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// No Sentinel answers, or none lets us in.
    case silent
    /// Those that answer do not know the name.
    case noSuchMaster
    /// They name a server that is no primary, or that cannot be asked.
    case unconfirmed
  }

  package var kind: Kind
  package var description: String
}
