/// Which keys of a page are wanted, by what the server tells of each; nil: any.
package struct ScanFilter: Sendable, Hashable {
  /// `string`, `hash`, …
  package var types: Set<String>?
  /// Bytes in the server's memory, by MEMORY USAGE.
  package var bytes: ClosedRange<UInt64>?
  /// Milliseconds to live; see also `persistent`.
  package var timeToLive: ClosedRange<UInt64>?
  /// With `timeToLive`: keys without an end, too. Alone: true: only these; false: only the others.
  package var persistent: Bool?
  /// Seconds without use. Under a policy `*-lfu` no server tells: the walk fails.
  package var idleSeconds: ClosedRange<UInt64>?

  package init() {}

  /// What must be asked to judge.
  package var facts: KeyFacts {
    var facts: KeyFacts = []
    if types != nil { facts.insert(.type) }
    if bytes != nil { facts.insert(.memory) }
    if timeToLive != nil || persistent != nil { facts.insert(.timeToLive) }
    if idleSeconds != nil { facts.insert(.idleTime) }
    return facts
  }

  /// False, too, for what is not known of the key, as of one that is gone.
  package func admits(_ key: KeyDescription) -> Bool {
    if let types {
      guard let type = key.type, types.contains(type) else { return false }
    }
    if let bytes {
      guard let size = key.memoryBytes, bytes.contains(size) else { return false }
    }
    if timeToLive != nil || persistent != nil {
      switch key.timeToLive {
      case .persistent?: guard persistent ?? false else { return false }
      case .milliseconds(let rest)?:
        guard let timeToLive else {
          if persistent == true { return false }
          break
        }
        guard timeToLive.contains(rest) else { return false }
      case .gone?, nil: return false
      }
    }
    if let idleSeconds {
      guard let idle = key.idleSeconds, idleSeconds.contains(idle) else { return false }
    }
    return true
  }
}
