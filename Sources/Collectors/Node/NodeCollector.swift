package import ConsoleModel
package import EventLoop
package import Redis
private import Synchronization

/// Keeps one server's status up to date: a task that polls on the interval and samples hot keys in
/// between.
package final class NodeCollector: Sendable {
  /// What the screen wants of this node now.
  private struct Wishes: Sendable {
    var detail: Detail
    var wantsClients = false
    var isPaused = false
    var clearsSlowlog = false
    var samplesFast = false
    /// Ask at once, not at the next interval.
    var isHurried = false
  }

  package let id: NodeID
  let probe: Probe
  private let settings: NodePoller.Settings
  private let loop: EventLoop
  private let alarm: Alarm
  private let wishes: Mutex<Wishes>
  private let latest: Mutex<NodeReport>
  private let task = Mutex<Task<Void, Never>?>(nil)
  /// Called on the loop's thread after each poll.
  private let onPoll: @Sendable (NodeID) -> Void

  package init(
    id: NodeID, probe: Probe, isSentinel: Bool = false, settings: NodePoller.Settings,
    loop: EventLoop, onPoll: @Sendable @escaping (NodeID) -> Void
  ) {
    self.id = id
    self.probe = probe
    self.settings = settings
    self.loop = loop
    self.onPoll = onPoll
    alarm = Alarm(loop: loop)
    wishes = Mutex(Wishes(detail: settings.detail))
    var status = NodeStatus(id: id, address: probe.endpoint.description)
    if isSentinel { status.figures.role = NodeFigures.sentinelRole }
    latest = Mutex(NodeReport(status: status))
  }

  package var report: NodeReport { latest.withLock { $0 } }

  package func start() {
    let task = loop.spawn { [self] in await run() }
    self.task.withLock { $0 = task }
  }

  package func stop() {
    task.withLock { $0?.cancel() }
    alarm.ring()
  }

  /// What the screen shows of the node; asks at once for what it newly shows.
  package func setDemand(detail: Detail, wantsClients: Bool, isPaused: Bool) {
    let isNews = wishes.withLock { wishes in
      let isNews =
        wishes.detail != detail || wishes.isPaused != isPaused
        || wishes.wantsClients != wantsClients
      wishes.isHurried =
        wishes.isHurried || wantsClients && !wishes.wantsClients || wishes.isPaused && !isPaused
        || detail == .full && wishes.detail == .brief
      wishes.detail = detail
      wishes.wantsClients = wantsClients
      wishes.isPaused = isPaused
      return isNews
    }
    if isNews { alarm.ring() }
  }

  /// For a single look: find hot keys as fast as the server's share of time allows.
  package func sampleFast() { wishes.withLock { $0.samplesFast = true } }

  /// The slow log was reset: forget what is shown of it and look again.
  package func clearSlowlog() {
    wishes.withLock { wishes in
      wishes.clearsSlowlog = true
      wishes.isHurried = true
    }
    alarm.ring()
  }

  /// Polls at once.
  package func hurry() {
    wishes.withLock { $0.isHurried = true }
    alarm.ring()
  }

  private func run() async {
    let poller = NodePoller(report.status, probe: probe, settings: settings)
    var nextPoll = MonotonicTime.now()
    var nextSample = nextPoll
    while !Task.isCancelled {
      let wishes = self.wishes.withLock { wishes in
        let taken = wishes
        wishes.clearsSlowlog = false
        wishes.isHurried = false
        return taken
      }
      var now = MonotonicTime.now()
      poller.setDetail(wishes.detail, now: now)
      if wishes.clearsSlowlog { poller.clearSlowlog() }
      if wishes.samplesFast { poller.sampleFast() }
      if wishes.isPaused {
        await alarm.wait(until: now.advanced(bySeconds: 3600))
        nextPoll = .now()
        continue
      }
      if now >= nextPoll || wishes.isHurried {
        await poller.poll(wantsClients: wishes.wantsClients)
        publish(poller)
        onPoll(id)
        now = .now()
        // The same beat for all nodes, so that one snapshot holds all of them; lost beats are lost.
        while nextPoll <= now { nextPoll = nextPoll.advanced(bySeconds: settings.interval) }
        continue
      }
      if poller.canSample, now >= nextSample {
        nextSample = await poller.sample() ?? now
        continue
      }
      await alarm.wait(until: poller.canSample ? min(nextPoll, nextSample) : nextPoll)
    }
  }

  @inline(never)
  private func publish(_ poller: NodePoller) { latest.withLock { $0 = poller.report } }
}
