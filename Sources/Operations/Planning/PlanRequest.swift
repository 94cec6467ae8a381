import ConsoleModel

/// What a request must be before anything is asked about it.
enum PlanRequest {
  /// Longer lives overflow in some servers; nobody means them.
  private static let maximumSeconds: UInt64 = 100 * 366 * 86_400

  /// The request as it will be run: every key once, none of our own.
  static func checked(
    _ request: OperationRequest, known: [NodeID]
  ) throws(Fault) -> OperationRequest {
    var request = request
    func refuse(_ message: String, _ nextStep: String = "") -> Fault {
      Fault(
        kind: .unsupported, endpoint: request.nodes.map(\.rawValue).joined(separator: ", "),
        action: "planning \(request.verb)", message: message, nextStep: nextStep)
    }
    guard !request.nodes.isEmpty else { throw refuse("no server is named", "choose a server") }
    for node in request.nodes where !known.contains(node) {
      throw refuse("the server '\(node.rawValue)' is not one of this environment's")
    }
    var seen = Set<NodeID>()
    request.nodes = request.nodes.filter { seen.insert($0).inserted }
    switch request.action {
    case .shorten(let seconds), .adjust(.some(let seconds)):
      guard seconds > 0 else {
        throw refuse("a life of 0 s deletes the key at once", "invalidate it instead")
      }
      guard seconds <= maximumSeconds else {
        throw refuse("a life of \(seconds) s is longer than 100 years")
      }
    case .invalidate, .adjust(nil), .warm, .restore: break
    case .slowlogReset, .clientKill:
      guard request.target == .server else { throw refuse("it concerns a server, not keys") }
    }
    if case .warm(let source) = request.action {
      switch (source, request.target) {
      case (.dump, .server), (.command, .server), (.command, .keys): break
      case (.dump, _): throw refuse("a file of copies names its keys itself", "leave them out")
      case (.command, .pattern):
        throw refuse("a pattern does not name what is not there", "name the keys, or give a list")
      }
    }
    switch request.target {
    case .server:
      switch request.action {
      case .slowlogReset, .clientKill, .warm, .restore: break
      case .invalidate, .shorten, .adjust: throw refuse("no keys are named")
      }
    case .pattern(let glob):
      guard !glob.isEmpty else { throw refuse("the pattern is empty", "* takes every key") }
    case .keys(let keys):
      guard keys.count <= OperationRequest.maximumKeys else {
        throw refuse(
          "\(keys.count) keys are named, at most \(OperationRequest.maximumKeys) are taken",
          "use a pattern, or parts of the list")
      }
      request.target = .keys(try own(keys, refuse))
    }
    return request
  }

  private static func own(
    _ keys: [KeyName], _ refuse: (String, String) -> Fault
  ) throws(Fault) -> [KeyName] {
    var seen = Set<KeyName>()
    seen.reserveCapacity(keys.count)
    let left = keys.filter {
      !$0.bytes.starts(with: OperationRequest.ownPrefix) && seen.insert($0).inserted
    }
    if left.isEmpty, !keys.isEmpty {
      throw refuse("keys under cacheconsole: are the console's own and are never touched", "")
    }
    return left
  }
}
