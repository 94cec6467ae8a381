import EventLoop
import TestKit
import Testing

@testable import Redis

struct HashSlotTests {
  @Test(arguments: [
    // The check value of CRC-16/XMODEM, 0x31C3, and what redis-server 7.0 says.
    ("123456789", 12_739), ("", 0), ("foo", 12_182), ("bar", 5_061), ("{bar}", 5_061),
    // The examples of the cluster specification.
    ("foo{bar}{zap}", 5_061), ("x{bar", HashSlot.of(Array("x{bar".utf8))),
  ]) func `a key's slot is that of the specification`(key: String, slot: Int) {
    #expect(HashSlot.of(Array(key.utf8)) == slot)
  }

  @Test(arguments: [
    ("{user1000}.following", "user1000"), ("foo{}{bar}", "foo{}{bar}"), ("foo{{bar}}zap", "{bar"),
    ("foo{bar}{zap}", "bar"), ("foo{bar", "foo{bar"), ("foo}bar{", "foo}bar{"), ("}{a}", "a"),
  ]) func `only what stands in the first braces counts, if anything does`(
    key: String, hashed: String
  ) {
    #expect(String(decoding: HashSlot.hashed(Array(key.utf8)), as: UTF8.self) == hashed)
  }
}

struct SlotRangesTests {
  @Test(arguments: [
    ([0...5, 6...9], "0-9"), ([6...9, 0...4], "0-4 6-9"), ([3...3, 3...3], "3"),
    ([-5...2, 16_380...20_000], "0-2 16380-16383"), ([20_000...30_000], ""), ([], ""),
    ([0...10, 2...3], "0-10"),
  ]) func `ranges are sorted, joined and kept within the slots`(
    ranges: [ClosedRange<Int>], text: String
  ) {
    #expect(SlotRanges(ranges).description == text)
  }

  @Test func `set operations agree with sets of numbers`() {
    var generator = SplitMix64(seed: 11)
    func some() -> SlotRanges {
      SlotRanges(
        (0..<Int.random(in: 0...6, using: &generator)).map { _ in
          let low = Int.random(in: 0...300, using: &generator)
          return low...(low + Int.random(in: 0...60, using: &generator))
        })
    }
    func numbers(_ slots: SlotRanges) -> Set<Int> { Set(slots.ranges.joined()) }
    for _ in 0..<100 {
      let (one, two) = (some(), some())
      let members = numbers(one)
      #expect(numbers(one.union(two)) == numbers(one).union(numbers(two)))
      #expect(numbers(one.intersection(two)) == numbers(one).intersection(numbers(two)))
      #expect(numbers(one.subtracting(two)) == numbers(one).subtracting(numbers(two)))
      #expect(one.count == numbers(one).count)
      #expect(one.inverted.count == HashSlot.count - one.count)
      for slot in 0...400 where one.contains(slot) != members.contains(slot) {
        Issue.record("\(one) and \(slot)")
      }
    }
    #expect(SlotRanges.all.inverted.isEmpty)
    #expect(SlotRanges.all.count == 16_384)
  }
}

struct AddressMapTests {
  private let map = try? AddressMap([
    ("10.0.0.1:6379", "127.0.0.1:7001"), ("*:6379", "tunnel:*"), ("Shop.Internal:*", "*:9"),
    ("fd00::1:6380", "[::1]:7002"),
  ])

  @Test(arguments: [
    ("10.0.0.1:6379", "127.0.0.1:7001"), ("10.0.0.2:6379", "tunnel:6379"),
    ("10.0.0.2:6380", "10.0.0.2:6380"), ("shop.internal:1234", "shop.internal:9"),
    ("SHOP.internal:6379", "tunnel:6379"), ("[fd00::1]:6380", "[::1]:7002"),
  ]) func `an address is found by the rule that says most, then by the first that fits`(
    announced: String, reachable: String
  ) throws {
    let address = try #require(NodeAddress(parsing: announced))
    #expect(try #require(map).reachable(address).description == reachable)
  }

  @Test(arguments: ["", "host", ":1", "host:0", "host:65536", "ho st:1", "host:*x", "?:1"])
  func `what is no address is refused with its text`(text: String) {
    let error = #expect(throws: AddressMapError.self) { try AddressMap([(text, "a:1")]) }
    #expect(error?.message.contains("is no address") == true)
    #expect(throws: AddressMapError.self) { try AddressMap([("a:1", text)]) }
  }
}
