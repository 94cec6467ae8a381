package import EventLoop

/// What the Sentinels of a group said when all were asked at once.
package struct SentinelRound: Sendable {
  package enum Answer: Sendable, Hashable {
    case names(SentinelClient.Told)
    case noSuchMaster(known: [String])
    /// Why it did not answer.
    case silent(String)
  }

  package struct Entry: Sendable, Hashable {
    /// As people read it.
    package var sentinel: String
    package var answer: Answer

    package init(sentinel: String, answer: Answer) {
      self.sentinel = sentinel
      self.answer = answer
    }
  }

  package var master: String
  package var entries: [Entry]

  /// Once one has answered the others have this long, so that none that hangs costs more.
  private static let window = Duration.milliseconds(150)

  package init(master: String, entries: [Entry]) {
    self.master = master
    self.entries = entries
  }

  package static func ask(
    _ clients: [SentinelClient], for master: String, on loop: EventLoop
  ) async -> SentinelRound {
    let entries = await withTaskGroup(of: Entry?.self) { group in
      for client in clients { group.addTask { await answer(of: client, master) } }
      var entries: [Entry] = []
      var isTimed = false
      while entries.count < clients.count, case .some(let next) = await group.next() {
        // nil: the time is over.
        guard let entry = next else { break }
        entries.append(entry)
        if case .names = entry.answer, !isTimed {
          isTimed = true
          group.addTask {
            // Cancelled is as good as over.
            try? await loop.sleep(for: window)
            return nil
          }
        }
      }
      group.cancelAll()
      return entries
    }
    return SentinelRound(master: master, entries: entries)
  }

  private static func answer(of client: SentinelClient, _ master: String) async -> Entry {
    let name = client.endpoint.description
    do throws(RedisError) {
      if let told = try await client.place(of: master) {
        return Entry(sentinel: name, answer: .names(told))
      }
      return Entry(sentinel: name, answer: .noSuchMaster(known: try await client.masters()))
    } catch {
      return Entry(sentinel: name, answer: .silent(text(error)))
    }
  }

  // MARK: What it comes to

  /// What those have heard that have heard last; of several such answers the one that most give. One
  /// that was cut off during a failover has an older epoch.
  package var best: SentinelClient.Told? {
    var votes: [SentinelClient.Told: Int] = [:]
    for case .names(let told) in entries.map(\.answer) { votes[told, default: 0] += 1 }
    return votes.max { left, right in
      (left.key.epoch, left.value, left.key.address.description)
        < (right.key.epoch, right.value, right.key.address.description)
    }?.key
  }

  /// Sentinels that named a server.
  package var answered: Int {
    entries.count { if case .names = $0.answer { true } else { false } }
  }

  /// Why nobody named a server; each Sentinel with what it said.
  package var failure: SentinelFailure {
    let name = PlainText.safe(master, limit: 80)
    var silent: [String] = []
    var unknown: [String] = []
    var known: Set<String> = []
    for entry in entries {
      switch entry.answer {
      case .names: break
      case .noSuchMaster(let names):
        unknown.append(entry.sentinel)
        known.formUnion(names)
      case .silent(let text): silent.append("\(entry.sentinel): \(text)")
      }
    }
    silent.sort()
    guard !unknown.isEmpty else {
      return SentinelFailure(
        kind: .silent,
        description: "no Sentinel of '\(name)' answers: "
          + silent.joined(separator: "; "))
    }
    let list =
      known.isEmpty
      ? "they watch none" : "there are: \(known.sorted().prefix(20).joined(separator: ", "))"
    let rest = silent.isEmpty ? "" : "; " + silent.joined(separator: "; ")
    return SentinelFailure(
      kind: .noSuchMaster,
      description: "no Sentinel knows a master '\(name)' (\(list)); asked:"
        + " \(unknown.sorted().joined(separator: ", "))\(rest)")
  }

  /// Without the endpoint, which is named before it.
  static func text(_ error: RedisError) -> String {
    PlainText.safe(error.message, limit: 300)
      + (error.nextStep.isEmpty ? "" : " (\(PlainText.safe(error.nextStep, limit: 200)))")
  }
}
