import EventLoop
import Redis

/// What was written, what was answered, and what came back: decides for each answer whether it may be
/// so.
///
/// Each key has one writer, which gives it the versions 1, 2, 3, …; each write also reads what was
/// there before (`SET key value GET`), so that no loss hides behind a later write. A key's floor is the
/// highest version that was acknowledged or read before a command began: what that command reads is at
/// least the floor, or something was lost.
struct StressLedger {
  enum Outcome: Hashable {
    case underway
    case acknowledged
    /// Acknowledged, and WAIT said that a replica has it.
    case kept
    /// Sent and not answered: it may have happened.
    case open
    /// The client says that it did not happen.
    case refused
  }

  struct Version {
    let sent: EventLoop.Instant
    var outcome = Outcome.underway
    /// When its answer was here.
    var answered: EventLoop.Instant?
    /// When it was first known to have happened: its answer, or a read.
    var seen: EventLoop.Instant?
    /// When something older was read in its place.
    var lost: EventLoop.Instant?
  }

  struct Key {
    let name: String
    let slot: Int
    var versions: [Version] = []
    /// A write is underway.
    var isBusy = false
    /// A write is open: the key is only read until the cluster is at rest, because that write may
    /// still come.
    var isResting = false

    /// The highest version that is known to have happened and not known to be lost; 0: none.
    var floor: Int {
      (versions.lastIndex { $0.seen != nil && $0.lost == nil } ?? -1) + 1
    }
  }

  /// A version that was known to have happened and is gone.
  struct Loss: Hashable {
    let key: String
    let slot: Int
    let version: Int
    let sent: EventLoop.Instant
    let seen: EventLoop.Instant
    let wasKept: Bool
  }

  struct Failure: Hashable {
    let slot: Int
    let isWrite: Bool
    let text: String
    let began: EventLoop.Instant
    let ended: EventLoop.Instant
  }

  struct Counts: Hashable {
    var reads = 0
    var writes = 0
    var kept = 0
    var failures = 0
    var open = 0
    var losses = 0

    var answers: Int { reads + writes }
  }

  private(set) var keys: [Key] = []
  private(set) var counts = Counts()
  private(set) var failures: [Failure] = []
  /// Answers that can never be right, in words.
  private(set) var wrong: [String] = []
  /// Tells the values of this run from those of any other.
  let nonce: String

  init(names: [String], nonce: String) {
    self.nonce = nonce
    keys = names.map { Key(name: $0, slot: HashSlot.of(Array($0.utf8))) }
  }
}

// MARK: Commands

extension StressLedger {
  func value(_ key: Int, _ version: Int) -> String { "\(keys[key].name)=\(version)#\(nonce)" }

  /// nil: no write of the key may begin now.
  mutating func beginWrite(
    _ key: Int, at now: EventLoop.Instant
  ) -> (version: Int, floor: Int)? {
    guard !keys[key].isBusy, !keys[key].isResting else { return nil }
    let floor = keys[key].floor
    keys[key].isBusy = true
    keys[key].versions.append(Version(sent: now))
    return (keys[key].versions.count, floor)
  }

  mutating func endWrite(
    _ key: Int, version: Int, floor: Int, began: EventLoop.Instant,
    _ answer: ClusterClient.ReplicatedAnswer, at now: EventLoop.Instant
  ) {
    keys[key].isBusy = false
    func settle(_ outcome: Outcome) {
      keys[key].versions[version - 1].outcome = outcome
      keys[key].versions[version - 1].answered = now
    }
    switch answer.result {
    case .success(.error(let text)):
      settle(.refused)
      fail(key, isWrite: true, text, began, now)
    case .failure(let error):
      let isOpen = error.kind == .indeterminate
      settle(isOpen ? .open : .refused)
      if isOpen {
        counts.open += 1
        keys[key].isResting = true
      }
      fail(key, isWrite: true, "!\(error.kind.rawValue): \(error)", began, now)
    case .success(let old):
      counts.writes += 1
      if answer.replicas > 0 { counts.kept += 1 }
      settle(answer.replicas > 0 ? .kept : .acknowledged)
      check(key, old, floor: floor, below: version, began: began, at: now)
      keys[key].versions[version - 1].seen = keys[key].versions[version - 1].seen ?? now
    }
  }

