internal import EventLoop

/// Commands on their way through a cluster: which goes to which node next, and what the answers mean
/// for the rest. It knows no sockets; `ClusterClient` sends what it says and tells it the answers.
///
/// Commands with a key in common keep their order: they are in one batch, or the later one waits
/// until the earlier one has been answered.
struct ClusterPipeline {
  typealias Answer = Result<RESPValue, RedisError>

  struct Limits {
    /// MOVED and ASK that one command may follow.
    var redirects = 12
    /// Redirects that are followed at once; after them each waits like a failure.
    var quickRedirects = 3
    var backoff = Backoff()
  }

  /// Commands for one node, sent in one write.
  struct Batch {
    var id: Int
    var address: NodeAddress
    var commands: [RedisCommand]
    /// One of them may change something: it is sent once.
    var changes: Bool
    /// The last command is WAIT: it blocks its connection.
    var waits = false
    /// The entries, and where the answer of each is among the replies.
    var entries: [(index: Int, reply: Int)]
  }

  /// What the owner of the pipeline should do about an answer.
  struct Notice {
    /// Owners of slots that redirects have named.
    var learned: [(slot: Int, address: NodeAddress)] = []
    /// The topology is out of date, or something in the cluster is.
    var wantsRefresh = false
    /// The node redirects to its own address: another server than this connection's is there now.
    var wantsNewConnection = false
  }

  enum Target: Hashable {
    case owner
    case moved(NodeAddress)
    case ask(NodeAddress)
  }

  struct Entry {
    let command: RedisCommand
    let keys: [[UInt8]]
    let slot: Int
    let isChange: Bool
    var target = Target.owner
    var redirects = 0
    var failures = 0
    var notBefore = EventLoop.Instant(nanoseconds: .min)
    /// What the last attempt met; what the caller gets if there is no time for another.
    var last: Answer?
    var answer: Answer?
    /// Replicas that had the change when it was answered.
    var replicas = 0
  }

  /// How the answer of one command of the caller comes about.
  private enum Origin {
    case entry(Int)
    case split(CommandSplit, first: Int, isChange: Bool)
    case refused(RedisError)
  }

  let action: String
  let limits: Limits
  var entries: [Entry] = []
  private var origins: [Origin] = []
  /// Indexes of entries that are to be sent, in order.
  var waiting: [Int] = []
  /// Keys of entries that were sent again and are not answered yet.
  var keysUnderway: [[UInt8]: Int] = [:]
  /// By the number of failures, for one look at the pipeline: what failed together, at the same node
  /// most likely, is sent again together and not as so many batches of one.
  var delays: [Int: Duration] = [:]
  private var isFirstRound = true
  private var lastLook = EventLoop.Instant(nanoseconds: .min)
  private var batchCount = 0
  var unanswered: Int
  /// Reads may go to replicas: there is nothing in the pipeline that they would have to come after.
  private let usesReplicas: Bool
  private var turn: Int
  /// WAIT stands behind the changes of each batch.
  private let wait: ReplicaWait?
  private let deadline: EventLoop.Instant?

  init(
    _ commands: [RedisCommand], action: String, limits: Limits = Limits(),
    usesReplicas: Bool = false, turn: Int = 0, wait: ReplicaWait? = nil,
    deadline: EventLoop.Instant? = nil
  ) {
    self.action = action
    self.wait = wait
    self.deadline = deadline
    self.limits = limits
    self.turn = turn
    entries.reserveCapacity(commands.count)
    origins.reserveCapacity(commands.count)
    var isReadOnly = true
    for command in commands {
      let name = command.statName
      let isChange = !CommandGate.isRead(name)
      if isChange { isReadOnly = false }
      switch Self.placed(command, name, action) {
      case .failure(let error): origins.append(.refused(error))
      case .success(.one(let keys, let slot)):
        origins.append(.entry(entries.count))
        entries.append(Entry(command: command, keys: keys, slot: slot, isChange: isChange))
      case .success(.split(let split)):
        origins.append(.split(split, first: entries.count, isChange: isChange))
        for part in split.parts {
          entries.append(
            Entry(command: part.command, keys: part.keys, slot: part.slot, isChange: isChange))
        }
      }
    }
    self.usesReplicas = usesReplicas && isReadOnly
    unanswered = entries.count
    waiting = Array(entries.indices)
  }

  private enum Place {
    case one([[UInt8]], slot: Int)
    case split(CommandSplit)
  }

  private static func placed(
    _ command: RedisCommand, _ name: String, _ action: String
  ) -> Result<Place, RedisError> {
    func refusal(_ message: String, _ nextStep: String) -> Result<Place, RedisError> {
      .failure(
        RedisError(
          kind: .unsupported, endpoint: "cluster", action: action,
          message: "\(RedisError.commandText(name)) was not sent: " + message, nextStep: nextStep))
    }
    switch KeyLocator.locate(command) {
    case .oneNode:
      return refusal("it speaks of one node, and no key says which", "send it to a node")
    case .unknown: return refusal("it is not known where its keys are", "send it to a node")
    case .keys(let indexes):
      let keys = indexes.map { command.arguments[$0] }
      let slots = keys.map(HashSlot.of)
      if slots.allSatisfy({ $0 == slots[0] }) { return .success(.one(keys, slot: slots[0])) }
      if let split = CommandSplit(command, keys: keys, slots: slots) {
        return .success(.split(split))
      }
      return refusal(
        "its keys are in different slots of the cluster",
        "use keys with the same {tag}, or one command for each")
    }
  }

