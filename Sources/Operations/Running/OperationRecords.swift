package import ConsoleModel
package import Redis

/// The mirror: what every console of the environment can see of an operation, under one prefix in
/// Redis, expiring after a week.
package enum OperationRecords {
  package static let index = "cacheconsole:operations"
  package static let stop = "cacheconsole:stop"
  package static let auditStream = "cacheconsole:audit"

  package static func name(_ id: String) -> String { "cacheconsole:operation:\(id)" }
  package static func plan(_ id: String) -> String { "\(name(id)):plan" }
  package static func status(_ id: String) -> String { "\(name(id)):status" }
  package static func checkpoint(_ id: String) -> String { "\(name(id)):checkpoint" }
  /// On each server of the run: its part of the checkpoint, written with each batch.
  package static func shard(_ id: String) -> String { "\(name(id)):shard" }
  package static func control(_ id: String) -> String { "\(name(id)):control" }

  package static let lifeSeconds: UInt64 = 7 * 86_400
  /// Operations that stay in the index.
  package static let limit = 200
  package static let auditLimit = 10_000
  /// A stop holds for operations that were started before it; nobody looks for older ones.
  package static let stopSeconds: UInt64 = 60

  /// A list longer than this is not mirrored: only the machine with its plan can resume it.
  package static let largestPlan = 4 << 20
}

extension OperationRecords {
  /// The newest operations of a server's mirror, newest first; unreadable ones are left out.
  ///
  /// - Parameters:
  ///   - probe: a viewer's connection is enough.
  ///   - known: operations that are over for good are not asked for again.
  package static func read(
    _ probe: Probe, known: [String: OperationStatus] = [:], limit: Int = 50
  ) async throws(RedisError) -> [OperationStatus] {
    let action = "reading operations"
    let reply = try await probe.send(
      RedisCommand("ZRANGE", probe.own(index), String(-limit), "-1"), action: action)
    let ids = (reply.array ?? []).compactMap(\.text).filter(OperationID.isValid)
    let asked = ids.filter { known[$0]?.state.isFinal != true }
    var found: [String: OperationStatus] = [:]
    if !asked.isEmpty {
      let answers = try await probe.pipeline(
        asked.map { RedisCommand("GET", probe.own(status($0))) }, action: action)
      for (id, answer) in zip(asked, answers) {
        guard let bytes = answer.bytes,
          let status = try? OperationStatus(json: bytes, file: status(id)), status.id == id
        else { continue }
        found[id] = status
      }
    }
    return ids.reversed().compactMap { found[$0] ?? known[$0] }
  }
}

extension Mutator {
  /// Tells a run what to do; its runner looks several times a second.
  package func control(
    _ id: String, _ control: OperationControl, by who: String
  ) async throws(RedisError) {
    try await record(
      [(OperationRecords.control(id), "\(control.rawValue) \(who)")],
      seconds: OperationRecords.lifeSeconds)
  }

  /// Aborts every operation of every console that uses this server's mirror.
  package func stopAll(_ token: String, by who: String) async throws(RedisError) {
    try await record(
      [(OperationRecords.stop, "\(token) \(who)")], seconds: OperationRecords.stopSeconds)
  }
}
