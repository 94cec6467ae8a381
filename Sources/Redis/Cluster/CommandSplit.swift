/// A command with keys in several slots, taken apart by slot, and its answers put together again.
///
/// The parts are separate commands: MSET over several slots is not atomic.
struct CommandSplit {
  enum Merge: Hashable {
    /// The numbers are added: UNLINK, DEL, EXISTS, TOUCH.
    case sum
    /// One element for each key, put back in its place: MGET.
    case places
    /// Each answers OK: MSET.
    case status
  }

  struct Part {
    var command: RedisCommand
    var keys: [[UInt8]]
    var slot: Int
    /// Which keys of the whole these are.
    var places: [Int]
  }

  let merge: Merge
  let keyCount: Int
  let parts: [Part]

  /// nil: a command that cannot be taken apart.
  ///
  /// - Parameter keys: the whole command's, in the order of its arguments.
  init?(_ command: RedisCommand, keys: [[UInt8]], slots: [Int]) {
    let step: Int
    switch command.statName {
    case "unlink", "del", "exists", "touch": (merge, step) = (.sum, 1)
    case "mget": (merge, step) = (.places, 1)
    case "mset": (merge, step) = (.status, 2)
    default: return nil
    }
    guard command.arguments.count == keys.count * step else { return nil }
    keyCount = keys.count
    var order: [Int] = []
    var places: [Int: [Int]] = [:]
    for (place, slot) in slots.enumerated() {
      if places[slot] == nil { order.append(slot) }
      places[slot, default: []].append(place)
    }
    parts = order.map { slot in
      let mine = places[slot] ?? []
      let arguments = mine.flatMap { command.arguments[($0 * step)..<(($0 + 1) * step)] }
      return Part(
        command: RedisCommand(command.name, arguments), keys: mine.map { keys[$0] }, slot: slot,
        places: mine)
    }
  }

  /// What the whole command would have answered.
  ///
  /// - Parameter answers: one for each part, in order.
  func whole(
    _ answers: [Result<RESPValue, RedisError>], isChange: Bool
  ) -> Result<RESPValue, RedisError> {
    var failed = 0
    var first: Result<RESPValue, RedisError>?
    for answer in answers {
      switch answer {
      case .success(.error), .failure:
        failed += 1
        // An open end outranks a clear refusal: the whole is not known either.
        if case .failure(let error)? = first, error.kind == .indeterminate { continue }
        if case .failure(let error) = answer, error.kind == .indeterminate {
          first = answer
        } else if first == nil {
          first = answer
        }
      case .success: break
      }
    }
    guard let first else { return merged(answers) }
    guard isChange, failed < answers.count else { return first }
    let (endpoint, action, message): (String, String, String)
    switch first {
    case .failure(let error):
      (endpoint, action, message) = (error.endpoint, error.action, error.message)
    case .success(.error(let text)): (endpoint, action, message) = ("cluster", "", text)
    case .success: return first
    }
    return .failure(
      RedisError(
        kind: .indeterminate, endpoint: endpoint, action: action,
        message: "done for \(answers.count - failed) of \(answers.count) slots; then: " + message,
        nextStep: "look before you repeat it"))
  }

  private func merged(
    _ answers: [Result<RESPValue, RedisError>]
  ) -> Result<RESPValue, RedisError> {
    let values = answers.compactMap { try? $0.get() }
    switch merge {
    case .status: return .success(values.first ?? .simple(Array("OK".utf8)))
    case .sum:
      var sum: Int64 = 0
      for value in values {
        guard let number = value.signed else { return .failure(Self.unexpected) }
        sum = sum.addingReportingOverflow(number).partialValue
      }
      return .success(.integer(sum))
    case .places:
      var elements = [RESPValue](repeating: .null, count: keyCount)
      for (part, value) in zip(parts, values) {
        guard let array = value.array, array.count == part.places.count else {
          return .failure(Self.unexpected)
        }
        for (place, element) in zip(part.places, array) { elements[place] = element }
      }
      return .success(.array(elements))
    }
  }

  private static let unexpected = RedisError(
    kind: .protocol, endpoint: "cluster", action: "",
    message: "a node's answer has an unexpected form")
}
