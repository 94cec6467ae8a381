import ConsoleModel

@testable import Panels

/// Reports for the panels that list what servers say.
enum Reports {
  static let redis1 = NodeID("redis-1")
  static let redis2 = NodeID("redis-2")

  static func slow(
    _ id: UInt64, _ microseconds: UInt64, _ arguments: [SlowEntry.Argument],
    node: NodeID = redis1, secondsAgo: Int64 = 0, client: String = "10.0.0.7:5123",
    name: String = ""
  ) -> SlowEntry {
    SlowEntry(
      node: node, runID: "a", id: id,
      at: WallTime(microseconds: Desk.wall.microseconds - secondsAgo * 1_000_000),
      microseconds: microseconds, arguments: arguments, client: client, clientName: name)
  }

  static func words(_ text: String) -> [SlowEntry.Argument] {
    text.split(separator: " ").map { .bytes(Array($0.utf8)) }
  }

  static let slow = [
    slow(3, 18_200, words("HGETALL product:99120"), secondsAgo: 19, name: "checkout"),
    slow(
      2, 240_000, [.bytes(Array("SET".utf8)), .bytes(Hostile.bytes), .masked(length: 2_048)],
      node: redis2, secondsAgo: 60, name: "web"),
    slow(1, 9_000, words("SMEMBERS category:shoes:ids"), secondsAgo: 200_000),
  ]

  static var clients: ClientReport {
    var report = ClientReport()
    report.seen = 61_204
    report.connected = 65_000
    report.groups = [
      .address: [
        .init(
          name: "10.0.0.41", connections: 61_000, idleSecondsMaximum: 80, outputBytes: 5_000,
          memoryBytes: 900_000_000),
        .init(name: "10.0.0.40", connections: 203, idleSecondsMaximum: 7_200),
        .init(name: Hostile.text, connections: 1),
      ],
      .name: [.init(name: "web", connections: 61_000), .init(name: "", connections: 204)],
      .user: [.init(name: "default", connections: 61_204)],
      .command: [.init(name: "get", connections: 60_000)],
    ]
    report.otherGroups = [.address: 12]
    report.clients = [
      .init(
        id: 71, address: "10.0.0.41:40022", name: Hostile.text, user: "default", command: "get",
        ageSeconds: 86_400, idleSeconds: 1, outputBytes: 1_024, memoryBytes: 40_000, flags: "N"),
      .init(
        id: 72, address: "10.0.0.40:40023", name: "batch", user: "jobs", command: "lrange",
        ageSeconds: 60, idleSeconds: 7_200, outputBytes: 9_000_000, memoryBytes: 9_100_000),
      .init(
        id: 9, address: "10.0.0.2:50000", name: "cacheconsole", user: "default",
        command: "client|list", isOwn: true),
    ]
    return report
  }

  static let hotKeys = HotKeyReport(
    rows: [
      .init(
        node: redis1, key: KeyName("product:1181"), share: 0.312, source: "object-freq",
        frequency: 211),
      .init(node: redis2, key: Hostile.key, share: 0.04, source: "object-freq", frequency: 140),
      .init(node: redis1, key: KeyName("category:shoes:1"), share: nil, source: "object-freq"),
    ], sampled: 120_000, keys: 1_204_331)

  static func fill(_ snapshot: inout Snapshot) {
    snapshot.slow = slow
    snapshot.hotKeys = hotKeys
    for index in snapshot.nodes.indices {
      let id = snapshot.nodes[index].id
      snapshot.nodes[index].slow = Reading(value: slow.filter { $0.node == id }, at: Desk.start)
      snapshot.nodes[index].clients = Reading(value: clients, at: Desk.start)
      var own = hotKeys
      own.rows = own.rows.filter { $0.node == id }
      snapshot.nodes[index].hotKeys = Reading(value: own, at: Desk.start)
    }
  }
}

extension Desk {
  /// Two servers with reports of every kind.
  static func filled(
    _ panel: ActionID, access: Access = operator_, columns: Int = 120, rows: Int = 40,
    isUnicode: Bool = true, edit: (inout Snapshot) -> Void = { _ in }
  ) -> Desk {
    Desk(
      panel, nodes: [node("redis-1"), node("redis-2")], access: access, columns: columns,
      rows: rows, isUnicode: isUnicode
    ) {
      Reports.fill(&$0)
      edit(&$0)
    }
  }
}
