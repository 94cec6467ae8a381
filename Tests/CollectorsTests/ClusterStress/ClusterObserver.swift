import EventLoop
import Redis
import Synchronization
import TestKit

/// Asks every node again and again what it thinks of the cluster, over connections of its own: when
/// slots were down, and when all nodes agreed on what.
final class ClusterObserver: Sendable {
  /// One round of questions.
  struct Look {
    var began: EventLoop.Instant
    var ended: EventLoop.Instant
    /// Slots that some node cannot serve or misses an owner for.
    var down = SlotRanges()
    /// What all living nodes say, if they say the same.
    var agreed: String?
  }

  /// Slots that were down at some time from `began` to `ended`.
  struct Outage {
    var slots: SlotRanges
    var began: EventLoop.Instant
    var ended: EventLoop.Instant
  }

  private struct State {
    var looks: [Look] = []
    /// Killed, by id: their slots are down until others own them.
    var dead: Set<String> = []
    /// On their way out: what they say counts no more.
    var leaving: Set<String> = []
    /// The nodes of the last agreement: a node that joins is not one before it knows all others.
    var members: Set<String> = []
  }

  private static let pause = 0.02

  private let cluster: RedisCluster
  private let state = Mutex(State())
  private let flag = Flag()
  private let isDone = Flag()

  init(_ cluster: RedisCluster) {
    self.cluster = cluster
    BackgroundThread.start(name: "observer") { [self] in
      var connections: [String: RedisConnection] = [:]
      while !flag.isSet {
        look(&connections)
        let next = Deadline(within: Self.pause)
        _ = Eventually.holds(within: Self.pause) { next.isPast || flag.isSet }
      }
      isDone.set()
    }
  }

  func stop() {
    flag.set()
    _ = Eventually.holds(within: 30) { isDone.isSet }
  }

  var looks: [Look] { state.withLock { $0.looks } }

  /// Call right before the process is killed; returns the moment.
  func willKill(_ node: RedisCluster.Node) -> EventLoop.Instant {
    state.withLock { _ = $0.dead.insert(node.id) }
    return .now()
  }

  func hasStarted(_ node: RedisCluster.Node) {
    state.withLock { _ = $0.dead.remove(node.id) }
  }

  func willLeave(_ node: RedisCluster.Node) {
    state.withLock { _ = $0.leaving.insert(node.id) }
  }

  /// What all nodes agree on now; nil: they do not.
  var agreed: String? { state.withLock { $0.looks.last?.agreed } }

  // MARK: A look

  private func look(_ connections: inout [String: RedisConnection]) {
    let (dead, leaving, known) = state.withLock { ($0.dead, $0.leaving, $0.members) }
    var result = Look(began: .now(), ended: .now())
    var views: [String: ClusterView] = [:]
    var failing: Set<String> = []
    for node in cluster.nodes where !dead.contains(node.id) && !leaving.contains(node.id) {
      do throws(TestKitError) {
        if connections[node.id] == nil { connections[node.id] = try node.connect() }
        guard let connection = connections[node.id] else { continue }
        let replies = try connection.pipeline([["CLUSTER", "NODES"], ["CLUSTER", "INFO"]])
        views[node.id] = ClusterView(replies[0].text ?? "")
        if replies[1].text?.contains("cluster_state:fail") == true { failing.insert(node.id) }
      } catch {
        connections[node.id] = nil
      }
    }
    result.ended = .now()
    let members = known.isEmpty ? Set(views.keys) : known
    var down: [ClosedRange<Int>] = []
    for (id, view) in views where members.contains(id) {
      down += view.missing(dead).ranges
      // With cluster-require-full-coverage a node that misses any slot serves none.
      if failing.contains(id) { down += view.slots(of: id).ranges }
    }
    result.down = SlotRanges(down)
    let summaries = Set(views.values.map(\.summary))
    let isWhole = views.values.allSatisfy { $0.ids.isSuperset(of: views.keys) }
    if summaries.count == 1, isWhole { result.agreed = summaries.first }
    state.withLock { state in
      if result.agreed != nil { state.members = Set(views.keys) }
      state.looks.append(result)
    }
  }
}

// MARK: What the looks say

extension ClusterObserver.Look {
  /// The times in which slots were down, as wide as the looks leave it open: from the last look that
  /// found all well to the next one that did.
  static func outages(_ looks: [ClusterObserver.Look]) -> [ClusterObserver.Outage] {
    var outages: [ClusterObserver.Outage] = []
    var current: ClusterObserver.Outage?
    for (index, look) in looks.enumerated() {
      if look.down.isEmpty {
        if var outage = current {
          outage.ended = look.ended
          outages.append(outage)
        }
        current = nil
      } else if var outage = current {
        outage.slots = outage.slots.union(look.down)
        current = outage
      } else {
        let began = index > 0 ? looks[index - 1].began : look.began
        current = ClusterObserver.Outage(slots: look.down, began: began, ended: look.ended)
      }
    }
    if var outage = current {
      outage.ended = EventLoop.Instant(nanoseconds: .max)
      outages.append(outage)
    }
    return outages
  }

  /// True if one of these slots was down at some time between.
  static func isDown(
    _ slot: Int, _ looks: [ClusterObserver.Look], from: EventLoop.Instant,
    to: EventLoop.Instant
  ) -> Bool {
    looks.indices.contains { index in
      guard looks[index].down.contains(slot) else { return false }
      let began = index > 0 ? looks[index - 1].began : looks[index].began
      let ended = index + 1 < looks.count ? looks[index + 1].ended : nil
      return began <= to && (ended.map { $0 >= from } ?? true)
    }
  }

  /// Times in which all nodes agreed on the same, in order.
  static func agreements(
    _ looks: [ClusterObserver.Look]
  ) -> [(summary: String, began: EventLoop.Instant, ended: EventLoop.Instant)] {
    var result: [(summary: String, began: EventLoop.Instant, ended: EventLoop.Instant)] = []
    for look in looks {
      guard let summary = look.agreed else {
        result.append(("", look.began, look.ended))
        continue
      }
      if let last = result.last, last.summary == summary {
        result[result.count - 1].ended = look.ended
      } else {
        result.append((summary, look.began, look.ended))
      }
    }
    return result.filter { !$0.summary.isEmpty }
  }
}
