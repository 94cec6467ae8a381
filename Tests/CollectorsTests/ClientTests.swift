import Collectors
import ConsoleModel
import TestKit
import Testing

@Suite struct ClientTests {
  private func line(
    _ id: Int, host: String, name: String = "", command: String = "get", memory: Int
  )
    -> String
  {
    "id=\(id) addr=\(host):\(40000 + id % 20000) laddr=127.0.0.1:6379 fd=\(id) name=\(name) "
      + "age=\(id) idle=\(id % 60) flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=20448 "
      + "argv-mem=10 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=\(memory / 2) tot-mem=\(memory) "
      + "events=r cmd=\(command) user=default redir=-1 resp=2\n"
  }

  @Test func `a line is read by its names`() {
    let text = Array(line(7, host: "[::1]", name: "w", command: "client|list", memory: 22298).utf8)
    let parsed = ClientLine(text, 0..<(text.count - 1))
    #expect(parsed?.id == 7)
    #expect(parsed?.host == "[::1]")
    #expect(parsed?.command == "client|list")
    #expect(parsed?.memoryBytes == 22298)
    #expect(parsed?.idleSeconds == 7)
    #expect(parsed?.user == "default")
  }

  @Test(arguments: [
    "", "\n\n", "id=", "id=-1 addr=x", "addr=1.2.3.4:5", "id=1", "id=1 addr= name= tot-mem=-5",
    "id=1 =  = == addr", "id=99999999999999999999", "id=1 idle=99999999999999999999 db=nan",
  ])
  func `malformed lists are no trap`(_ text: String) {
    var registry = ClientRegistry()
    ClientLine.forEach(in: Array(text.utf8)) { registry.take($0) }
    #expect(registry.report(connected: nil).seen <= 1)
  }

  @Test func `65,000 connections are grouped with bounded rows`() {
    var text: [UInt8] = []
    for id in 1...65_000 {
      text +=
        line(
          id, host: "10.0.\(id % 40).\(id % 7)", name: "pool-\(id % 5)",
          command: id % 3 == 0 ? "get" : "set", memory: id == 31_000 ? 90_000_000 : 20_000
        ).utf8
    }
    var registry = ClientRegistry()
    registry.ownIDs = [5]
    ClientLine.forEach(in: text) { registry.take($0) }
    let report = registry.report(connected: 65_010)
    #expect(report.seen == 65_000)
    #expect(report.connected == 65_010)
    #expect(report.groups[.name]?.map(\.connections) == [13_000, 13_000, 13_000, 13_000, 13_000])
    #expect(report.groups[.command]?.first?.name == "set")
    #expect(report.groups[.user]?.first?.connections == 65_000)
    #expect(report.groups[.address]?.count == ClientRegistry.maximumGroups)
    #expect(report.otherGroups[.address] == 280 - ClientRegistry.maximumGroups)
    #expect(report.clients.count == ClientRegistry.maximumRows)
    #expect(report.clients.first?.id == 31_000)
    #expect(report.clients.filter(\.isOwn).map(\.id) == [5])
  }

  @Test func `names beyond the limit are counted together and room is made again`() {
    var registry = ClientRegistry()
    func take(_ range: Range<Int>) {
      for id in range {
        let text = line(id, host: "h", name: "n\(id)", memory: 1)
        ClientLine.forEach(in: Array(text.utf8)) { registry.take($0) }
      }
    }
    take(1..<6000)
    #expect(registry.report(connected: nil).groups[.name]?.first?.connections ?? 0 > 1000)
    for id in 1..<5900 { registry.remove(UInt64(id)) }
    registry.compact()
    take(5900..<6000)
    let report = registry.report(connected: nil)
    #expect(report.seen == 100)
    #expect(report.groups[.name]?.allSatisfy { $0.connections == 1 } == true)
  }

  /// Plays a server with many connections and lists them page by page.
  private func sweep(live: Set<UInt64>, newest: UInt64, looks: Int) -> (seen: Int, pages: Int) {
    var sweep = ClientSweep()
    var known = Set<UInt64>()
    var most = 0
    for _ in 0..<looks {
      let pages = sweep.pages(
        newestID: newest, knownIDs: known, connected: UInt64(live.count))
      most = max(most, pages.count)
      for page in pages {
        #expect(page.count <= ClientSweep.pageIDs)
        for id in page { if live.contains(id) { known.insert(id) } else { known.remove(id) } }
      }
    }
    return (known.count, most)
  }

  @Test func `a dense server is seen whole in a bounded number of looks`() {
    let live = Set(3...65_002 as ClosedRange<UInt64>)
    let result = sweep(live: live, newest: 65_010, looks: 40)
    #expect(result.seen == 65_000)
    #expect(result.pages <= ClientSweep.pagesPerLook + 2)
  }

  @Test func `a server of many past connections shows its oldest and newest first`() {
    let old = Set(10...1500 as ClosedRange<UInt64>)
    let recent = Set(999_990_000...1_000_000_000 as ClosedRange<UInt64>)
    let result = sweep(live: old.union(recent), newest: 1_000_000_000, looks: 20)
    #expect(result.seen > 1490 + 8_000)
  }

  @Test func `connections that closed are forgotten and new ones found`() {
    var sweep = ClientSweep()
    var live = Set(1...3000 as ClosedRange<UInt64>)
    var known = Set<UInt64>()
    func look(newest: UInt64) {
      let pages = sweep.pages(newestID: newest, knownIDs: known, connected: UInt64(live.count))
      for page in pages {
        for id in page { if live.contains(id) { known.insert(id) } else { known.remove(id) } }
      }
    }
    for _ in 0..<4 { look(newest: 3000) }
    #expect(known == live)
    live.subtract(100...900)
    live.formUnion(3001...3400)
    for _ in 0..<6 { look(newest: 3400) }
    #expect(known == live)
  }
}
