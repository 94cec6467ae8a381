import ConsoleModel
import Redis

/// What there is to know before the server itself is acted on.
enum ServerNotes {
  static func read(
    _ action: OperationRequest.Action, _ probe: Probe
  ) async throws(Fault) -> [String] {
    do throws(RedisError) {
      let endpoint = probe.endpoint.description
      switch action {
      case .slowlogReset:
        let reply = try await probe.send(
          RedisCommand("SLOWLOG", "LEN"), action: "counting the slow log's entries")
        guard let count = reply.unsigned else { return [] }
        return ["\(endpoint): \(count) entries are forgotten, for everybody who reads them"]
      case .clientKill(let id):
        return [try await client(id, probe)]
      case .invalidate, .shorten, .adjust, .warm, .restore: return []
      }
    } catch {
      throw Fault(planning: error)
    }
  }

  /// One line about the connection; throws if it is gone.
  private static func client(_ id: UInt64, _ probe: Probe) async throws(RedisError) -> String {
    let action = "looking for client \(id)"
    let reply = try await probe.send(
      RedisCommand("CLIENT", "LIST", "ID", String(id)), action: action)
    guard let line = reply.bytes, line.contains(UInt8(ascii: "=")) else {
      throw RedisError(
        kind: .server, endpoint: probe.endpoint.description, action: action,
        message: "it is not connected any more", nextStep: "look at the list of clients again")
    }
    var fields: [String: String] = [:]
    for field in line.split(separator: UInt8(ascii: " ")) {
      let parts = field.split(separator: UInt8(ascii: "="), maxSplits: 1)
      guard parts.count == 2 else { continue }
      fields[String(decoding: parts[0], as: UTF8.self)] = PlainText.safe(parts[1], limit: 80)
    }
    let told = ["addr", "name", "user", "age", "cmd"].compactMap { name in
      fields[name].map { "\(name)=\($0)" }
    }
    return "client \(id) is \(told.joined(separator: " ")); it can connect again at once"
  }
}
