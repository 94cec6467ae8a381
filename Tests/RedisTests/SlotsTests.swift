import EventLoop
import Synchronization
import TestKit
import Testing

/// What bounds TLS handshakes and token programs.
@Suite(.blocking) struct SlotsTests {
  private final class Counts: Sendable {
    let state = Mutex((now: 0, most: 0, done: 0))
  }

  private var far: EventLoop.Instant { EventLoop.now().advanced(by: .seconds(60)) }

  @Test func `never more at once than there are places, and everybody gets one`() async throws {
    let slots = Slots(3)
    let counts = Counts()
    let deadline = far
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          guard await slots.take(on: Fixture.loop, until: deadline) == .taken else { return }
          counts.state.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
          }
          _ = try? await Fixture.loop.sleep(for: .milliseconds(2))
          counts.state.withLock {
            $0.now -= 1
            $0.done += 1
          }
          slots.give()
        }
      }
    }
    #expect(counts.state.withLock { $0.most } == 3)
    #expect(counts.state.withLock { $0.done } == 50)
  }

  @Test func `who leaves, by deadline or cancelled, takes no place along`() async throws {
    let slots = Slots(1)
    #expect(await slots.take(on: Fixture.loop, until: far) == .taken)
    let soon = EventLoop.now().advanced(by: .milliseconds(20))
    #expect(await slots.take(on: Fixture.loop, until: soon) == .timeout)
    let deadline = far
    let waiting = Fixture.loop.spawn { await slots.take(on: Fixture.loop, until: deadline) }
    waiting.cancel()
    #expect(await waiting.value == .cancelled)
    let next = Fixture.loop.spawn { await slots.take(on: Fixture.loop, until: deadline) }
    slots.give()
    #expect(await next.value == .taken)
    slots.give()
    #expect(await slots.take(on: Fixture.loop, until: far) == .taken)
  }

  @Test func `of many answers the first counts, given before or after somebody waits`() async {
    let early = FirstAnswer<Int>()
    #expect(early.give(1))
    #expect(!early.give(2))
    #expect(await early.wait(on: Fixture.loop, until: far, late: -1, cancelled: -2) == 1)
    #expect(!early.give(3))
    let late = FirstAnswer<Int>()
    let past = EventLoop.now()
    #expect(await late.wait(on: Fixture.loop, until: past, late: -1, cancelled: -2) == -1)
    #expect(!late.give(4))
  }
}
