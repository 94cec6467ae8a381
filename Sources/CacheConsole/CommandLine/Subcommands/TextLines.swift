internal import ConsoleModel
private import Panels
private import Terminal

/// Lines of labelled facts, everything in them drawable.
struct TextLines {
  private(set) var lines: [String] = []
  let isUnicode: Bool
  let labelWidth: Int

  init(isUnicode: Bool, labelWidth: Int) {
    self.isUnicode = isUnicode
    self.labelWidth = labelWidth
  }

  mutating func fact(_ label: String, _ text: String) {
    let padding = String(repeating: " ", count: max(1, labelWidth - label.count))
    lines.append(label + padding + text)
  }

  mutating func blank() { lines.append("") }

  mutating func heading(_ text: String) {
    blank()
    lines.append("\(text):")
  }

  mutating func item(_ text: String) { lines.append("  \(text)") }

  /// A key, so that it can be read back exactly.
  func safe(_ bytes: [UInt8]) -> String {
    DrawableText.escape(bytes, isUnicode: isUnicode, limit: 1000)
  }

  func safe(_ text: String) -> String { safe(Array(text.utf8)) }

  /// Sentences: what cannot be drawn is replaced, and backslashes stay single.
  func prose(_ text: String) -> String {
    isUnicode ? Printable.line(text, limit: 1000) : safe(text)
  }

  func title(_ request: OperationRequest) -> String {
    let verb = safe(request.verb)
    switch request.target {
    // An undo finds its keys itself.
    case .keys(let keys) where keys.isEmpty: return verb
    case .keys(let keys):
      return keys.count == 1
        ? "\(verb) \(safe(keys[0].bytes))" : "\(verb) \(Format.grouped(UInt64(keys.count))) keys"
    case .pattern(let glob): return "\(verb) \(safe(glob))"
    case .server: return "\(verb) on \(safe(request.nodes.map(\.rawValue).joined(separator: ", ")))"
    }
  }

  /// `1,234,567` or `about 1,000,000 (950,000 to 1,050,000)`.
  func count(_ count: KeyCount) -> String {
    switch count {
    case .exact(let value): Format.grouped(value)
    case .estimate(let low, let value, let high):
      "about \(Format.grouped(value)) (\(Format.grouped(low)) to \(Format.grouped(high)))"
    }
  }

  /// `about 12 s`; nil for what is no duration.
  func seconds(_ seconds: Double?) -> String? {
    guard let seconds, seconds >= 0, seconds < 1e9 else { return nil }
    return "about \(Int(seconds.rounded(.up))) s"
  }

  /// `42 %`, never 100 before the end.
  func percent(_ progress: Double) -> String {
    guard progress.isFinite else { return Format.missing }
    return "\(Int((max(0, min(1, progress)) * 100).rounded(.down))) %"
  }
}