  /// - Parameter below: the version that a later command of the same pipeline writes; nil: none does.
  mutating func endRead(
    _ key: Int, floor: Int, below: Int? = nil, began: EventLoop.Instant,
    _ answer: Result<RESPValue, RedisError>,
    at now: EventLoop.Instant
  ) {
    switch answer {
    case .success(.error(let text)): fail(key, isWrite: false, text, began, now)
    case .failure(let error):
      fail(key, isWrite: false, "!\(error.kind.rawValue): \(error)", began, now)
    case .success(let value):
      counts.reads += 1
      check(
        key, value, floor: floor, below: below ?? keys[key].versions.count + 1, began: began,
        at: now)
    }
  }

  /// The cluster is at rest: what has not happened by now never will.
  mutating func rest() {
    for index in keys.indices { keys[index].isResting = false }
  }

  private static let passingErrors = [
    "!unreachable", "!timeout", "!indeterminate", "CLUSTERDOWN", "MOVED", "ASK", "TRYAGAIN",
    "LOADING", "MASTERDOWN", "READONLY",
  ]

  private mutating func fail(
    _ key: Int, isWrite: Bool, _ text: String, _ began: EventLoop.Instant,
    _ now: EventLoop.Instant
  ) {
    counts.failures += 1
    failures.append(
      Failure(slot: keys[key].slot, isWrite: isWrite, text: text, began: began, ended: now))
    if !Self.passingErrors.contains(where: { text.hasPrefix($0) }) {
      wrong.append("\(keys[key].name): \(text)")
    }
  }

  // MARK: What was read

  /// - Parameters:
  ///   - floor: the key's, when the command began.
  ///   - below: versions from here on cannot have been there.
  private mutating func check(
    _ key: Int, _ value: RESPValue, floor: Int, below: Int, began: EventLoop.Instant,
    at now: EventLoop.Instant
  ) {
    let name = keys[key].name
    guard let version = version(in: value, of: key) else {
      wrong.append("\(name): read \(PlainText.safe(value.text ?? "\(value)", limit: 120))")
      return
    }
    guard version < below else {
      wrong.append("\(name): read version \(version), written are those below \(below)")
      return
    }
    if version > 0 {
      let read = keys[key].versions[version - 1]
      if read.outcome == .refused {
        wrong.append("\(name): read version \(version), which the client said was never written")
      }
      if let lost = read.lost, lost < began {
        wrong.append("\(name): read version \(version), which had been lost before")
      }
      if read.seen == nil { keys[key].versions[version - 1].seen = now }
    }
    guard version < floor else { return }
    for index in version..<floor {
      let gone = keys[key].versions[index]
      guard gone.seen != nil, gone.lost == nil else { continue }
      keys[key].versions[index].lost = now
      counts.losses += 1
    }
  }

  /// 0: there is no value; nil: it is none of this key's.
  private func version(in value: RESPValue, of key: Int) -> Int? {
    if value.isNull { return 0 }
    guard let text = value.text, text.hasPrefix(keys[key].name + "="), text.hasSuffix("#" + nonce)
    else { return nil }
    let digits = text.dropFirst(keys[key].name.utf8.count + 1).dropLast(nonce.utf8.count + 1)
    guard let version = Int(digits), version > 0 else { return nil }
    return version
  }
}

// MARK: Afterwards

extension StressLedger {
  var losses: [Loss] {
    keys.flatMap { key in
      key.versions.enumerated().compactMap { index, version in
        guard version.lost != nil, let seen = version.seen else { return nil }
        return Loss(
          key: key.name, slot: key.slot, version: index + 1, sent: version.sent, seen: seen,
          wasKept: version.outcome == .kept)
      }
    }
  }

  /// When the last of those writes to `slots` was sent that a replica was known to have before `time`.
  ///
  /// A replica acknowledges a place in its primary's stream, so it has all that was executed before,
  /// whoever wrote it: what was acknowledged before this moment is kept as well.
  func lastKept(in slots: SlotRanges, before time: EventLoop.Instant) -> EventLoop.Instant? {
    keys.lazy.filter { slots.contains($0.slot) }.flatMap(\.versions)
      .filter { $0.outcome == .kept && $0.answered.map { $0 < time } == true }
      .map(\.sent).max()
  }
}
