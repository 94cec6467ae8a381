import ConsoleModel
import Terminal

/// What the two lists of Clients show.
enum ClientColumns {
  typealias Group = ClientReport.Group
  typealias Client = ClientReport.Client

  static let groups: [Column<Group>] = [
    Column("group", minimum: 14, weight: 1, sortKey: { .text($0.name) }) { group, context, width in
      guard !group.name.isEmpty else { return TableCell("(none)", .dim) }
      return TableCell(context.safe(group.name, limit: width))
    },
    figure("connections", 11, 95, { Double($0.connections) }) {
      Format.grouped(UInt64(max(0, $0.connections)))
    },
    figure("idle up to", 10, 60, { Double($0.idleSecondsMaximum) }) {
      Format.duration($0.idleSecondsMaximum)
    },
    figure("output", 8, 70, { Double($0.outputBytes) }) { Format.bytes($0.outputBytes) },
    figure("memory", 8, 80, { Double($0.memoryBytes) }) { Format.bytes($0.memoryBytes) },
  ]

  static let clients: [Column<Client>] = [
    Column("heaviest clients", minimum: 21, weight: 2, sortKey: { .text($0.address) }) {
      client, context, width in
      let mark = client.isOwn ? "(console) " : ""
      return TableCell(
        mark + context.safe(client.address, limit: max(1, width - mark.count)),
        client.isOwn ? .dim : .normal)
    },
    Column("name", minimum: 10, weight: 1, priority: 55, sortKey: { .text($0.name) }) {
      client, context, width in TableCell(context.safe(client.name, limit: width))
    },
    Column("user", minimum: 8, priority: 35, sortKey: { .text($0.user) }) {
      client, context, width in TableCell(context.safe(client.user, limit: width), .dim)
    },
    Column("command", minimum: 12, priority: 65, sortKey: { .text($0.command) }) {
      client, context, width in TableCell(context.safe(client.command, limit: width))
    },
    figure("memory", 8, 90, { Double($0.memoryBytes) }) { Format.bytes($0.memoryBytes) },
    figure("output", 8, 80, { Double($0.outputBytes) }) { Format.bytes($0.outputBytes) },
    figure("idle", 7, 60, { Double($0.idleSeconds) }) { Format.duration($0.idleSeconds) },
    figure("age", 7, 40, { Double($0.ageSeconds) }) { Format.duration($0.ageSeconds) },
    Column("flags", minimum: 6, priority: 30, sortKey: { .text($0.flags) }) {
      client, context, width in TableCell(context.safe(client.flags, limit: width), .dim)
    },
  ]

  private static func figure<Row: Sendable>(
    _ title: String, _ width: Int, _ priority: Int, _ key: @escaping @Sendable (Row) -> Double,
    _ text: @escaping @Sendable (Row) -> String
  ) -> Column<Row> {
    .number(title, minimum: width, priority: priority, sort: { key($0) }, text)
  }

  /// Everything that is known of one connection, to be read exactly.
  static func parts(of client: Client) -> ElementList {
    let rows = [
      ElementRow("address", client.address), ElementRow("name", client.name),
      ElementRow("user", client.user), ElementRow("last command", client.command),
      ElementRow("id", "\(client.id)"), ElementRow("database", "\(client.database)"),
      ElementRow("memory", "\(Format.grouped(client.memoryBytes)) bytes"),
      ElementRow("output buffers", "\(Format.grouped(client.outputBytes)) bytes"),
      ElementRow("idle", "\(Format.grouped(client.idleSeconds)) s"),
      ElementRow("connected for", "\(Format.grouped(client.ageSeconds)) s"),
      ElementRow("flags", client.flags),
      ElementRow("whose", client.isOwn ? "this console's own connection" : "another client's"),
    ]
    return ElementList(count: rows.count, labelTitle: "field", contentTitle: "value") {
      rows.indices.contains($0) ? rows[$0] : nil
    }
  }

  /// What a client is counted under.
  static func groupName(_ client: Client, by grouping: ClientReport.Grouping) -> String {
    switch grouping {
    case .name: return client.name
    case .user: return client.user
    case .command: return client.command
    case .address:
      // The port is what follows the last colon, also in IPv6 addresses.
      guard let colon = client.address.utf8.lastIndex(of: UInt8(ascii: ":")) else {
        return client.address
      }
      return String(client.address[..<colon])
    }
  }
}
