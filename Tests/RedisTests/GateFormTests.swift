import Redis
import TestKit
import Testing

/// Which forms pass the gate: the tables, without a server.
@Suite struct GateFormTests {
  private static func refusal(_ line: String) -> String? {
    CommandGate.readOnly.refusal(
      of: GateSamples.command(line.split(separator: " ").map(String.init)))
  }

  @Test(arguments: [
    "PING", "ping", "INFO", "INFO everything", "INFO server clients", "DBSIZE", "TIME", "ROLE",
    "SCAN 0", "scan 12345678901234567890 match product:* count 10000", "SCAN 0 COUNT 1 MATCH *",
    "GETRANGE k 0 -1", "MEMORY USAGE k", "Memory Usage k Samples 5", "CLIENT LIST", "CLIENT ID",
    "CLIENT LIST TYPE pubsub", "CLIENT LIST ID 1 2 3", "SLOWLOG GET", "SLOWLOG GET 128",
    "SLOWLOG GET -1", "SLOWLOG LEN", "LATENCY HISTOGRAM", "LATENCY HISTOGRAM get set",
    "LATENCY LATEST", "CONFIG GET maxmemory", "CONFIG GET MaxMemory hz", "ACL WHOAMI",
    "ACL DRYRUN default UNLINK k", "ACL DRYRUN default set k v", "COMMAND INFO get config|get",
    "GET cacheconsole:operations", "HGET cacheconsole:op f", "HMGET cacheconsole:op a b c",
    "MGET a b", "ZRANGE k 0 -1", "ZRANGE k 0 -1 WITHSCORES REV", "EXISTS a b",
    "ZRANGE k (1 +inf BYSCORE LIMIT 0 10 WITHSCORES", "XRANGE k - +", "XRANGE k (5-1 + COUNT 10",
    "XREVRANGE k + - COUNT 10", "XINFO STREAM k", "HSCAN k 0 COUNT 100", "LRANGE k 0 99",
  ])
  func `a permitted form passes`(line: String) { #expect(Self.refusal(line) == nil) }

  @Test(arguments: [
    // More or fewer arguments.
    "PING hello", "DBSIZE now", "GET", "GET a b", "GETRANGE k 0", "TIME 1", "TYPE a b", "MGET",
    "CLIENT ID 1", "SLOWLOG LEN 1", "ACL WHOAMI x", "SCAN", "SCAN 0 MATCH", "MEMORY USAGE",
    "CLIENT LIST ID", "XINFO STREAM k FULL",
    // Arguments that are not what they should be.
    "SCAN x", "SCAN -1", "SCAN 99999999999999999999", "SCAN 0 COUNT 0", "SCAN 0 COUNT -5",
    "SCAN 0 COUNT 10001", "SCAN 0 COUNT ten", "HSCAN k 0 COUNT 1000000", "GETRANGE k 0 z",
    "SLOWLOG GET -2", "SLOWLOG GET all", "CLIENT LIST ID -1", "CLIENT LIST TYPE all",
    "ZRANGE k a b", "XRANGE k - + COUNT 0", "XRANGE k $ +", "XRANGE k - + COUNT 99999",
    // Options that do more, or too much.
    "SCAN 0 TYPE string", "SCAN 0 MATCH * TYPE string", "SCAN 0 COUNT 1 COUNT 1",
    "SCAN 0 NOVALUES", "MEMORY USAGE k SAMPLES 0", "MEMORY USAGE k SAMPLES 1001",
    "MEMORY USAGE k SAMPLES -1", "ZRANGE k 0 -1 STORE x", "ZRANGE k 0 -1 BYSCORE BYSCORE",
    "ZRANGESTORE x k 0 -1", "HSCAN k 0 TYPE x", "CLIENT LIST TYPE normal ID 1",
    // Settings that are not harmless.
    "CONFIG GET *", "CONFIG GET max*", "CONFIG GET requirepass", "CONFIG GET hz masterauth",
    "CONFIG GET", "CONFIG GET m\u{E4}xmemory",
    // What DRYRUN is not asked.
    "ACL DRYRUN default FLUSHALL", "ACL DRYRUN default UNLINK", "ACL DRYRUN default",
    // Letters that become these in lower case, or are equal to them for Unicode.
    "ZRAN\u{212A} k m", "OBJECT FRE\u{51}\u{301} k", "CLIENT L\u{130}ST",
    // Two words in one, and names that are none.
    "SLOWLOG|LEN", "OBJECT|FREQ k", "CLIENT|LIST", "GET\0 a", "",
  ])
  func `any other form is refused`(line: String) { #expect(Self.refusal(line) != nil) }

  @Test func `a refusal shows the form that is permitted`() {
    #expect(
      Self.refusal("SCAN 0 TYPE string")
        == "a read-only console uses it only as SCAN cursor [MATCH pattern] [COUNT 1..10000]")
    #expect(
      Self.refusal("ZRANGE k x y")?.hasSuffix(
        " or as ZRANGE key score score BYSCORE [REV] [LIMIT offset offset] [WITHSCORES]") == true)
    #expect(Self.refusal("PFCOUNT k") == "it may write its result into the key")
    #expect(
      Self.refusal("SUBSCRIBE k") == "it is not among the reads that a read-only console uses")
  }

  @Test func `a list has an end`() {
    func refusal(_ count: Int) -> String? {
      CommandGate.readOnly.refusal(
        of: RedisCommand("MGET", [String](repeating: "k", count: count)))
    }
    #expect(refusal(CommandForm.maximumRepeats + 1) == nil)
    #expect(refusal(CommandForm.maximumRepeats + 2) != nil)
  }

  @Test func `each form takes what is made from it, and not with one word more or less`() {
    for form in CommandGate.serverReads + CommandGate.keyReads {
      for sample in GateSamples.of(form) {
        let line = sample.joined(separator: " ")
        #expect(CommandGate.readOnly.refusal(of: GateSamples.command(sample)) == nil, "\(line)")
        #expect(Self.refusal(line.lowercased()) == nil, "\(line)")
        guard form.repeated == nil else { continue }
        // A first section, event or command is a form of its own.
        let next = line + " STORE"
        if !["INFO", "LATENCY HISTOGRAM"].contains(line) {
          #expect(Self.refusal(next) != nil, "\(next)")
        }
      }
    }
  }

  @Test func `no form has a place for a word that makes a read a write`() {
    let words = [
      "STORE", "STOREDIST", "GET", "EX", "PX", "PERSIST", "BLOCK", "DEL", "RESET", "SET",
    ]
    let forms = CommandGate.serverReads + CommandGate.keyReads
    for form in forms where form.statName != "acl|dryrun" {
      let inner = form.text.split(separator: " ").dropFirst(
        GateSamples.words(of: form.statName).count)
      for word in words { #expect(!inner.contains { $0 == word }, "\(form.text)") }
    }
    #expect(Set(forms.map(\.text)).count == forms.count)
  }

  @Test func `random words never pass unless they are on the list`() {
    var generator = SplitMix64(seed: 20_261_125)
    let names = Set(CommandGate.keyReadNames + CommandGate.serverReadNames)
    let bare = Set(names.map { GateSamples.words(of: $0)[0] })
    let letters = Array("abcdefghijklmnopqrstuvwxyz_|")
    let pool =
      GateSamples.all.flatMap { $0 } + [
        "SET", "DEL", "UNLINK", "FLUSHALL", "CONFIG", "RESET", "KILL", "STORE", "KEYS", "EVAL", "*",
        "REWRITE", "EVAL_RO", "DEBUG", "SHUTDOWN", "XREAD", "BLOCK", "0", "-1", "NaN", "\r\n", "",
        "TYPE", "PURGE", "SETUSER", "GETEX", "GETDEL", "SORT", "COPY", "MIGRATE", "PAUSE",
      ]
    var passed = 0
    for _ in 0..<200_000 {
      var words = (0...UInt64.random(in: 0..<5, using: &generator)).map { _ in
        pool.randomElement(using: &generator) ?? ""
      }
      if UInt64.random(in: 0..<4, using: &generator) == 0 {
        words[0] = String(
          (0...UInt64.random(in: 0..<10, using: &generator)).map { _ in
            letters.randomElement(using: &generator) ?? "a"
          })
      }
      let command = GateSamples.command(words)
      guard CommandGate.readOnly.refusal(of: command) == nil else { continue }
      passed += 1
      // By the words themselves, not by what the gate makes of them.
      let first = words[0].lowercased()
      let both = words.count > 1 ? first + "|" + words[1].lowercased() : first
      #expect(bare.contains(first) && (names.contains(first) || names.contains(both)), "\(words)")
    }
    #expect(passed > 1000)
  }
}
