import EventLoop
import Redis

/// Who owned which slots of the clusters among some servers, to tell after a walk whether that changed.
struct ClusterSlots: Sendable {
  /// By the server that told it.
  private var views: [(node: MonitoredNode, owners: [String: SlotRanges])]

  private static let timeout: Duration = .seconds(3)

  /// - Returns: nil if none is a cluster's node.
  static func read(_ nodes: [MonitoredNode]) async -> ClusterSlots? {
    var views: [(node: MonitoredNode, owners: [String: SlotRanges])] = []
    for node in nodes {
      // Another node of a cluster that was read already says the same.
      guard let owners = await owners(node), !views.contains(where: { $0.owners == owners }) else {
        continue
      }
      views.append((node, owners))
    }
    return views.isEmpty ? nil : ClusterSlots(views: views)
  }

  /// Also true where nobody can tell any more.
  func haveChanged(_ loop: EventLoop) async -> Bool {
    for view in views {
      if await Self.owners(view.node) != view.owners { return true }
    }
    return false
  }

  private static func owners(_ node: MonitoredNode) async -> [String: SlotRanges]? {
    do throws(RedisError) {
      let info = try await node.probe.info("cluster", timeout: timeout)
      guard InfoReply(info.bytes).flag("cluster_enabled") == true else { return nil }
      return try await node.probe.clusterTopology(timeout: timeout).owners
    } catch {
      // A server alone, or one whose ACL keeps it to itself.
      return nil
    }
  }
}
