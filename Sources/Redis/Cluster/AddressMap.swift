/// Why a rule of an address map was refused.
package struct AddressMapError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }
}

/// Where a cluster's nodes are reached from here, when they are not where they say: behind `ssh -L`
/// or NAT.
///
/// A rule leads from `host:port` to `host:port`. `*` in the first half stands for any host or any
/// port, in the second half for the same as before. The first rule with both halves written out
/// wins, then the first that fits.
package struct AddressMap: Sendable, Hashable {
  private struct Pattern: Sendable, Hashable, CustomStringConvertible {
    var host: String?
    var port: UInt16?

    var description: String {
      let host = host.map { $0.contains(":") ? "[\($0)]" : $0 } ?? "*"
      return "\(host):\(port.map { String($0) } ?? "*")"
    }
  }

  private struct Rule: Sendable, Hashable {
    var from: Pattern
    var to: Pattern
  }

  private var exact: [NodeAddress: Pattern] = [:]
  private var rules: [Rule] = []

  package init() {}

  /// - Parameter pairs: such as `("10.0.0.1:6379", "127.0.0.1:7001")`, `("*:6379", "*:16379")`.
  package init(_ pairs: [(from: String, to: String)]) throws(AddressMapError) {
    for pair in pairs {
      let rule = Rule(from: try Self.pattern(pair.from), to: try Self.pattern(pair.to))
      if let host = rule.from.host, let port = rule.from.port {
        let address = NodeAddress(host: host, port: port)
        if exact[address] == nil { exact[address] = rule.to }
      } else {
        rules.append(rule)
      }
    }
  }

  /// The rules as `init(_:)` takes them.
  package var pairs: [(from: String, to: String)] {
    let written = exact.sorted { $0.key.description < $1.key.description }.map {
      (from: $0.key.description, to: $0.value.description)
    }
    return written + rules.map { (from: $0.from.description, to: $0.to.description) }
  }

  package var isEmpty: Bool { exact.isEmpty && rules.isEmpty }

  /// Where a node is reached that announces this address.
  package func reachable(_ announced: NodeAddress) -> NodeAddress {
    let key = NodeAddress(host: announced.host.lowercased(), port: announced.port)
    let to =
      exact[key]
      ?? rules.first { rule in
        (rule.from.host ?? key.host) == key.host && (rule.from.port ?? key.port) == key.port
      }?.to
    guard let to else { return announced }
    return NodeAddress(host: to.host ?? announced.host, port: to.port ?? announced.port)
  }

  private static func pattern(_ text: String) throws(AddressMapError) -> Pattern {
    let shown = PlainText.safe(text, limit: 80)
    guard let colon = text.lastIndex(of: ":") else {
      throw AddressMapError(message: "\(shown) is no address: write host:port")
    }
    let (host, port) = (text[..<colon], text[text.index(after: colon)...])
    // Through the parser of addresses, so that both sides are spelled alike.
    guard
      let address = NodeAddress(
        parsing: (host == "*" ? "any" : host) + ":" + (port == "*" ? "1" : port))
    else {
      throw AddressMapError(
        message: "\(shown) is no address: write host:port, with * for any host or any port")
    }
    return Pattern(
      host: host == "*" ? nil : address.host.lowercased(), port: port == "*" ? nil : address.port)
  }
}
