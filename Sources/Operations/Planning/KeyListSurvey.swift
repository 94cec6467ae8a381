import ConsoleModel
import EventLoop
import Redis

/// Looks for listed keys on one server.
struct KeyListSurvey: Sendable {
  let probe: Probe
  let loop: EventLoop
  let options: Planner.Options
  let seed: UInt64
  /// Warming and the undo of a deletion write what is not there; everything else changes what is.
  let wantsAbsent: Bool

  /// Commands in one write: about 0.1 ms of the server's time.
  private static let batch = 200

  /// Asks for each key at the pace of the options: `visited` are those asked, `matched` those to act on.
  func count(
    _ keys: [KeyName], progress: (KeyTally) -> Void
  ) async throws(Fault) -> (tally: KeyTally, keys: Reservoir) {
    var tally = KeyTally()
    var matching = Reservoir(capacity: options.describedKeys, seed: seed &+ 1)
    var rest = keys[...]
    var notBefore = EventLoop.now()
    let action = "looking for the keys"
    while !rest.isEmpty {
      do { try await loop.sleep(until: notBefore) } catch {
        throw .cancelled(probe.endpoint.description, action)
      }
      let part = rest.prefix(Self.batch)
      rest = rest.dropFirst(part.count)
      notBefore = EventLoop.now().advanced(
        by: .seconds(1) * Double(part.count) / Double(max(1, options.keysPerSecond)))
      for (key, isThere) in zip(part, try await exist(part, action)) {
        tally.visited += 1
        guard isThere != wantsAbsent else { continue }
        tally.take(key.bytes)
        matching.offer(key.bytes)
      }
      progress(tally)
    }
    return (tally, matching)
  }

  private func exist(
    _ keys: ArraySlice<KeyName>, _ action: String
  ) async throws(Fault) -> [Bool] {
    do throws(RedisError) {
      // One key for each: keys of a cluster's different slots do not go into one command.
      let replies = try await probe.pipeline(
        keys.map { RedisCommand("EXISTS", $0.bytes) }, action: action)
      var found: [Bool] = []
      for (key, reply) in zip(keys, replies) {
        var answer = reply
        // Alone, it is thrown in the words that errors have.
        if case .error = reply {
          answer = try await probe.send(RedisCommand("EXISTS", key.bytes), action: action)
        }
        guard let count = answer.unsigned else { throw unexpected(action) }
        found.append(count > 0)
      }
      guard found.count == keys.count else { throw unexpected(action) }
      return found
    } catch {
      throw Fault(planning: error)
    }
  }

  private func unexpected(_ action: String) -> RedisError {
    RedisError(
      kind: .protocol, endpoint: probe.endpoint.description, action: action,
      message: "the server's answer has an unexpected form")
  }
}
