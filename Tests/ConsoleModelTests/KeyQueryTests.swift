import ConsoleModel
import Testing

@Suite struct KeyQueryTests {
  struct Case: Sendable {
    var line: String
    var pattern: String
    var filter: KeyFilter

    init(_ line: String, _ pattern: String, _ edit: (inout KeyFilter) -> Void = { _ in }) {
      self.line = line
      self.pattern = pattern
      filter = KeyFilter()
      edit(&filter)
    }
  }

  @Test(arguments: [
    Case("", "*"), Case("  ", "*"), Case("cart:*", "cart:*"), Case("two words*", "two words*"),
    Case("type:hash", "*") { $0.types = ["hash"] },
    Case("a* type:list,set", "a*") { $0.types = ["list", "set"] },
    Case("a* type:ReJSON-RL", "a*") { $0.types = ["ReJSON-RL"] },
    // What cannot be a filter is the pattern.
    Case("type:*", "type:*"), Case("ttl:soon", "ttl:soon"), Case("size\\:1k", "size\\:1k"),
    Case("user:ttl:5", "user:ttl:5"),
    Case("a ttl:<60", "a") { $0.life = .within(0...59_999) },
    Case("a ttl:<=60", "a") { $0.life = .within(0...60_000) },
    Case("a ttl:>1h", "a") { $0.life = .within(3_600_001...UInt64.max) },
    Case("a ttl:>=1d", "a") { $0.life = .within(86_400_000...UInt64.max) },
    Case("a ttl:1m..2m", "a") { $0.life = .within(60_000...120_000) },
    Case("a ttl:5", "a") { $0.life = .within(5_000...5_999) },
    Case("ttl:none", "*") { $0.life = .persistent },
    Case("ttl:any", "*") { $0.life = .limited },
    Case("* size:>1mb idle:>1h", "*") {
      $0.bytes = (1 << 20) + 1...UInt64.max
      $0.idleSeconds = 3_601...UInt64.max
    },
    Case("* size:<10K", "*") { $0.bytes = 0...10_239 },
    Case("p:* type:hash ttl:<60 size:1k..2k idle:<5m", "p:*") {
      $0.types = ["hash"]
      $0.life = .within(0...59_999)
      $0.bytes = 1_024...2_048
      $0.idleSeconds = 0...299
    },
  ])
  func `a line is a pattern and filters`(_ one: Case) throws {
    let query = try KeyQuery(parsing: one.line)
    #expect(String(decoding: query.pattern, as: UTF8.self) == one.pattern)
    #expect(query.filter == one.filter)
  }

  @Test(arguments: [
    ("a ttl:soon", "ttl:<60"), ("a size:1x", "size:>1mb"), ("a type:", "type:hash"),
    ("a type:a*", "type:hash"), ("a idle:none", "idle:>1h"), ("a ttl:<0", "ttl:<60"),
    ("a ttl:2h..1h", "ttl:1h..2h"), ("a ttl:<1 ttl:<2", "twice"),
    ("a size:99999999999999999999", "size:>1mb"), ("a ttl:18446744073709551615", "ttl:<60"),
    ("a size:>18446744073709551615", "size:>1mb"), ("a idle:1..", "idle:>1h"),
  ])
  func `what cannot be meant is refused, with what to write`(line: String, part: String) {
    #expect {
      try KeyQuery(parsing: line)
    } throws: { ($0 as? KeyQuery.Refusal)?.text.contains(part) == true }
  }
}
