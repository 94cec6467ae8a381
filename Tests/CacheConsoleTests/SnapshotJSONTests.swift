import Documents
import CacheConsole
import ConsoleModel
import TestKit
import Testing

@Suite struct SnapshotJSONTests {
  @Test(
    arguments: [
      ([], ""), ([0x66], "Zg=="), ([0x66, 0x6F], "Zm8="), ([0x66, 0x6F, 0x6F], "Zm9v"),
      ([0x66, 0x6F, 0x6F, 0x62], "Zm9vYg=="), ([0xFF, 0xFE], "//4="),
    ] as [([UInt8], String)])
  func base64IsThatOfTheRFC(bytes: [UInt8], expected: String) {
    #expect(Base64.encode(bytes) == expected)
  }

  @Test func textIsEscapedSoThatATerminalIsSafe() {
    var writer = JSONWriter()
    writer.value("\u{1B}[2J\"\\\n\u{202E}\u{9B}é")
    #expect(writer.text == #""\u001b[2J\"\\\n\u202e\u009bé""#)
  }

  @Test func numbersKeepTheirMeaning() {
    var writer = JSONWriter()
    writer.array { json in
      json.value(Double.nan)
      json.value(0.1)
      json.value(1e300)
      json.value(2.0)
      json.value(UInt64.max)
      json.value(UInt64(1) << 53)
    }
    #expect(writer.text == #"[null,0.1,1e+300,2,"18446744073709551615",9007199254740992]"#)
  }

  @Test func theDocumentBeginsWithItsSchemaAndAnotherReaderTakesIt() throws {
    let now = MonotonicTime(nanoseconds: 5_000_000_000)
    var snapshot = Snapshot(
      environment: .init(name: "shop\u{1B}", environmentClass: .staging), at: WallTime(seconds: 0),
      taken: now)
    snapshot.tiers = [
      TierStatus(
        id: .l2, title: "L2 redis", state: .live,
        lastReply: MonotonicTime(nanoseconds: 4_500_000_000),
        hitRatio: 0.932, lookups: 1000, opsPerSecond: 12.5, p95: 900, memoryUsed: 5)
    ]
    snapshot.nodes = [NodeStatus(id: NodeID("redis-1"), address: "127.0.0.1:1")]
    snapshot.hotKeys.rows = [
      .init(node: NodeID("redis-1"), key: KeyName([0xFF]), share: 0.3, source: "object-freq")
    ]
    snapshot.slow = [
      SlowEntry(
        node: NodeID("redis-1"), runID: "r", id: 1, at: WallTime(seconds: 1), microseconds: 5,
        arguments: [.bytes([0x47]), .masked(length: 9)])
    ]
    let text = SnapshotJSON.make(snapshot)
    #expect(text.hasPrefix(#"{"schema":"cacheconsole.snapshot","version":1,"at":"1970"#))
    #expect(!text.contains("\n"))
    let result = try ChildProcess.run(
      "python3",
      [
        "-c",
        """
        import json,sys
        d=json.loads(sys.argv[1]); t=d["tiers"][0]
        print(t["id"],t["state"],t["age_ms"],t["hit_ratio"],d["nodes"][0]["state"],
          d["hot_keys"][0]["key"]["base64"],d["slow"][0]["arguments"][1]["masked_bytes"],d["class"])
        """, text,
      ])
    #expect(result.output.hasPrefix("l2 live 500 0.932 down /w== 9 staging"), "\(result)")
  }

  @Test func topologiesAreThere() throws {
    let now = MonotonicTime(nanoseconds: 5_000_000_000)
    var snapshot = Snapshot(
      environment: .init(name: "shop", environmentClass: .staging), at: WallTime(seconds: 0),
      taken: now)
    #expect(SnapshotJSON.make(snapshot).contains(#""topologies":[]"#))
    let members = [
      TopologyMember(
        node: NodeID("redis-1"), serverID: "aa", address: "10.0.0.1:6379", role: .primary,
        health: .online),
      TopologyMember(
        serverID: "bb\u{1B}", address: "10.0.0.2:6379", role: .replica, primaryID: "aa",
        link: .down,
        lagBytes: 12, health: .suspected, flags: ["nofailover"]),
    ]
    snapshot.topologies = [
      Topology(
        id: "shop", kind: .cluster, state: .fail, readAt: MonotonicTime(nanoseconds: 4_000_000_000),
        source: NodeID("redis-1"), epoch: 7,
        shards: [
          TopologyShard(id: "s1", ranges: [SlotRange(0, 99)].compactMap(\.self), members: members)
        ],
        openSlots: [OpenSlot(slot: 5, direction: .migrating, source: "aa", target: nil)]),
      Topology(id: "pair", kind: .replication),
    ]
    let result = try ChildProcess.run(
      "python3",
      [
        "-c",
        """
        import json,sys
        c,p=json.loads(sys.argv[1])["topologies"]; s=c["shards"][0]; m=s["members"][1]
        print(c["kind"],c["state"],c["age_ms"],c["read_from"],c["epoch"],c["slots_served"],
          c["uncovered"],c["open_slots"][0]["state"],s["ranges"],m["lag_bytes"],m["flags"],m["node"],
          p["slots_served"],p["age_ms"])
        """, SnapshotJSON.make(snapshot),
      ])
    #expect(
      result.output.hasPrefix(
        "cluster fail 1000 redis-1 7 100 [[100, 16383]] migrating [[0, 99]] 12 ['nofailover'] None None None"
      ), "\(result)")
  }
}
