import Collectors
import ConsoleModel
import Redis
import TestKit
import Testing

@Suite struct ServerNumberTests {
  @Test(
    arguments: [
      ("0", 0), ("42", 42), ("18446744073709551615", UInt64.max), ("007", 7),
      ("9223372036854775808", 1 << 63),
    ] as [(String, UInt64)])
  func `a count is read`(_ text: String, _ value: UInt64) {
    #expect(ServerNumber.unsigned(text) == value)
  }

  @Test(arguments: [
    "", "-1", "+1", " 1", "1 ", "1.5", "nan", "inf", "0x10", "18446744073709551616",
    "99999999999999999999", "111111111111111111111111", "12%", "１２",
  ])
  func `what is no count is absent`(_ text: String) {
    #expect(ServerNumber.unsigned(text) == nil)
  }

  @Test(
    arguments: [("1.08", 1.08), ("99.71%", 99.71), ("0.00", 0), ("1e3", 1000), ("5", 5)]
      as [(String, Double)])
  func `a real is read with or without per-cent sign`(_ text: String, _ value: Double) {
    #expect(ServerNumber.real(text) == value)
  }

  @Test(arguments: ["", "-1.5", "nan", "-nan", "inf", "1e999", "0x1p3", "%", "1.2.3", "e5"])
  func `what is no finite non-negative real is absent`(_ text: String) {
    #expect(ServerNumber.real(text) == nil)
  }

  @Test func `arithmetic on counters saturates`() {
    #expect(UInt64.max.addingOrMax(1) == .max)
    #expect(UInt64(3).subtractingOrZero(5) == 0)
  }
}

@Suite struct InfoReplyTests {
  @Test func `fields of Redis are found in their sections`() {
    let info = InfoReply(Fixtures.redis)
    #expect(info.unsigned("server_time_usec") == 1_795_346_966_595_069)
    #expect(info.mode == "standalone")
    #expect(info.identity?.product == "redis")
    #expect(info.identity?.version == "7.0.15")
    #expect(info.identity?.processID == 16872)
    #expect(info.document.sections.map(\.name).prefix(3) == ["Server", "Clients", "Memory"])
    #expect(info["config_file"] == "")
    #expect(info.unsigned("second_repl_offset") == nil)
    #expect(info.real("used_memory_peak_perc") == 100.18)
  }

  @Test func `Valkey is named by its own version and mode`() {
    let info = InfoReply(Fixtures.valkey)
    #expect(info.identity?.product == "valkey")
    #expect(info.identity?.version == "9.1.2")
    #expect(info.mode == "standalone")
    #expect(info.commandCounters.map(\.name) == ["config|get", "get"])
    #expect(info.databases.first?.averageTTL == 99995)
  }

  @Test func `gauges are filled and an unlimited server has no limit`() {
    let figures = NodeFigures(gaugesOf: InfoReply(Fixtures.redis))
    #expect(figures.memoryUsed == 1_015_480)
    #expect(figures.memoryLimit == nil)
    #expect(figures.allocatorFragmentationRatio == 1.08)
    #expect(figures.evictionPolicy == "noeviction")
    #expect(figures.keys == 3)
    #expect(figures.databases == [DatabaseFigures(index: 0, keys: 3, expires: 1, averageTTL: nil)])
    #expect(figures.isLoading == false)
    #expect(figures.lastSaveOK == true)
    #expect(figures.role == "master")
  }

  @Test func `the slowest replica counts`() {
    let info = InfoReply(
      Array(
        """
        # Replication\r
        role:master\r
        connected_slaves:3\r
        slave0:ip=::1,port=6380,state=online,offset=900,lag=1\r
        slave1:ip=10.0.0.2,port=6380,state=online,offset=400,lag=0\r
        slave2:ip=10.0.0.3,port=6380,state=wait_bgsave,offset=-1,lag=-1\r
        slave_read_only:1\r
        master_repl_offset:1000\r
        """.utf8))
    #expect(info.replicaLag.bytes == 600)
    #expect(info.replicaLag.seconds == 1)
  }

  @Test func `an empty keyspace has no keys, an absent one is unknown`() {
    #expect(NodeFigures(gaugesOf: InfoReply(Array("# Keyspace\r\n".utf8))).keys == 0)
    #expect(NodeFigures(gaugesOf: InfoReply(Array("# Server\r\n".utf8))).keys == nil)
  }

  @Test(
    arguments: [
      "", ":", "::::", "#", "a:b", "cmdstat_:calls=", "# Commandstats\ncmdstat_x:calls=-1,usec=nan",
      "# Commandstats\ncmdstat_x:",
      "# Keyspace\ndb:keys=1\ndb-1:keys=1\ndb99999999999999999999:keys=1",
      "# Replication\nslave:offset=1\nslave0:offset=inf,lag=\nmaster_repl_offset:-5",
      "# Errorstats\nerrorstat_:count=\nerrorstat_X:count=99999999999999999999",
      "no newline at all", "\r\r\r\n\n\n", "#\u{0}\n\u{0}:\u{0}",
    ] as [String])
  func `a malformed reply is read without a trap`(_ text: String) {
    let info = InfoReply(Array(text.utf8))
    _ = (info.commandCounters, info.errorCounters, info.databases, info.replicaLag, info.identity)
    _ = NodeFigures(gaugesOf: info)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `damaged replies are read without a trap`(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<40 {
      var bytes = Fixtures.valkey
      for _ in 0..<Int.random(in: 1...60, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      let info = InfoReply(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))))
      _ = NodeFigures(gaugesOf: info)
      _ = CounterSample(info, arrival: MonotonicTime(nanoseconds: 0), own: ProbeLedger())
    }
  }

  @Test func `a reply of many fields is cut`() {
    let text = (0..<50_000).map { "field_\($0):1" }.joined(separator: "\n")
    let info = InfoReply(Array(text.utf8))
    #expect(info.document.sections.first?.fields.count == InfoReply.maximumFields)
    let long = InfoReply(Array(("x:" + String(repeating: "y", count: 100_000)).utf8))
    #expect(long["x"]?.count == InfoReply.maximumText)
  }

  @Test func `of a repeated field the first counts`() {
    #expect(InfoReply(Array("# A\nx:1\n# B\nx:2".utf8))["x"] == "1")
  }
}