  var isDone: Bool { unanswered == 0 }

  /// When a command that waits may be sent; nil if none waits for a time. What was due at the last look
  /// and is still here waits for the answer of another.
  var nextTime: EventLoop.Instant? {
    waiting.lazy.map { entries[$0].notBefore }.filter { $0 > lastLook }.min()
  }

  /// The answers, in the order of the commands; complete when it is done.
  var answers: [Answer] {
    origins.map { origin in
      switch origin {
      case .refused(let error): return .failure(error)
      case .entry(let index): return answer(index)
      case .split(let split, let first, let isChange):
        return split.whole(
          split.parts.indices.map { answer(first + $0) }, isChange: isChange)
      }
    }
  }

  /// Replicas that had each command's change, in the order of the commands: of all of its parts.
  var replicas: [Int] {
    origins.map { origin in
      switch origin {
      case .refused: 0
      case .entry(let index): entries[index].replicas
      case .split(let split, let first, _):
        split.parts.indices.map { entries[first + $0].replicas }.min() ?? 0
      }
    }
  }

  private func answer(_ index: Int) -> Answer {
    entries[index].answer
      ?? .failure(
        RedisError(
          kind: .cancelled, endpoint: "cluster", action: action, message: "cancelled"))
  }
}

// MARK: Where to

extension ClusterPipeline {
  /// What can be sent now.
  mutating func nextBatches(_ owners: SlotOwners, now: EventLoop.Instant) -> (
    batches: [Batch], notice: Notice
  ) {
    delays = [:]
    lastLook = now
    var batches: [Batch] = []
    var places: [NodeAddress: Int] = [:]
    var notice = Notice()
    var kept: [Int] = []
    var again: [Int] = []
    // Keys of earlier entries that stay behind, and of those that go somewhere in this round.
    var held: Set<[UInt8]> = []
    var going: [[UInt8]: NodeAddress] = [:]
    // Keys of commands with several in the first round, true where one of them may change them.
    var several: [[UInt8]: Bool] = [:]
    for index in waiting {
      let entry = entries[index]
      func hold() {
        kept.append(index)
        if !isFirstRound || !several.isEmpty { held.formUnion(entry.keys) }
      }
      if entry.notBefore > now || isBlocked(entry, held) || comesBehind(entry, several) {
        hold()
        continue
      }
      guard let address = address(of: entry, owners) else {
        notice.wantsRefresh = true
        fail(index, nobody(entry.slot), now)
        hold()
        continue
      }
      if !isFirstRound {
        // An earlier one with the key goes to another node: that must answer first.
        if entry.keys.contains(where: { going[$0, default: address] != address }) {
          hold()
          continue
        }
        for key in entry.keys { going[key] = address }
        again.append(index)
      } else if entry.keys.count > 1 {
        for key in entry.keys { several[key] = several[key] ?? false || entry.isChange }
        again.append(index)
      }
      let place = places[address] ?? batches.count
      if place == batches.count {
        places[address] = place
        batchCount += 1
        batches.append(
          Batch(
            id: batchCount, address: address,
            commands: usesReplicas && owners[entry.slot] != address ? [Self.readOnly] : [],
            changes: false, entries: []))
      }
      if case .ask = entry.target { batches[place].commands.append(Self.asking) }
      batches[place].entries.append((index, batches[place].commands.count))
      batches[place].commands.append(entry.command)
      if entry.isChange { batches[place].changes = true }
    }
    if let wait {
      for index in batches.indices where batches[index].changes {
        batches[index].commands.append(wait.command(until: deadline, now: now))
        batches[index].waits = true
      }
    }
    waiting = kept
    for index in again {
      for key in entries[index].keys { keysUnderway[key, default: 0] += 1 }
    }
    isFirstRound = false
    return (batches, notice)
  }

  private static let asking = RedisCommand("ASKING")
  private static let readOnly = RedisCommand("READONLY")

  private func isBlocked(_ entry: Entry, _ held: Set<[UInt8]>) -> Bool {
    guard !held.isEmpty || !keysUnderway.isEmpty else { return false }
    return entry.keys.contains { held.contains($0) || keysUnderway[$0] != nil }
  }

  /// A command with several keys of a slot that is on its way may have to wait (TRYAGAIN) where the next
  /// command, with one of these keys, would not: that one is not sent before the first is answered.
  private func comesBehind(_ entry: Entry, _ several: [[UInt8]: Bool]) -> Bool {
    guard !several.isEmpty else { return false }
    return entry.keys.contains { key in several[key].map { $0 || entry.isChange } ?? false }
  }

  private mutating func address(of entry: Entry, _ owners: SlotOwners) -> NodeAddress? {
    switch entry.target {
    case .moved(let address), .ask(let address): return address
    case .owner:
      guard let primary = owners[entry.slot] else { return nil }
      // What failed once goes to the primary.
      guard usesReplicas, entry.failures == 0, entry.redirects == 0 else { return primary }
      let replicas = owners.replicas(of: primary)
      return replicas.isEmpty ? primary : replicas[(entry.slot &+ turn) % replicas.count]
    }
  }

  private func nobody(_ slot: Int) -> Answer {
    .failure(
      RedisError(
        kind: .unreachable, endpoint: "cluster", action: action,
        message: "no node is known that serves slot \(slot)",
        nextStep: "look at CLUSTER INFO: is the cluster whole?"))
  }
}
