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
