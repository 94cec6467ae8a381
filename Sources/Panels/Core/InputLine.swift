package import Terminal

/// The one text input at a time: command, filter, or a panel's question.
package struct InputLine: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case command
    case filter
    case prompt(label: String, action: ActionID)
  }

  package enum Outcome: Sendable, Hashable {
    case stay
    case cancel
    case submit(String)
  }

  package let kind: Kind
  package private(set) var field: TextField
  /// Completions of what was typed, and which of them is in the field.
  package private(set) var completions: [String] = []
  private var completionIndex: Int?
  /// Position in the history, and what was typed before going there.
  private var historyIndex: Int?
  private var draft = ""

  package init(kind: Kind, text: String = "") {
    self.kind = kind
    field = TextField(text)
  }

  /// What stands before the text.
  package var prefix: String {
    switch kind {
    case .command: ":"
    case .filter: "/"
    case .prompt(let label, _): "\(label): "
    }
  }

  package mutating func paste(_ bytes: [UInt8]) {
    field.paste(bytes)
    completions = []
  }

  package mutating func take(_ key: Key, history: [String], model: Model) -> Outcome {
    switch key {
    case .escape, .control("c"), .control("g"): return .cancel
    case .enter: return .submit(field.text)
    case .tab, .backTab:
      if kind == .command { complete(backwards: key == .backTab, model) }
      return .stay
    case .up, .down, .control("p"), .control("n"):
      if kind == .command { recall(older: key == .up || key == .control("p"), history) }
      return .stay
    case .backspace where field.isEmpty:
      // As in vi and k9s: rubbing out the prompt leaves it.
      return .cancel
    default:
      if field.edit(key) {
        completions = []
        completionIndex = nil
      }
      return .stay
    }
  }

  private mutating func complete(backwards: Bool, _ model: Model) {
    if completions.isEmpty {
      completions = CommandParser.completions(for: field.text, in: model)
      completionIndex = nil
    }
    guard !completions.isEmpty else { return }
    let step = backwards ? completions.count - 1 : 1
    let next = completionIndex.map { ($0 + step) % completions.count } ?? 0
    completionIndex = next
    field.set(completions[next])
  }

  private mutating func recall(older: Bool, _ history: [String]) {
    guard !history.isEmpty else { return }
    if historyIndex == nil { draft = field.text }
    let at = (historyIndex ?? history.count) + (older ? -1 : 1)
    if at >= history.count {
      historyIndex = nil
      field.set(draft)
    } else {
      historyIndex = max(0, at)
      field.set(history[max(0, at)])
    }
    completions = []
  }
}
