import Collectors
import ConsoleModel
import Redis

/// Sends reads that may lag to the server that the router chooses, and to the one that was asked for when that
/// one does not answer.
struct ReadPlaces: Sendable {
  /// The connection to read by, and what is said about it.
  func place(
    for asked: NodeConnection, _ nodes: NodeRegistry?, _ collector: EnvironmentCollector?
  ) -> (node: NodeConnection, route: ReadRoute) {
    guard let nodes, let collector else { return (asked, ReadRoute(.node(asked.id))) }
    let router = collector.readRouter(asked.policy)
    let route: ReadRoute
    if asked.policy.prefersReplica, let endpoint = asked.readerEndpoint {
      let state = nodes.reader(of: asked.id)?.probe.state
      let trouble: String? =
        if case .waiting(_, let error) = state { error.message } else { nil }
      route = router.reader(
        for: asked.id, figures: collector.figures(of: asked.id), name: endpoint.description,
        trouble: trouble)
    } else {
      route = router.route(for: asked.id)
    }
    switch route.place {
    case .node(let id):
      guard let node = nodes[id] else { return (asked, ReadRoute(.node(asked.id))) }
      return (node, route)
    case .reader:
      guard let node = nodes.reader(of: asked.id) else {
        return (asked, ReadRoute(.node(asked.id)))
      }
      return (node, route)
    }
  }

  /// Reads by the chosen connection; once more by the one that was asked for if that one does not answer.
  func read<Value: Sendable>(
    _ asked: NodeConnection, _ nodes: NodeRegistry?, _ collector: EnvironmentCollector?,
    _ body: (KeyReader) async throws(Fault) -> Value
  ) async throws(Fault) -> (Value, origin: String?) {
    let (node, route) = place(for: asked, nodes, collector)
    do throws(Fault) {
      if route.needsReadOnly {
        do throws(RedisError) { try await node.probe.readFromReplica() } catch {
          throw Fault(error)
        }
      }
      return (try await body(node.reader), route.origin)
    } catch {
      guard node.probe !== asked.probe, error.saysReadElsewhere else { throw error }
      let origin = "\(asked.id.rawValue): \(node.name) did not answer (\(error.message))"
      return (try await body(asked.reader), origin)
    }
  }

  func inspect(
    _ request: KeyInspectionRequest, _ asked: NodeConnection, _ nodes: NodeRegistry?,
    _ collector: EnvironmentCollector?, _ policy: String?
  ) async -> KeyInspection {
    do throws(Fault) {
      var (inspection, origin) = try await read(asked, nodes, collector) {
        reader throws(Fault) in
        let inspection = await reader.inspect(request, policy: policy)
        // Only where another server may do better.
        if let fault = inspection.fault, fault.saysReadElsewhere { throw fault }
        return inspection
      }
      inspection.origin = origin
      return inspection
    } catch {
      var inspection = KeyInspection(
        id: request.id, summary: KeySummary(key: request.key), value: .gone, length: nil,
        page: request.page, nextPage: nil)
      inspection.fault = error
      return inspection
    }
  }
}

extension NodeConnection {
  /// Its name, or its address where that is another one: a reader endpoint.
  fileprivate var name: String {
    readerName ?? id.rawValue
  }
}

extension Fault {
  /// The server was not reached, or is not fit to be read: another one may be.
  fileprivate var saysReadElsewhere: Bool {
    switch kind {
    case .unreachable, .timeout, .tls, .auth, .limit, .protocol, .server: true
    case .denied, .unsupported, .cancelled, .indeterminate: false
    }
  }
}
