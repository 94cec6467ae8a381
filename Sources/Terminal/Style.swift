/// What a cell means; the theme turns it into colours, so that panels never name one.
package enum StyleRole: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
  case normal, dim, title, header, selection
  case ok, warning, critical, stale
  case accent, border, key, graph, mark, masked
  case development, staging, production

  /// What a theme file calls it.
  package var name: String { "\(self)" }

  package init?(name: String) {
    guard let role = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = role
  }
}

package struct TextAttributes: OptionSet, Sendable, Hashable, BitwiseCopyable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let bold = TextAttributes(rawValue: 1)
  package static let dim = TextAttributes(rawValue: 2)
  package static let underline = TextAttributes(rawValue: 4)
  package static let reverse = TextAttributes(rawValue: 8)
}

/// A cell's meaning and emphasis.
package struct Style: Sendable, Hashable, BitwiseCopyable {
  package var role: StyleRole
  package var attributes: TextAttributes

  package init(_ role: StyleRole = .normal, _ attributes: TextAttributes = []) {
    self.role = role
    self.attributes = attributes
  }
}
