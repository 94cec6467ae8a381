extension OperationPlan {
  /// Copies are kept of deletions and new lives that stay within the bounds. Where nobody knows how many
  /// bytes they have, as many are kept as there is room for, and the others are told.
  package var keepsCopies: Bool {
    switch request.action {
    case .invalidate, .shorten, .adjust: request.keepsCopy && copiesObstacle == nil
    case .warm, .restore, .slowlogReset, .clientKill: false
    }
  }

  /// What is told of the copies before it runs; nil where it changes nothing that could be put back.
  package var copiesText: (text: String, isKept: Bool)? {
    switch request.action {
    case .invalidate, .shorten, .adjust: break
    case .warm, .restore, .slowlogReset, .clientKill: return nil
    }
    guard request.keepsCopy else { return ("no copy is kept: it cannot be undone", false) }
    if let copiesObstacle {
      return ("\(copiesObstacle) for copies: it cannot be undone", false)
    }
    return (
      request.copiesGuarded && author.role == .admin
        ? "copies are kept for a day"
        : "copies are kept for a day, not of sessions and carts", true
    )
  }

  private var copiesObstacle: String? {
    if preview.keys.upperBound > UInt64(OperationRequest.maximumCopies) {
      return "too many keys"
    }
    if (preview.bytes ?? 0) > OperationRequest.maximumCopyBytes {
      return "too many bytes"
    }
    return nil
  }
}
