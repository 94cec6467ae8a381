extension OperationPlan {
  /// What has to be typed before `y`, exactly as it is shown; nil where nothing is.
  ///
  /// Printable ASCII, so that it can be typed on every keyboard and drawn on every terminal.
  package var confirmationText: String? {
    switch friction {
    case .oneKey, .yes: nil
    case .name: "\(confirmationName)"
    case .nameAndCount: "\(confirmationName) \(Friction.rounded(preview.keys.value))"
    }
  }

  /// The environment's name where everything in it is at stake, else the target's.
  private var confirmationName: String {
    friction == .nameAndCount ? Self.typable(environment.name) : targetName
  }

  private var targetName: String {
    let name: String
    switch (request.action, request.target) {
    case (.restore(let operation), _): name = Self.typable(operation)
    case (_, .keys(let keys)):
      name = keys.count == 1 ? Self.typable(keys[0].bytes) : "\(keys.count) keys"
    case (_, .pattern(let glob)): name = Self.typable(glob)
    case (_, .server): name = Self.typable(request.nodes.map(\.rawValue).joined(separator: ", "))
    }
    // Nobody types a key of kilobytes, and a blank is no name.
    let isName = name.utf8.count <= Self.longestName && name.utf8.contains { $0 != 0x20 }
    return isName ? name : Self.typable(environment.name)
  }

  /// Longest target, in characters, that is to be typed.
  private static let longestName = 64

  private static func typable(_ text: String) -> String { typable(Array(text.utf8)) }

  /// Bytes as printable ASCII; everything else is `\xNN`.
  private static func typable(_ bytes: [UInt8]) -> String {
    var text = ""
    // A name that is too long is not used: no more of it is looked at than tells that.
    for byte in bytes.prefix(longestName * 4) {
      if byte >= 0x20, byte < 0x7F {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16)
        text += "\\x" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return text
  }
}

extension OperationRequest {
  /// The action in words: `invalidate`, `expire within 30 s`, …
  package var verb: String {
    switch action {
    case .invalidate: "invalidate"
    case .shorten(let seconds): "expire within \(seconds) s"
    case .adjust(let seconds): seconds.map { "set life to \($0) s" } ?? "remove the life of"
    case .warm: "warm"
    case .restore(let operation): "undo \(operation)"
    case .slowlogReset: "SLOWLOG RESET"
    case .clientKill(let id): "CLIENT KILL ID \(id)"
    }
  }
}
