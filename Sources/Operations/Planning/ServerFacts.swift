import ConsoleModel
import EventLoop
import Redis

/// What a plan has to know of a server: which process it is, whether it may be changed, how large it is.
struct ServerFacts: Sendable {
  var runID: String
  /// Keys of the database.
  var size: UInt64
  /// Share of the keys with a life that are past it and still counted, 0…1.
  var staleShare: Double
  var use: Probe.UseMeasure

  /// Throws for a replica: what is written there is refused, or lost with the next synchronisation.
  static func read(_ probe: Probe, action: String) async throws(Fault) -> ServerFacts {
    do throws(RedisError) {
      let info = InfoFields(try await probe.info("default").bytes)
      let endpoint = probe.endpoint.description
      guard let runID = info["run_id"], !runID.isEmpty else {
        throw RedisError(
          kind: .protocol, endpoint: endpoint, action: action,
          message: "INFO does not tell the server's run_id, so that nothing can be bound to it")
      }
      guard info["role"] != "slave" else {
        let primary = [info["master_host"], info["master_port"]].compactMap { $0 }
        throw RedisError(
          kind: .denied, endpoint: endpoint, action: action,
          message: "it is a replica, and what is changed must be changed on its primary",
          nextStep: "connect to the primary"
            + (primary.count == 2 ? " \(PlainText.safe(primary.joined(separator: ":")))" : ""))
      }
      let policy = info["maxmemory_policy"] ?? ""
      let stale = info["expired_stale_perc"].flatMap { Double($0) } ?? 0
      return ServerFacts(
        runID: PlainText.safe(runID, limit: 64), size: try await probe.databaseSize(),
        staleShare: stale.isFinite ? min(1, max(0, stale / 100)) : 0,
        use: policy.hasSuffix("-lfu") ? .none : .idleTime)
    } catch {
      throw Fault(planning: error)
    }
  }
}

extension Fault {
  /// The raw values are the same by contract; a kind that is added there only reads as `server`.
  init(planning error: RedisError) {
    self.init(
      kind: Kind(rawValue: error.kind.rawValue) ?? .server, endpoint: error.endpoint,
      action: error.action, message: error.message, nextStep: error.nextStep)
  }
}
