/// Which keys hold personal data: their values are masked wherever they could leave the server.
package struct PersonalDataPolicy: Sendable, Hashable {
  /// Redis globs of keys.
  package var patterns: [[UInt8]]

  package static let standardPatterns = ["session:*", "cart:*", "profile:*", "orders:*"]
  package static let standard = PersonalDataPolicy(
    patterns: standardPatterns.map { Array($0.utf8) })

  package init(patterns: [[UInt8]]) { self.patterns = patterns }

  package func covers(_ key: [UInt8]) -> Bool {
    patterns.contains { Glob.matches(pattern: $0, text: key) }
  }
}
