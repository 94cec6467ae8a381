import EventLoop
private import Redis
private import Synchronization

/// The shop at work on the demo's server: stocked, visited, and ended with the console.
final class DemoShop: Sendable {
  private let loop: EventLoop
  private let traffic: Traffic
  private let report: DemoReport
  private let filling = Mutex<Task<Void, Never>?>(nil)
  private let visiting: Task<Void, Never>

  /// Starts filling and traffic at once.
  init(socket: String, options: DemoOptions, report: DemoReport, loop: EventLoop) {
    self.loop = loop
    self.report = report
    traffic = Traffic(socket: socket, options: options, loop: loop)
    visiting = loop.spawn { [traffic] in await traffic.run() }
    refill()
  }

  /// Stocks the shop from the start: also after the server came back empty.
  func refill() {
    let task = loop.spawn { [traffic, report] in
      await traffic.fill { done, total in
        report.say(done < total ? .filling(done: done, total: total) : .filled)
      }
    }
    filling.withLock { running in
      running?.cancel()
      running = task
    }
  }

  func stop() {
    filling.withLock { $0?.cancel() }
    visiting.cancel()
    traffic.close()
  }
}
