package import ConsoleModel

/// The connections of one server as far as they were listed: a few numbers for each, names held
/// once, and the full line only of the largest.
///
/// 65,000 connections cost about 5 MB while the panel is open; the list of all of them would be
/// 20 MB of text for each look.
package struct ClientRegistry: Sendable {
  /// More than a server takes by default or by quota (10,000; ElastiCache 65,000).
  package static let maximumConnections = 131_072
  /// Different names, users, commands or addresses that are told apart.
  package static let maximumNames = 4096
  /// Rows of a report for each grouping.
  package static let maximumGroups = 64
  /// Connections listed one by one.
  package static let maximumRows = 256

  private struct Record: Sendable {
    var names: [4 of UInt16] = [0, 0, 0, 0]
    var idleSeconds: UInt32 = 0
    var outputBytes: UInt64 = 0
    var memoryBytes: UInt64 = 0
  }

  private var records: [UInt64: Record] = [:]
  private var tables = ClientReport.Grouping.allCases.map { _ in NameTable() }
  private var rows: [UInt64: ClientReport.Client] = [:]
  /// What a connection must exceed to be listed while the list is full.
  private var smallestRow: UInt64 = 0
  /// The console's connections, by id or by name.
  package var ownIDs: Set<UInt64> = []
  package var ownName: String?

  package init() {}

  package var count: Int { records.count }

  package func contains(_ id: UInt64) -> Bool { records[id] != nil }

  /// The ids listed so far, in no order.
  package var ids: Dictionary<UInt64, some Sendable>.Keys { records.keys }

  package mutating func removeAll() { self = ClientRegistry(keepingOwn: self) }

  private init(keepingOwn other: ClientRegistry) {
    ownIDs = other.ownIDs
    ownName = other.ownName
  }

  package mutating func remove(_ id: UInt64) {
    records[id] = nil
    rows[id] = nil
  }

  package mutating func take(_ line: ClientLine) {
    guard records.count < Self.maximumConnections || records[line.id] != nil else { return }
    var record = Record()
    record.names[0] = tables[0].number(of: String(line.host))
    record.names[1] = tables[1].number(of: line.name)
    record.names[2] = tables[2].number(of: line.user)
    record.names[3] = tables[3].number(of: line.command)
    record.idleSeconds = UInt32(clamping: line.idleSeconds)
    record.outputBytes = line.outputBytes
    record.memoryBytes = line.memoryBytes
    records[line.id] = record
    list(line)
  }

  /// Keeps the full line if it is among the largest; the list is cut only when twice as long, so a
  /// line costs little.
  private mutating func list(_ line: ClientLine) {
    let weight = Self.weight(line.memoryBytes, line.outputBytes)
    let isOwn = ownIDs.contains(line.id) || (ownName.map { $0 == line.name } ?? false)
    guard rows[line.id] != nil || isOwn || weight >= smallestRow else { return }
    rows[line.id] = ClientReport.Client(
      id: line.id, address: line.address, name: line.name, user: line.user,
      database: line.database, command: line.command, ageSeconds: line.ageSeconds,
      idleSeconds: line.idleSeconds, outputBytes: line.outputBytes, memoryBytes: line.memoryBytes,
      flags: line.flags, isOwn: isOwn)
    guard rows.count >= 2 * Self.maximumRows else { return }
    let kept = largest
    rows = Dictionary(kept.map { ($0.id, $0) }) { first, _ in first }
    smallestRow = kept.last.map { Self.weight($0.memoryBytes, $0.outputBytes) } ?? 0
  }

  private static func weight(_ memory: UInt64, _ output: UInt64) -> UInt64 {
    memory.addingOrMax(output)
  }

  /// Largest first; the console's own among them whatever their size.
  private var largest: [ClientReport.Client] {
    let sorted = rows.values.sorted {
      let (left, right) = (
        Self.weight($0.memoryBytes, $0.outputBytes), Self.weight($1.memoryBytes, $1.outputBytes)
      )
      return left == right ? $0.id < $1.id : left > right
    }
    guard sorted.count > Self.maximumRows else { return sorted }
    let own = sorted[Self.maximumRows...].filter(\.isOwn)
    return Array(sorted[..<max(0, Self.maximumRows - own.count)]) + own
  }

  /// Groups and rows of what was listed.
  ///
  /// - Parameter connected: what the server says it has.
  package func report(connected: UInt64?) -> ClientReport {
    var report = ClientReport()
    report.seen = records.count
    report.connected = connected
    for (index, grouping) in ClientReport.Grouping.allCases.enumerated() {
      var groups = tables[index].names.map { ClientReport.Group(name: $0, connections: 0) }
      for record in records.values {
        let at = Int(record.names[index])
        groups[at].connections += 1
        groups[at].idleSecondsMaximum = max(
          groups[at].idleSecondsMaximum, UInt64(record.idleSeconds))
        groups[at].outputBytes = groups[at].outputBytes.addingOrMax(record.outputBytes)
        groups[at].memoryBytes = groups[at].memoryBytes.addingOrMax(record.memoryBytes)
      }
      groups = groups.filter { $0.connections > 0 }.sorted {
        ($1.connections, $0.name) < ($0.connections, $1.name)
      }
      report.groups[grouping] = Array(groups.prefix(Self.maximumGroups))
      report.otherGroups[grouping] = max(0, groups.count - Self.maximumGroups)
    }
    report.clients = largest
    return report
  }

  /// Starts the name tables afresh when churn has filled them with names that nobody has any more.
  package mutating func compact() {
    for (index, _) in tables.enumerated() where tables[index].isFull {
      var used = [Bool](repeating: false, count: tables[index].names.count)
      for record in records.values { used[Int(record.names[index])] = true }
      guard let numbers = tables[index].compact(keeping: used) else { continue }
      for id in records.keys {
        if let old = records[id]?.names[index] { records[id]?.names[index] = numbers[Int(old)] }
      }
    }
  }
}

/// Names by number. Number 0 stands for all names beyond the limit.
private struct NameTable: Sendable {
  private(set) var names = [NameTable.other]
  private var numbers: [String: UInt16] = [:]

  static let other = "(others)"

  var isFull: Bool { names.count >= ClientRegistry.maximumNames }

  mutating func number(of name: String) -> UInt16 {
    if let known = numbers[name] { return known }
    guard !isFull else { return 0 }
    let number = UInt16(names.count)
    names.append(name)
    numbers[name] = number
    return number
  }

  /// New numbers by old one; nil if every name is in use.
  mutating func compact(keeping used: [Bool]) -> [UInt16]? {
    guard used.dropFirst().contains(false) else { return nil }
    var table = NameTable()
    let numbers = names.indices.map { index in
      index > 0 && used[index] ? table.number(of: names[index]) : 0
    }
    self = table
    return numbers
  }
}
