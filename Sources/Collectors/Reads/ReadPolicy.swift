package import ConsoleModel

/// Where reads go that may lag a little and cost a server time: key searches, values, walks of the keyspace.
///
/// Polls of a server's own figures always go to that server, and operations to primaries.
package struct ReadPolicy: Sendable, Hashable {
  package var prefersReplica: Bool
  /// Seconds since a replica last acknowledged; one that is further behind is not read. The server itself
  /// counts a replica out after 10 (`min-replicas-max-lag`).
  package var maximumLagSeconds: UInt64
  /// Bytes of the primary's stream that it has not acknowledged.
  package var maximumLagBytes: UInt64

  package init(
    prefersReplica: Bool = false, maximumLagSeconds: UInt64 = 10,
    maximumLagBytes: UInt64 = 64 << 20
  ) {
    self.prefersReplica = prefersReplica
    self.maximumLagSeconds = maximumLagSeconds
    self.maximumLagBytes = maximumLagBytes
  }
}

/// Which server answers one read, and what the screen says about it.
package struct ReadRoute: Sendable, Hashable {
  package enum Place: Sendable, Hashable {
    case node(NodeID)
    /// The address that was given for reads: a managed service's reader endpoint.
    case reader
  }

  package var place: Place
  /// A replica of a cluster answers for its keys only after READONLY.
  package var needsReadOnly: Bool
  /// `replica redis-2 (0 B, 1 s behind)`; nil: the server that was asked for, as always.
  package var origin: String?

  package init(_ place: Place, needsReadOnly: Bool = false, origin: String? = nil) {
    self.place = place
    self.needsReadOnly = needsReadOnly
    self.origin = origin
  }
}
