import ConsoleModel
import Testing

@Suite struct GlobTests {
  @Test(arguments: [
    ("*", "", true), ("*", "anything", true), ("session:*", "session:1", true),
    ("session:*", "sessions", false), ("a?c", "abc", true), ("a?c", "ac", false),
    ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[^a]x", "bx", true), ("[^a]x", "ax", false),
    ("\\*", "*", true), ("\\*", "x", false), ("*a*b", "xaxxb", true), ("*a*b", "xbxa", false),
    ("a*", "a", true), ("", "", true), ("", "a", false), ("[abc", "b", true), ("[", "[", false),
    ("**a", "ba", true), ("[c-a]", "b", true), ("a\\", "a\\", true),
  ])
  func matchesAsRedisDoes(pattern: String, text: String, expected: Bool) {
    #expect(Glob.matches(pattern: Array(pattern.utf8), text: Array(text.utf8)) == expected)
  }

  @Test(arguments: [
    ("search:*", "session:", false), ("search:*", "cacheconsole:", false), ("s*", "session:", true),
    ("*", "session:", true), ("sess", "session:", false), ("session:1", "session:", true),
    ("\\search:*", "session:", true), ("[s]ession:*", "session:", true), ("", "session:", false),
  ])
  func `a pattern that begins with other letters is told apart`(
    pattern: String, prefix: String, expected: Bool
  ) {
    #expect(Glob.mayMatch(pattern: Array(pattern.utf8), prefix: Array(prefix.utf8)) == expected)
  }

  @Test func `what matches may match, for all short patterns and texts`() {
    func words(_ letters: String, _ length: Int) -> [[UInt8]] {
      (0..<length).reduce([[[UInt8]()]]) { found, _ in
        found + [(found.last ?? []).flatMap { word in letters.utf8.map { word + [$0] } }]
      }.flatMap { $0 }
    }
    let texts = words("ab]", 3)
    for pattern in words("ab*?[^]\\", 3) {
      for text in texts where Glob.matches(pattern: pattern, text: text) {
        for length in 0...text.count {
          #expect(Glob.mayMatch(pattern: pattern, prefix: Array(text.prefix(length))))
        }
      }
    }
  }

  @Test func manyStarsEndInTime() {
    let pattern = Array((String(repeating: "*a", count: 200) + "b").utf8)
    #expect(
      !Glob.matches(pattern: pattern, text: Array(repeating: UInt8(ascii: "a"), count: 20_000)))
  }

  @Test func standardPolicyCoversTheShopsPersonalKeys() {
    for key in ["session:1", "cart:2", "profile:3", "orders:4"] {
      #expect(PersonalDataPolicy.standard.covers(Array(key.utf8)))
    }
    #expect(!PersonalDataPolicy.standard.covers(Array("product:1:de".utf8)))
  }
}
