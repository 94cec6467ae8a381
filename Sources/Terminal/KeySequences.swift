/// The byte sequences that this terminal's keys send.
///
/// Terminfo comes first; the grammar in ``InputDecoder`` knows the usual variants besides, because
/// what `TERM` says and what the emulator sends differ often enough (PuTTY's Home and End, tmux
/// inside screen, a console that ignores application mode).
struct KeySequences: Sendable, Hashable {
  /// Terminfo capabilities by the key that they describe.
  static let capabilities: [(name: String, key: Key)] = {
    var list: [(name: String, key: Key)] = [
      ("kcuu1", .up), ("kcud1", .down), ("kcub1", .left), ("kcuf1", .right), ("khome", .home),
      ("kend", .end), ("kpp", .pageUp), ("knp", .pageDown), ("kich1", .insert),
      ("kdch1", .delete), ("kcbt", .backTab), ("kent", .enter), ("kri", .up), ("kind", .down),
    ]
    list += (1...12).map { ("kf\($0)", .function($0)) }
    return list
  }()

  private(set) var keys: [[UInt8]: Key] = [:]
  private(set) var longest = 0

  /// Learns a sequence; single bytes are left to the grammar, which knows what Control makes.
  mutating func add(_ sequence: [UInt8], _ key: Key) {
    guard sequence.count > 1, sequence.count <= 16, sequence[0] == 0x1B, keys[sequence] == nil
    else { return }
    keys[sequence] = key
    longest = max(longest, sequence.count)
  }

  /// The longest known sequence that `bytes` begins with.
  func match(_ bytes: ArraySlice<UInt8>) -> (key: Key, length: Int)? {
    for length in stride(from: min(longest, bytes.count), to: 1, by: -1) {
      if let key = keys[Array(bytes.prefix(length))] { return (key, length) }
    }
    return nil
  }
}
