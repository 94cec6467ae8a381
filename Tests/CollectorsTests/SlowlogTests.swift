import Collectors
import ConsoleModel
import Redis
import TestKit
import Testing

@Suite struct SlowlogFollowerTests {
  /// A server's slow log: bounded, resettable, ids that go on until the process ends.
  private struct SlowLog {
    var run = 0
    var next: UInt64 = 0
    var length = 128
    var items: [SlowlogItem] = []

    mutating func add(_ count: Int) {
      for _ in 0..<count {
        items.insert(
          SlowlogItem(
            id: next, seconds: 1_700_000_000, microseconds: 10_000,
            arguments: [Array("GET".utf8), Array("k".utf8)]), at: 0)
        next += 1
        if items.count > length { items.removeLast() }
      }
    }

    mutating func restart() {
      run += 1
      next = 0
      items = []
    }
  }

  private func follower(keeping entries: Int = 4096) -> SlowlogFollower {
    SlowlogFollower(
      node: NodeID("n"), mask: ArgumentMask(policy: .standard),
      limits: .init(entries: entries, bytes: 1 << 24))
  }

  /// One poll; returns how many pages it took.
  @discardableResult
  private func poll(_ follower: inout SlowlogFollower, _ log: SlowLog) -> Int {
    var count = SlowlogFollower.firstPage
    for pages in 1...10 {
      let page = Array(log.items.prefix(count))
      switch follower.take(page, requested: count, runID: "run-\(log.run)") {
      case .done: return pages
      case .fetch(let more):
        #expect(more > count)
        count = more
      }
    }
    Issue.record("a poll did not end")
    return 10
  }

  @Test func `the log is joined where it stands and then followed`() {
    var log = SlowLog()
    log.add(100)
    var follower = follower()
    poll(&follower, log)
    #expect(follower.entries.count == 100)
    log.add(1)
    #expect(poll(&follower, log) == 1)
    #expect(follower.entries.map(\.id).prefix(2) == [100, 99])
    #expect(poll(&follower, log) == 1)
    #expect(follower.entries.count == 101)
  }

  @Test func `a burst longer than a page is fetched whole`() {
    var log = SlowLog(length: 10_000)
    var follower = follower(keeping: 10_000)
    poll(&follower, log)
    log.add(5_000)
    #expect(poll(&follower, log) > 1)
    #expect(follower.entries.map(\.id) == Array((0..<5_000).reversed()))
    #expect(follower.missed == 0)
  }

  @Test func `what the server dropped between two polls is counted`() {
    var log = SlowLog(length: 100)
    log.add(10)
    var follower = follower()
    poll(&follower, log)
    log.add(250)
    poll(&follower, log)
    #expect(follower.missed == 150)
    #expect(follower.entries.count == 110)
  }

  @Test func `entries before the first look are history and not missed`() {
    var log = SlowLog(length: 50)
    log.add(5000)
    var follower = follower()
    poll(&follower, log)
    #expect(follower.missed == 0)
    var empty = self.follower()
    log.items = []
    poll(&empty, log)
    log.add(3)
    poll(&empty, log)
    #expect(empty.missed == 0)
    #expect(empty.entries.count == 3)
  }

  @Test func `ids of a new process begin again and are new`() {
    var log = SlowLog()
    log.add(20)
    var follower = follower()
    poll(&follower, log)
    log.restart()
    log.add(20)
    poll(&follower, log)
    #expect(follower.entries.count == 40)
    #expect(Set(follower.entries.map { "\($0.runID) \($0.id)" }).count == 40)
    #expect(follower.entries.first?.runID == "run-1")
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func `each entry that the server has at a poll is shown once`(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var log = SlowLog(length: [16, 128, 1000].randomElement(using: &random) ?? 16)
    var follower = follower(keeping: 100_000)
    poll(&follower, log)
    var expected = Set<String>()
    for _ in 0..<40 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0: log.items = []
      case 1: log.restart()
      default: log.add(Int.random(in: 0...300, using: &random))
      }
      poll(&follower, log)
      for item in log.items { expected.insert("run-\(log.run) \(item.id)") }
      let shown = follower.entries.map { "\($0.runID) \($0.id)" }
      #expect(Set(shown).count == shown.count)
      #expect(Set(shown) == expected)
    }
  }

  @Test func `what is kept is bounded in number and bytes`() {
    var follower = SlowlogFollower(
      node: NodeID("n"), mask: ArgumentMask(policy: PersonalDataPolicy(patterns: [])),
      limits: .init(entries: 100, bytes: 20_000))
    let big = [Array("GET".utf8), [UInt8](repeating: 0x61, count: 500)]
    for id in 0..<500 as Range<UInt64> {
      let item = SlowlogItem(id: id, seconds: 0, microseconds: 1, arguments: big)
      _ = follower.take([item], requested: 32, runID: "a")
    }
    #expect(follower.entries.count < 40)
    #expect(follower.entries.first?.id == 499)
  }
}

@Suite struct ArgumentMaskTests {
  private let mask = ArgumentMask(policy: .standard)

  private func shown(_ words: [String]) -> String {
    mask.apply(words.map { Array($0.utf8) }).map { argument in
      switch argument {
      case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
      case .masked: return "▒"
      }
    }.joined(separator: " ")
  }

  @Test(
    arguments: [
      ("GET product:1", "GET product:1"),
      ("SET cart:7 {secret}", "SET cart:7 ▒"),
      ("set product:7 value EX 60", "set product:7 value EX 60"),
      ("HSET profile:7 name Eve", "HSET profile:7 ▒ ▒"),
      ("MSET product:1 a session:2 b", "MSET ▒ ▒ session:2 ▒"),
      ("MGET session:1 session:2", "MGET session:1 session:2"),
      ("EVAL script 1 product:1 Eve", "EVAL script 1 product:1 ▒"),
      ("EVAL script 1 session:1 Eve", "EVAL ▒ ▒ session:1 ▒"),
      ("EVALSHA abc 0 Eve", "EVALSHA abc 0 ▒"),
      ("FCALL f nonsense Eve", "FCALL f ▒ ▒"),
      ("EVAL script 18446744073709551615 a b", "EVAL script 18446744073709551615 a b"),
      ("EVAL", "EVAL"),
      ("AUTH user password", "AUTH ▒ ▒"),
      ("CONFIG SET requirepass x", "CONFIG ▒ ▒ ▒"),
      ("MIGRATE h 1 k 0 9 AUTH x", "MIGRATE ▒ ▒ ▒ ▒ ▒ ▒ ▒"),
      ("PUBLISH news Eve", "PUBLISH news ▒"),
      ("JSON.SET doc:1 $ {}", "JSON.SET ▒ ▒ ▒"),
      ("JSON.SET cart:1 $ {}", "JSON.SET cart:1 ▒ ▒"),
      ("SLOWLOG GET 10", "SLOWLOG GET 10"),
    ] as [(String, String)])
  func `what could be personal is masked`(_ command: String, _ expected: String) {
    #expect(shown(command.split(separator: " ").map(String.init)) == expected)
  }

  @Test func `a key that the server cut hides what follows it`() {
    let cut = String(repeating: "k", count: 128) + "... (72 more bytes)"
    #expect(shown(["SET", cut, "Eve"]) == "SET \(cut) ▒")
    #expect(shown(["GET", cut]) == "GET \(cut)")
  }

  @Test func `no arguments and no names are no trap`() {
    #expect(mask.apply([]) == [])
    #expect(mask.apply([[]]) == [.bytes([])])
    #expect(mask.apply([[0xFF], [0x00]]) == [.bytes([0xFF]), .masked(length: 1)])
  }
}
