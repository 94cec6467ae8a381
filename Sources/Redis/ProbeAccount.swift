private import Synchronization

/// Keeps a probe's ledger, in the order in which the server counts: reply by reply.
final class ProbeAccount: ReplyObserver {
  private struct State {
    /// Without what `run` still holds.
    var booked = ProbeLedger()
    /// Answers to one command in a row: thousands of samples cost one look into the dictionary.
    var run: (name: String, calls: UInt64) = ("", 0)

    var ledger: ProbeLedger {
      var ledger = booked
      if run.calls > 0 { ledger.calls[run.name, default: 0] &+= run.calls }
      return ledger
    }

    mutating func countCall(of name: String) {
      if name != run.name {
        booked = ledger
        run = (name, 0)
      }
      run.calls &+= 1
    }

    /// The key that TYPE was asked for last, and whether it was there: in the same batch the
    /// commands after it look up the same key, and an empty reply alone would not tell.
    var lastTypedKey: [UInt8] = []
    var lastTypedExists = false
    /// Ledgers as of an awaited reply, by token; nil until the reply is here.
    var marks: [UInt64: ProbeLedger?] = [:]
    var lastToken: UInt64 = 0
  }

  private let state = Mutex(State())

  var ledger: ProbeLedger { state.withLock { $0.ledger } }

  /// Announces a command after whose reply the ledger is wanted.
  func beginMark() -> UInt64 {
    state.withLock { state in
      state.lastToken += 1
      state.marks[state.lastToken] = .some(nil)
      return state.lastToken
    }
  }

  /// The ledger as it was when the server answered the marked command, that command not included:
  /// INFO does not count itself either.
  func endMark(_ token: UInt64) -> ProbeLedger {
    state.withLock { state in
      let mark = state.marks.removeValue(forKey: token) ?? nil
      return mark ?? state.ledger
    }
  }

  func sent(bytes: Int) {
    state.withLock { $0.booked.bytesOut &+= UInt64(clamping: bytes) }
  }

  func answered(_ command: RedisCommand, _ reply: RESPValue, bytes: Int, token: UInt64) {
    state.withLock { state in
      if token != 0, state.marks[token] != nil { state.marks[token] = .some(state.ledger) }
      state.booked.bytesIn &+= UInt64(clamping: bytes)
      if case .error(let text) = reply, RedisError.isRejection(text) { return }
      let name = command.statName
      state.countCall(of: name)
      if name == "object|freq", case .integer = reply {
        state.booked.hits &+= 1
      } else {
        count(command, reply, &state)
      }
    }
  }
}

// MARK: Hits and misses

extension ProbeAccount {
  /// Measured on 7.0.15, 8.2.3 and Valkey 9.1.2: each of these counts one lookup of its key. SCAN
  /// without TYPE, MEMORY USAGE, RANDOMKEY and DBSIZE count none.
  private static let lookups: Set<String> = [
    "bitcount", "expiretime", "get", "getbit", "getrange", "hexists", "hget", "hlen", "hmget",
    "hscan", "hstrlen", "lindex", "llen", "lpos", "lrange", "object|encoding", "object|freq",
    "object|idletime", "object|refcount", "pexpiretime", "pttl", "scard", "sismember",
    "smismember", "sscan", "strlen", "ttl", "type", "xinfo|consumers", "xinfo|groups",
    "xinfo|stream", "xlen", "xrange", "xrevrange", "zcard", "zcount", "zrange", "zrank", "zscan",
    "zscore",
  ]

  private func count(_ command: RedisCommand, _ reply: RESPValue, _ state: inout State) {
    switch command.statName {
    case "exists":
      let found = reply.unsigned ?? 0
      let asked = UInt64(clamping: command.arguments.count)
      state.booked.hits &+= min(found, asked)
      state.booked.misses &+= asked - min(found, asked)
    case "mget":
      // A key of another type answers null and counts as a hit: Probe does not send it.
      let found = reply.array?.count { !$0.isNull } ?? 0
      state.booked.hits &+= UInt64(clamping: found)
      state.booked.misses &+= UInt64(clamping: (reply.array?.count ?? 0) - found)
    case let name where Self.lookups.contains(name):
      guard let isHit = isHit(command, reply, state) else { return }
      if isHit { state.booked.hits &+= 1 } else { state.booked.misses &+= 1 }
      if name == "type" {
        state.lastTypedKey = command.arguments.first ?? []
        state.lastTypedExists = isHit
      }
    default:
      break
    }
  }

  /// nil: the command failed before it looked.
  private func isHit(_ command: RedisCommand, _ reply: RESPValue, _ state: State) -> Bool? {
    let name = command.statName
    if case .error(let text) = reply {
      // These errors come after the lookup.
      if text.hasPrefix("WRONGTYPE") || text.contains("maxmemory policy") { return true }
      if text.lowercased().contains("no such key") { return false }
      return nil
    }
    switch name {
    case "type": return reply.text != "none"
    case "ttl", "pttl", "expiretime", "pexpiretime": return reply.signed != -2
    default: break
    }
    let key = name.contains("|") ? command.arguments.dropFirst().first : command.arguments.first
    if name.hasPrefix("object|") { return !reply.isNull }
    if key == state.lastTypedKey { return state.lastTypedExists }
    return !Self.isEmpty(reply)
  }

  /// The reply that a missing key gives; some keys that are there give it as well.
  private static func isEmpty(_ reply: RESPValue) -> Bool {
    switch reply {
    case .null, .integer(0): true
    case .bulk(let bytes), .simple(let bytes): bytes.isEmpty
    case .array(let elements):
      // HSCAN and its kin: cursor 0 and nothing.
      elements.isEmpty
        || elements.count == 2 && elements[0].text == "0" && elements[1].array?.isEmpty == true
    case .integer, .error: false
    }
  }
}
