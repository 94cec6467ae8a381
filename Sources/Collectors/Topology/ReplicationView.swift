internal import ConsoleModel
package import Redis

/// What one server says of its place among others, out of its INFO.
package struct ReplicationView: Sendable, Hashable {
  package enum Role: Sendable, Hashable { case primary, replica }

  /// A replica as its primary sees it.
  package struct Replica: Sendable, Hashable {
    package var address: NodeAddress
    /// It has its data and follows.
    package var isOnline: Bool
    /// Bytes of the stream that it has acknowledged.
    package var offset: UInt64?
    /// Seconds since it last acknowledged.
    package var lagSeconds: UInt64?
  }

  package var role: Role
  /// Whom a replica follows, as it was told to.
  package var primary: NodeAddress?
  /// A replica's connection to its primary.
  package var isLinkUp: Bool?
  /// Bytes of the stream: written by a primary, applied by a replica.
  package var offset: UInt64?
  package var replicas: [Replica] = []
  /// It is a node of a cluster, whose own bus knows more than this.
  package var isClusterNode = false
  package var isLoading = false
  package var zone: String?

  /// More than any primary feeds itself: replicas have replicas of their own then.
  static let maximumReplicas = 256

  /// nil where INFO does not say what the server is.
  package init?(_ info: InfoReply) {
    switch info["role"] {
    case "master": role = .primary
    case "slave": role = .replica
    default: return nil
    }
    isClusterNode = info.flag("cluster_enabled") == true
    isLoading = info.flag("loading") == true
    zone = info["availability_zone"].flatMap { $0.isEmpty ? nil : $0 }
    offset = info.unsigned("master_repl_offset")
    if role == .replica {
      isLinkUp = info["master_link_status"].map { $0 == "up" }
      offset = info.unsigned("slave_repl_offset") ?? offset
      if let host = info["master_host"], let port = info["master_port"] {
        primary = NodeAddress(parsing: "\(host):\(port)")
      }
    }
    for field in info.fields(of: "replication") where replicas.count < Self.maximumReplicas {
      guard field.name.hasPrefix("slave"), field.name.dropFirst(5).allSatisfy(\.isNumber),
        let replica = Self.replica(field.value)
      else { continue }
      replicas.append(replica)
    }
  }

  /// `ip=10.0.0.2,port=6379,state=online,offset=1234,lag=0`
  private static func replica(_ line: String) -> Replica? {
    var parts: [Substring: Substring] = [:]
    for (name, value) in InfoReply.pairs(line) { parts[name] = value }
    guard let host = parts["ip"], let port = parts["port"],
      let address = NodeAddress(parsing: "\(host):\(port)")
    else { return nil }
    return Replica(
      address: address, isOnline: parts["state"] == "online",
      offset: parts["offset"].flatMap { ServerNumber.unsigned(String($0)) },
      lagSeconds: parts["lag"].flatMap { ServerNumber.unsigned(String($0)) })
  }
}
