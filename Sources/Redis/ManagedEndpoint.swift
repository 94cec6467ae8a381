/// Which of ElastiCache's kinds of names a host has; it decides what may be asked there.
///
/// (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Endpoints.html and ReadReplicas.html)
package enum ManagedEndpoint: Sendable, Hashable {
  /// Always the primary, also after a promotion.
  case primary
  /// Another replica at each connection: figures of one server cannot be read there. The name of the same
  /// group's primary endpoint.
  case reader(primary: String)
  /// Any node of a cluster; it tells the others.
  case configuration
  /// One server.
  case node
  /// A cluster that looks like one node; reads that may lag go to port 6380 of the same name.
  case serverless

  /// Of the port that serves reads which may lag.
  package static let serverlessReadPort: UInt16 = 6380

  /// nil: no name of ElastiCache.
  package init?(host: String) {
    var labels = host.lowercased().split(separator: ".", omittingEmptySubsequences: false)
    if labels.last == "" { labels.removeLast() }
    if labels.last == "cn" { labels.removeLast() }
    guard labels.count >= 6, labels.suffix(3) == ["cache", "amazonaws", "com"] else { return nil }
    // Name, hash and marks, without the region.
    let rest = labels.dropLast(4)
    guard let first = rest.first, rest.allSatisfy({ !$0.isEmpty }) else { return nil }
    switch first {
    case "master" where rest.count == 3: self = .primary
    case "replica" where rest.count == 3:
      self = .reader(primary: "master" + host.dropFirst("replica".count))
    case "clustercfg" where rest.count == 3: self = .configuration
    default:
      if rest.last == "serverless" {
        self = .serverless
      } else if rest.last == "clustercfg" {
        self = .configuration
      } else if rest.count == 4, rest.dropFirst(2).first == "ng" {
        // `shop-ro.abc123.ng.0001.euw1…`
        guard first.hasSuffix("-ro") else {
          self = .primary
          return
        }
        let name = host.prefix(first.count - 3)
        self = .reader(primary: String(name) + String(host.dropFirst(first.count)))
      } else {
        self = .node
      }
    }
  }
}

extension RedisEndpoint {
  /// What ElastiCache calls it; nil: not one of its names.
  package var managed: ManagedEndpoint? {
    if case .tcp(let host, _) = address { ManagedEndpoint(host: host) } else { nil }
  }

  /// Where reads that may lag go besides replicas that were found: port 6380 of a serverless cache.
  package var ownReader: RedisEndpoint? {
    guard managed == .serverless, case .tcp(let host, let port) = address,
      port != ManagedEndpoint.serverlessReadPort
    else { return nil }
    var reader = self
    reader.address = .tcp(host: host, port: ManagedEndpoint.serverlessReadPort)
    return reader
  }
}
