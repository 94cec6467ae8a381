// The replies of CLUSTER SHARDS (7.0 and later), CLUSTER SLOTS and CLUSTER NODES. Fields that are not
// known are passed over; an entry without what it needs is left out; a reply of another form gives nil.

extension ClusterTopology {
  /// What the reader of a reply must know besides.
  struct Asked {
    /// The host that was asked: what an empty endpoint stands for.
    var host: String
    /// The connection uses TLS: `tls-port` rather than `port`.
    var usesTLS = false
  }

  /// Fields of a map, which RESP2 gives as names and values in turn.
  private static func fields(_ reply: RESPValue) -> [String: RESPValue]? {
    guard let parts = reply.array else { return nil }
    var fields: [String: RESPValue] = [:]
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      if let name = parts[index].text { fields[name] = parts[index + 1] }
    }
    return fields
  }

  private static func name(_ value: RESPValue?) -> String? {
    guard let text = value?.text, !text.isEmpty else { return nil }
    return PlainText.safe(text, limit: 253)
  }

  private static func slot(_ value: RESPValue) -> Int? {
    value.unsigned.flatMap { $0 < UInt64(HashSlot.count) ? Int($0) : nil }
  }

  // MARK: CLUSTER SHARDS

  init?(shards reply: RESPValue, _ asked: Asked) {
    guard let entries = reply.array, entries.count <= Self.nodeLimit else { return nil }
    var shards: [Shard] = []
    var count = 0
    for entry in entries {
      guard let fields = Self.fields(entry), let members = fields["nodes"]?.array else { continue }
      var shard = Shard()
      let bounds = fields["slots"]?.array ?? []
      shard.slots = SlotRanges(
        stride(from: 0, to: bounds.count - 1, by: 2).compactMap { index in
          guard let low = Self.slot(bounds[index]), let high = Self.slot(bounds[index + 1]),
            low <= high
          else { return nil }
          return low...high
        })
      for member in members {
        guard let (node, isPrimary) = Self.member(member, asked) else { continue }
        count += 1
        guard count <= Self.nodeLimit else { return nil }
        guard isPrimary else {
          shard.replicas.append(node)
          continue
        }
        // Around a failover a shard may list two: the one that is not failed serves.
        if let first = shard.primary, first.health == .online || node.health == .failed {
          shard.replicas.append(node)
        } else {
          if let first = shard.primary { shard.replicas.append(first) }
          shard.primary = node
        }
      }
      if shard.primary != nil || !shard.replicas.isEmpty { shards.append(shard) }
    }
    self.init(source: .shards, shards: shards)
  }

  private static func member(_ reply: RESPValue, _ asked: Asked) -> (Node, isPrimary: Bool)? {
    guard let fields = fields(reply), let id = name(fields["id"]) else { return nil }
    func port(_ name: String) -> UInt16? {
      fields[name]?.unsigned.flatMap { UInt16(exactly: $0) }.flatMap { $0 > 0 ? $0 : nil }
    }
    let port = asked.usesTLS ? port("tls-port") ?? port("port") : port("port")
    var node = Node(id: id, address: nil)
    if let port {
      // Without the field at all, the address of the network is what there is.
      let endpoint = fields["endpoint"] == nil ? fields["ip"]?.text : fields["endpoint"]?.text
      node.address = NodeAddress(host: endpoint, port: port, ownHost: asked.host)
    }
    node.hostname = name(fields["hostname"])
    node.ip = name(fields["ip"])
    node.replicationOffset = fields["replication-offset"]?.unsigned
    node.availabilityZone = name(fields["availability-zone"])
    switch fields["health"]?.text {
    case "online": node.health = .online
    case "failed", "fail": node.health = .failed
    case "loading": node.health = .loading
    default: break
    }
    return (node, fields["role"]?.text == "master" || fields["role"]?.text == "primary")
  }

  // MARK: CLUSTER SLOTS

  init?(slots reply: RESPValue, _ asked: Asked) {
    guard let entries = reply.array, entries.count <= HashSlot.count else { return nil }
    var order: [String] = []
    var shards: [String: Shard] = [:]
    var ranges: [String: [ClosedRange<Int>]] = [:]
    for entry in entries {
      guard let parts = entry.array, parts.count >= 3, let low = Self.slot(parts[0]),
        let high = Self.slot(parts[1]), low <= high, let primary = Self.listed(parts[2], asked)
      else { continue }
      if shards[primary.id] == nil {
        guard order.count < Self.nodeLimit else { return nil }
        order.append(primary.id)
        var shard = Shard()
        shard.primary = primary
        shard.replicas = parts[3...].prefix(Self.nodeLimit).compactMap { Self.listed($0, asked) }
        shards[primary.id] = shard
      }
      ranges[primary.id, default: []].append(low...high)
    }
    self.init(
      source: .slots,
      shards: order.compactMap { id in
        var shard = shards[id]
        shard?.slots = SlotRanges(ranges[id] ?? [])
        return shard
      })
  }

  /// `[endpoint or null, port, id, [name, value, …]]`; the id came with Redis 4, the rest with 7.0.
  private static func listed(_ reply: RESPValue, _ asked: Asked) -> Node? {
    guard let parts = reply.array, parts.count >= 2,
      let port = parts[1].unsigned.flatMap({ UInt16(exactly: $0) }), port > 0
    else { return nil }
    let address = NodeAddress(host: parts[0].text, port: port, ownHost: asked.host)
    let given = parts.count > 2 ? name(parts[2]) : nil
    guard let id = given ?? address?.description else { return nil }
    var node = Node(id: id, address: address)
    if parts.count > 3, let metadata = fields(parts[3]) {
      node.hostname = name(metadata["hostname"])
      node.ip = name(metadata["ip"])
      node.availabilityZone = name(metadata["availability-zone"])
    }
    return node
  }
}

