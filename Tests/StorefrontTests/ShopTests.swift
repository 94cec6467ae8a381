import Storefront
import Testing

@Suite struct ShopTests {
  let keys = ShopKeys(seed: 7)
  let values = ShopValues(seed: 7)

  @Test func `the shop has 20,000 keys, each once, named by the platform's patterns`() throws {
    let names = keys.ranked.map(keys.name)
    #expect(names.count == 20_000)
    #expect(Set(names).count == names.count)
    let patterns = [
      /product:[0-9]+:(?:de|fr|uk|it|es|us)/, /session:[0-9]+/, /cart:[0-9]+/, /profile:[0-9]+/,
      /orders:[0-9]+/, /search:[0-9a-f]{8}:[0-9a-f]{16}/, /category:[a-z]+:[0-9]+/,
    ]
    for name in names {
      #expect(patterns.contains { (try? $0.wholeMatch(in: name)) != nil }, "\(name)")
    }
    #expect(keys.name(keys.flash) == "product:1181:de")
    #expect(keys.ranked.contains(keys.flash))
  }

  @Test(arguments: ShopKind.allCases)
  func `every value is within its kind's size`(kind: ShopKind) {
    var sizes: [Int] = []
    for key in keys.ranked.lazy.filter({ $0.kind == kind }).prefix(200) {
      let size = values.value(of: key).byteCount
      sizes.append(size)
      #expect(kind.bytes.contains(size), "\(keys.name(key)) has \(size) bytes")
    }
    // Spread, not constant: the large ones are several times the small ones.
    #expect((sizes.max() ?? 0) > 2 * (sizes.min() ?? 0))
  }

  @Test func `an equal seed gives an equal shop and another seed another`() {
    let again = ShopKeys(seed: 7)
    let other = ShopKeys(seed: 8)
    #expect(again.ranked == keys.ranked)
    #expect(other.ranked != keys.ranked)
    for key in keys.ranked.prefix(50) {
      #expect(ShopValues(seed: 7).value(of: key) == values.value(of: key))
      #expect(ShopValues(seed: 8).value(of: key) != values.value(of: key))
      #expect(again.name(key) == keys.name(key))
    }
  }

  @Test func `only what visitors share is popular`() {
    for key in keys.ranked.prefix(96) {
      #expect([.product, .search, .category].contains(key.kind))
    }
  }

  @Test func `JSON values are balanced and have no control characters`() throws {
    for kind in [ShopKind.product, .search, .profile, .orders] {
      for key in keys.ranked.lazy.filter({ $0.kind == kind }).prefix(20) {
        guard case .string(let bytes) = values.value(of: key) else {
          Issue.record("\(kind) is no string")
          return
        }
        #expect(bytes.allSatisfy { $0 >= 0x20 })
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(isBalanced(text), "\(text.prefix(400))")
      }
    }
  }

  /// Brackets match outside strings, strings end, and no comma stands before a closing bracket.
  private func isBalanced(_ text: String) -> Bool {
    var open: [Character] = []
    var isInString = false
    var last: Character = " "
    for character in text {
      if character == "\"" { isInString.toggle() }
      if !isInString {
        switch character {
        case "{", "[": open.append(character)
        case "}": if last == "," || open.popLast() != "{" { return false }
        case "]": if last == "," || open.popLast() != "[" { return false }
        default: break
        }
      }
      last = character
    }
    return open.isEmpty && !isInString
  }
}
