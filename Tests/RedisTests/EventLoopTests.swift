import EventLoop
import Synchronization
import TestKit
import Testing

@Suite(.blocking) struct EventLoopTests {
  @Test func `timers fire in the order of their deadlines, whatever the order of setting`() {
    var heap = TimerHeap<Int>()
    var generator = SplitMix64(seed: 7)
    let deadlines = (0..<500).map { _ in Int64.random(in: 0..<100, using: &generator) }
    for (index, deadline) in deadlines.enumerated() {
      _ = heap.insert(index, id: UInt64(index), at: deadline)
    }
    for index in stride(from: 0, to: 500, by: 3) {
      #expect(heap.remove(id: UInt64(index)) == index)
    }
    #expect(heap.remove(id: 0) == nil)
    let expected = deadlines.indices.filter { $0 % 3 != 0 }.sorted {
      (deadlines[$0], $0) < (deadlines[$1], $1)
    }
    var fired: [Int] = []
    while let index = heap.popDue(at: 49) { fired.append(index) }
    #expect(fired.allSatisfy { deadlines[$0] <= 49 })
    #expect(heap.nextDeadline() == expected.first { deadlines[$0] > 49 }.map { deadlines[$0] })
    while let index = heap.popDue(at: .max) { fired.append(index) }
    #expect(fired == expected)
    #expect(heap.count == 0)
  }

  @Test func `far deadlines that are cancelled do not pile up`() {
    var heap = TimerHeap<Int>()
    _ = heap.insert(0, id: 0, at: 10)
    for id in 1..<100_000 as Range<UInt64> {
      _ = heap.insert(1, id: id, at: .max)
      _ = heap.remove(id: id)
    }
    #expect(heap.count == 1)
    #expect(heap.nextDeadline() == 10)
  }

  @Test func `a sleep takes as long as asked for, and ends at once when cancelled`() async throws {
    let loop = Fixture.loop
    let start = EventLoop.now()
    try await loop.sleep(for: .milliseconds(30))
    #expect(start.duration(to: EventLoop.now()) >= .milliseconds(30))
    let sleeper = loop.spawn { () -> Bool in
      do {
        try await loop.sleep(for: .seconds(3600))
        return false
      } catch {
        return true
      }
    }
    sleeper.cancel()
    #expect(await sleeper.value)
    #expect(start.duration(to: EventLoop.now()) < .seconds(60))
  }

  @Test func `what is spawned runs on the loop's thread and stays there`() async {
    let loop = Fixture.loop
    let places = await loop.spawn { () -> [Bool] in
      var places = [loop.isCurrent]
      try? await loop.sleep(for: .milliseconds(1))
      places.append(loop.isCurrent)
      await withTaskGroup(of: Bool.self) { group in
        group.addTask { loop.isCurrent }
        for await place in group { places.append(place) }
      }
      return places
    }.value
    #expect(places == [true, true, true])
  }

  private final class Counter: Sendable {
    let count = Atomic<Int>(0)
  }

  @Test func `work posted from many threads is all done`() async throws {
    let loop = Fixture.loop
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<1000 { loop.execute { counter.count.wrappingAdd(1, ordering: .relaxed) } }
        }
      }
    }
    #expect(try await Eventually.holds { counter.count.load(ordering: .relaxed) == 8000 })
  }

  @Test func `a wake-up is seen once, however often it is signalled`() throws {
    let wakeup = try Wakeup()
    #expect(!SocketIO.isReadable(wakeup.fileDescriptor, within: 0))
    wakeup.signal()
    wakeup.signal()
    #expect(SocketIO.isReadable(wakeup.fileDescriptor, within: 1))
    wakeup.clear()
    #expect(!SocketIO.isReadable(wakeup.fileDescriptor, within: 0))
  }

  @Test func `an idle loop does not wake`() throws {
    let loop = try EventLoop()
    try loop.start()
    let thread = Mutex<String?>(nil)
    loop.execute { thread.withLock { $0 = ChildProcess.readText("/proc/thread-self/status") } }
    #expect(Eventually.holds { thread.withLock { $0 != nil } })
    let status = try #require(thread.withLock { $0 })
    let id = try #require(Self.field("Pid", status))
    func switches() -> String? {
      ChildProcess.readText("/proc/self/task/\(id)/status").flatMap {
        Self.field("voluntary_ctxt_switches", $0)
      }
    }
    // Asleep once the count stands still for a while; then it must go on standing still.
    var before = switches()
    #expect(
      Eventually.holds {
        let now = switches()
        defer { before = now }
        return now == before
      })
    let deadline = Deadline(within: 0.5)
    #expect(Eventually.holds(within: 2) { deadline.isPast })
    #expect(switches() == before)
  }

  static func field(_ name: String, _ status: String) -> String? {
    for line in status.split(separator: "\n") where line.hasPrefix("\(name):") {
      return String(line.dropFirst(name.count + 1).filter { !$0.isWhitespace })
    }
    return nil
  }

  @Test func `names resolve with both families, literals without a thread`() async throws {
    let resolver = Resolver(loop: Fixture.loop)
    let deadline = EventLoop.now().advanced(by: .seconds(5))
    let six = try await resolver.addresses(of: "::1", port: 1, until: deadline)
    #expect(six.map(\.description) == ["[::1]:1"])
    let four = try await resolver.addresses(of: "127.0.0.1", port: 65535, until: deadline)
    #expect(four.map(\.description) == ["127.0.0.1:65535"])
    let local = try await resolver.addresses(of: "localhost", port: 7, until: deadline)
    #expect(local.contains { $0.description == "127.0.0.1:7" })
  }

  @Test func `a name that is not found, or not in time, is an error`() async {
    let resolver = Resolver(loop: Fixture.loop)
    let past = EventLoop.now()
    await #expect(throws: ResolveError.timeout) {
      try await resolver.addresses(of: "localhost", port: 1, until: past)
    }
    do throws(ResolveError) {
      let soon = EventLoop.now().advanced(by: .seconds(2))
      let found = try await resolver.addresses(of: "no-such-host.invalid", port: 1, until: soon)
      Issue.record("found \(found)")
    } catch {
      if case .busy = error { Issue.record("\(error)") }
    }
  }
}
