/// What a node's error reply says about where or when a command should be sent instead.
enum Redirection: Hashable {
  /// The slot belongs to another node. nil: it does not say where.
  case moved(slot: Int, NodeAddress?)
  /// This command alone belongs there, after ASKING: the slot is on its way.
  case ask(slot: Int, NodeAddress?)
  /// The keys of one command are on both sides of a slot that is on its way.
  case tryAgain
  /// The node cannot serve it now: it or its cluster is down, loading, or has lost its primary.
  case notNow
  /// The node is no primary any more.
  case readOnly

  /// - Parameter askedHost: the host that gave the answer: what an empty host stands for.
  init?(_ text: String, askedHost: String) {
    let words = text.split(separator: " ", maxSplits: 3)
    switch words.first {
    case "MOVED", "ASK":
      guard words.count >= 3, let number = Decimal64.unsigned(Array(words[1].utf8)[...]),
        number < HashSlot.count
      else { return nil }
      let address = NodeAddress(parsing: words[2], ownHost: askedHost)
      let slot = Int(number)
      self = words[0] == "MOVED" ? .moved(slot: slot, address) : .ask(slot: slot, address)
    case "TRYAGAIN": self = .tryAgain
    case "CLUSTERDOWN", "LOADING", "MASTERDOWN": self = .notNow
    case "READONLY": self = .readOnly
    default: return nil
    }
  }
}
