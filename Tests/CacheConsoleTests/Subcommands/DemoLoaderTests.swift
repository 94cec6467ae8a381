import CacheConsole
import ConsoleModel
import Operations
import Storefront
import TestKit
import Testing

@Suite struct DemoLoaderTests {
  private static let options: DemoOptions = {
    var options = DemoOptions()
    options.seed = 7
    options.keys = 2000
    return options
  }()

  @Test func `every key of the shop gets the value that the demo fills in, where it is a string`()
    throws
  {
    let keys = ShopKeys(seed: 7, count: 2000)
    let values = ShopValues(seed: 7)
    var session = DemoLoader.Session(options: Self.options)
    var collections = 0
    for key in keys.ranked + [keys.flash] {
      let output = session.answer(Array((keys.name(key) + "\n").utf8)[...])
      guard case .string(let bytes) = values.value(of: key) else {
        collections += 1
        #expect(output.isEmpty)
        continue
      }
      let record = try RecordText.record(output.dropLast()[...])
      #expect(record.key == KeyName(keys.name(key)))
      #expect(record.value == .string(bytes))
      let life = try #require(record.timeToLive) / 1000
      let whole = Int64(key.kind.timeToLive)
      #expect(life <= whole && life >= whole * 9 / 10)
    }
    #expect(session.collections == collections && collections > 0)
    #expect(session.unknown == 0 && session.malformed == 0)
    #expect(session.notes.count == 1)
  }

  @Test(arguments: [
    "", "product", "product:", "product:1000", "product:1000:xx", "product:999:de",
    "product:01000:de",
    "product:-1:de", "product:999999999999999999999:de", "product:900000000:de", "session:10008",
    "session:0", "profile:9999999", "category:shoes:0", "category:hats:1", "search:0:0", "x:1",
    "product:1000:de:1", "profile:10007:", "orders:\u{0}",
  ]) func `what is no key of the shop gets no record`(name: String) {
    var session = DemoLoader.Session(options: Self.options)
    #expect(session.answer(RecordText.escape(Array(name.utf8)) + [10]).isEmpty)
    #expect(session.unknown + session.malformed == 1)
  }

  @Test func `the program answers a warm-up`() async throws {
    let program = try BuiltProgram.console()
    let keys = ShopKeys(seed: 7, count: 2000)
    let wanted = keys.ranked.prefix(300).map { KeyName(keys.name($0)) } + [KeyName("no:such")]
    let stream = try WarmStream(
      program: WarmProgram(
        command: DemoLoader.words(executable: program, options: Self.options), wanted: wanted),
      now: { WallTime(seconds: 1_795_000_000) })
    var found: Set<KeyName> = []
    while let records = try await stream.next(50) { found.formUnion(records.map(\.key)) }
    let values = ShopValues(seed: 7)
    let strings = keys.ranked.prefix(300).filter {
      if case .string = values.value(of: $0) { true } else { false }
    }
    #expect(found == Set(strings.map { KeyName(keys.name($0)) }))
    let report = stream.report
    #expect(report.missing == UInt64(301 - strings.count) && report.malformed == 0)
    #expect(report.messages.contains("1 of the keys are not in this shop"))
  }
}