// MARK: CLUSTER NODES

/// One line of CLUSTER NODES.
struct ClusterNodeLine: Hashable {
  var node: ClusterTopology.Node
  var isMyself = false
  var isPrimary = false
  /// Of a replica; nil for a primary.
  var primaryID: String?
  var slots = SlotRanges()
  /// Of the node that was asked only.
  var openSlots: [ClusterTopology.OpenSlot] = []

  /// `id ip:port@cport,hostname,key=value flags primary ping pong epoch link slot…`
  ///
  /// - Returns: nil for a node that no client can talk to yet or any more, and for any other text.
  init?(_ line: Substring, _ asked: ClusterTopology.Asked) {
    let words = line.split(separator: " ")
    guard words.count >= 8, words[0].utf8.count <= 64 else { return nil }
    let id = PlainText.safe(String(words[0]), limit: 64)
    let flags = words[2].split(separator: ",")
    if flags.contains("handshake") || flags.contains("noaddr") { return nil }
    let endpoint = words[1].split(separator: ",", omittingEmptySubsequences: false)
    let place = endpoint[0].split(separator: "@", omittingEmptySubsequences: false)[0]
    node = ClusterTopology.Node(id: id, address: NodeAddress(parsing: place, ownHost: asked.host))
    if endpoint.count > 1, !endpoint[1].isEmpty, !endpoint[1].contains("=") {
      node.hostname = PlainText.safe(String(endpoint[1]), limit: 253)
    }
    if let colon = place.lastIndex(of: ":"), colon > place.startIndex {
      node.ip = PlainText.safe(String(place[..<colon]), limit: 64)
    }
    node.configEpoch = Decimal64.unsigned(Array(words[6].utf8)[...])
    node.health =
      flags.contains("fail") ? .failed : flags.contains("fail?") ? .suspected : .online
    isMyself = flags.contains("myself")
    isPrimary = flags.contains("master")
    if !isPrimary, words[3] != "-" { primaryID = PlainText.safe(String(words[3]), limit: 64) }
    var ranges: [ClosedRange<Int>] = []
    for word in words[8...] {
      if word.hasPrefix("[") {
        if let open = Self.openSlot(word, id) { openSlots.append(open) }
      } else if let range = Self.range(word) {
        ranges.append(range)
      }
    }
    slots = SlotRanges(ranges)
  }

  private static func range(_ word: Substring) -> ClosedRange<Int>? {
    let ends = word.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count <= 2, let low = slot(ends[0]), let high = slot(ends[ends.count - 1]),
      low <= high
    else { return nil }
    return low...high
  }

  private static func slot(_ digits: Substring) -> Int? {
    Decimal64.unsigned(Array(digits.utf8)[...]).flatMap {
      $0 < UInt64(HashSlot.count) ? Int($0) : nil
    }
  }

  /// `[77->-id]` leaves for that node, `[77-<-id]` comes from it.
  private static func openSlot(_ word: Substring, _ own: String) -> ClusterTopology.OpenSlot? {
    guard word.hasSuffix("]") else { return nil }
    let inside = word.dropFirst().dropLast()
    guard let dash = inside.firstIndex(of: "-"), let slot = slot(inside[..<dash]) else {
      return nil
    }
    let rest = inside[dash...]
    let other = PlainText.safe(String(rest.dropFirst(3)), limit: 64)
    if rest.hasPrefix("->-") { return .init(slot: slot, from: own, to: other) }
    if rest.hasPrefix("-<-") { return .init(slot: slot, from: other, to: own) }
    return nil
  }

  /// All lines that name a node.
  static func all(_ text: [UInt8], _ asked: ClusterTopology.Asked) -> [ClusterNodeLine] {
    String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
      .prefix(ClusterTopology.nodeLimit).compactMap { ClusterNodeLine($0, asked) }
  }
}

extension ClusterTopology {
  /// - Parameter text: the reply of CLUSTER NODES.
  init?(nodes text: [UInt8], _ asked: Asked) {
    let lines = ClusterNodeLine.all(text, asked)
    guard !lines.isEmpty else { return nil }
    var shards: [String: Shard] = [:]
    for line in lines where line.isPrimary {
      var shard = Shard()
      shard.primary = line.node
      shard.slots = line.slots
      shards[line.node.id] = shard
    }
    var orphans: [Shard] = []
    for line in lines where !line.isPrimary {
      if let primary = line.primaryID, shards[primary] != nil {
        shards[primary]?.replicas.append(line.node)
      } else {
        var shard = Shard()
        shard.replicas = [line.node]
        orphans.append(shard)
      }
    }
    self.init(source: .nodes, shards: Array(shards.values) + orphans)
    openSlots = lines.flatMap(\.openSlots)
  }
}
