internal import EventLoop
internal import Synchronization

/// One client for each node of a cluster that something was sent to, made when it is first needed.
final class NodeClients: Sendable {
  typealias Make = @Sendable (RedisEndpoint, _ announcedHost: String) -> RedisClient

  /// A node's client while somebody uses it.
  final class Node: Sendable {
    let client: RedisClient
    private let state = Mutex((users: 0, isRetired: false))

    init(_ client: RedisClient) { self.client = client }

    /// False: it is on its way out; take another.
    func enter() -> Bool {
      state.withLock { state in
        guard !state.isRetired else { return false }
        state.users += 1
        return true
      }
    }

    func leave() {
      let isOver = state.withLock { state in
        state.users -= 1
        return state.isRetired && state.users == 0
      }
      if isOver { client.close() }
    }

    /// Closes it once nobody uses it: what is underway may still be answered.
    func retire() {
      let isOver = state.withLock { state in
        state.isRetired = true
        return state.users == 0
      }
      if isOver { client.close() }
    }
  }

  private struct State {
    /// By the address that the node announces.
    var nodes: [NodeAddress: Node] = [:]
    var isClosed = false
  }

  private let template: RedisEndpoint
  private let map: AddressMap
  private let limit: Int
  private let make: Make
  private let loop: EventLoop
  private let state = Mutex(State())
  /// How long a node that has gone may still answer what it was asked.
  private static let grace = Duration.seconds(10)

  init(
    template: RedisEndpoint, map: AddressMap, limit: Int, loop: EventLoop, make: @escaping Make
  ) {
    self.template = template
    self.map = map
    self.limit = limit
    self.loop = loop
    self.make = make
  }

  /// Where a node is reached from here.
  func endpoint(of address: NodeAddress) -> RedisEndpoint {
    let reachable = map.reachable(address)
    var endpoint = template
    endpoint.address = .tcp(host: reachable.host, port: reachable.port)
    return endpoint
  }

  /// The node's client, entered: the caller leaves it.
  func enter(_ address: NodeAddress, _ action: String) throws(RedisError) -> Node {
    let (node, error) = state.withLock { state -> (Node?, RedisError?) in
      if state.isClosed { return (nil, ClusterClient.closed(action)) }
      if let node = state.nodes[address], node.enter() { return (node, nil) }
      guard state.nodes.count < limit else {
        return (
          nil,
          RedisError(
            kind: .limit, endpoint: address.description, action: action,
            message: "connections to \(limit) nodes are open already")
        )
      }
      let node = Node(make(endpoint(of: address), address.host))
      _ = node.enter()
      state.nodes[address] = node
      return (node, nil)
    }
    if let node { return node }
    throw error ?? ClusterClient.closed(action)
  }

  /// A client of its own for one of the servers that were given, under the name as it was given: it
  /// is looked up afresh.
  func seed(_ endpoint: RedisEndpoint) -> RedisClient {
    let host = if case .tcp(let host, _) = endpoint.address { host } else { "" }
    return make(endpoint, host)
  }

  /// Whether the last attempt to reach it failed.
  func isTroubled(_ address: NodeAddress) -> Bool {
    guard let node = state.withLock({ $0.nodes[address] }) else { return false }
    if case .waiting = node.client.state { return true }
    return false
  }

  /// Takes a client out of use, if it still is the node's: the next one resolves the name anew.
  func replace(_ address: NodeAddress, _ old: Node) {
    let isCurrent = state.withLock { state in
      guard state.nodes[address] === old else { return false }
      state.nodes[address] = nil
      return true
    }
    if isCurrent { retire(old) }
  }

  /// Lets go of all nodes but these.
  func retain(_ addresses: Set<NodeAddress>) {
    let gone = state.withLock { state in
      let gone = state.nodes.filter { !addresses.contains($0.key) }
      for address in gone.keys { state.nodes[address] = nil }
      return gone.values.map(\.self)
    }
    for node in gone { retire(node) }
  }

  private func retire(_ node: Node) {
    node.retire()
    loop.schedule(at: .now().advanced(by: Self.grace)) { node.client.close() }
  }

  /// The nodes that have a client.
  var addresses: [NodeAddress] { state.withLock { Array($0.nodes.keys) } }

  func close() {
    let nodes = state.withLock { state in
      state.isClosed = true
      defer { state.nodes = [:] }
      return Array(state.nodes.values)
    }
    for node in nodes { node.client.close() }
  }
}
