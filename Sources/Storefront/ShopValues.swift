/// Makes the values: each is a function of the shop's seed and the key, and as large as its kind allows.
package struct ShopValues: Sendable {
  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  /// Room for the last item that is appended when the target is just not reached.
  private static let slack = 700

  package func value(of key: ShopKeys.Key) -> ShopValue {
    var random = ShopRandom(seed: seed, key.kind, UInt64(truncatingIfNeeded: key.number))
    let target = Self.target(key.kind, &random)
    switch key.kind {
    case .product: return .string(product(key.number, target, &random))
    case .search: return .string(search(target, &random))
    case .profile: return .string(profile(key.number, target, &random))
    case .orders: return .string(orders(key.number, target, &random))
    case .session: return .hash(session(key.number, target, &random))
    case .cart: return .hash(cart(target, &random))
    case .category:
      return key.number % 2 == 0
        ? .sortedSet(ranking(target, &random)) : .list(cards(target, &random))
    }
  }

  /// Most values are small and a few are large: the logarithm is spread over the range by u³.
  private static func target(_ kind: ShopKind, _ random: inout ShopRandom) -> Int {
    let low = kind.bytes.lowerBound
    let high = kind.bytes.upperBound - slack
    // 2^(k·u³) by halving steps would need libm: interpolate between the powers of two instead.
    let unit = random.unit()
    let steps = Double(Self.octaves(low, high)) * unit * unit * unit
    let whole = steps.rounded(.down)
    let scale = Double(1 << Int(whole)) * (1 + (steps - whole))
    return min(high, max(low, Int(Double(low) * scale)))
  }

  /// Doublings from `low` to at least `high`.
  private static func octaves(_ low: Int, _ high: Int) -> Int {
    var count = 0
    while low << count < high { count += 1 }
    return count
  }

  // MARK: JSON strings

  private func product(_ number: Int, _ target: Int, _ random: inout ShopRandom) -> [UInt8] {
    var text = ShopText(capacity: target + Self.slack)
    let market = ShopKeys.market(number)
    text.add("{")
    text.field("id", ShopKeys.productID(number))
    text.field("market", market)
    text.field("name", "\(random.pick(ShopWords.adjectives)) \(random.pick(ShopWords.nouns))")
    text.field("brand", random.pick(ShopWords.brands))
    text.field("category", random.pick(ShopWords.categories))
    text.add("\"price\":{\"amount\":\"\(price(&random))\",")
    text.add("\"currency\":\"\(ShopWords.currencies[market] ?? "EUR")\"},")
    text.add(
      "\"stock\":{\"available\":\(random.below(900)),\"warehouse\":\"W\(random.below(9))\"},")
    text.add("\"rating\":{\"average\":4.\(random.below(10)),\"count\":\(random.below(4_000))},")
    text.add("\"variants\":[")
    for _ in 0..<random.within(2...5) {
      text.add("{")
      text.field("colour", random.pick(ShopWords.colours))
      text.field("size", random.pick(ShopWords.sizes))
      text.field("available", random.below(80))
      text.dropComma()
      text.add("},")
    }
    text.dropComma()
    text.add("],\"description\":\"")
    describe(&text, until: target - 2, &random)
    text.add("\"}")
    return text.bytes
  }

  private func search(_ target: Int, _ random: inout ShopRandom) -> [UInt8] {
    var text = ShopText(capacity: target + Self.slack)
    text.add("{")
    text.field("query", "\(random.pick(ShopWords.colours)) \(random.pick(ShopWords.categories))")
    text.field("total", random.within(40...9_000))
    text.add("\"hits\":[")
    repeat {
      card(&text, &random)
      text.add(",")
    } while text.count < target
    text.dropComma()
    text.add("]}")
    return text.bytes
  }

  private func profile(_ number: Int, _ target: Int, _ random: inout ShopRandom) -> [UInt8] {
    var text = ShopText(capacity: target + Self.slack)
    let first = random.pick(ShopWords.first)
    let last = random.pick(ShopWords.last)
    let user = ShopKeys.user(number)
    text.add("{")
    text.field("user", user)
    text.field("name", "\(first) \(last)")
    text.field("email", "customer.\(user)@example.com")
    text.field("phone", "+49 30 55501\(random.within(100...999))")
    text.field("language", random.pick(ShopWords.markets))
    text.add("\"addresses\":[")
    for kind in ["billing", "delivery"] {
      text.add("{")
      text.field("kind", kind)
      text.field("street", "\(random.pick(ShopWords.streets)) \(random.within(1...180))")
      text.field("city", random.pick(ShopWords.cities))
      text.field("postcode", String(random.within(10_000...99_999)))
      text.dropComma()
      text.add("},")
    }
    text.dropComma()
    text.add(
      "],\"consent\":{\"newsletter\":\(random.below(2) == 0),\"analytics\":true},\"wishlist\":[")
    repeat {
      card(&text, &random)
      text.add(",")
    } while text.count < target
    text.dropComma()
    text.add("]}")
    return text.bytes
  }

  private func orders(_ number: Int, _ target: Int, _ random: inout ShopRandom) -> [UInt8] {
    var text = ShopText(capacity: target + Self.slack)
    text.add("{")
    text.field("user", ShopKeys.user(number))
    text.add("\"orders\":[")
    repeat {
      text.add("{")
      text.field("order", random.within(40_000_000...49_999_999))
      text.field("placed", day(&random))
      text.field("state", random.pick(["delivered", "shipped", "returned", "paid"]))
      text.field("total", price(&random))
      text.add("\"line\":")
      card(&text, &random)
      text.add("},")
    } while text.count < target
    text.dropComma()
    text.add("]}")
    return text.bytes
  }

  // MARK: Collections

  private func session(_ number: Int, _ target: Int, _ random: inout ShopRandom)
    -> [ShopValue.Pair]
  {
    var pairs = [
      ShopValue.Pair("user", String(ShopKeys.user(number))),
      ShopValue.Pair("csrf", String(random.next(), radix: 36)),
      ShopValue.Pair("ip", "192.0.2.\(random.below(256))"),
      ShopValue.Pair("user_agent", random.pick(ShopWords.agents)),
      ShopValue.Pair("market", random.pick(ShopWords.markets)),
      ShopValue.Pair("created_at", day(&random)),
      ShopValue.Pair("last_seen", day(&random)),
    ]
    let known = ShopValue.hash(pairs).byteCount
    var viewed = ShopText(capacity: target + Self.slack)
    viewed.add("[")
    repeat {
      card(&viewed, &random)
      viewed.add(",")
    } while known + viewed.count + 16 < target
    viewed.dropComma()
    viewed.add("]")
    pairs.append(ShopValue.Pair(field: "recently_viewed", value: viewed.bytes))
    return pairs
  }

  private func cart(_ target: Int, _ random: inout ShopRandom) -> [ShopValue.Pair] {
    var pairs = [
      ShopValue.Pair("currency", "EUR"), ShopValue.Pair("updated_at", day(&random)),
      ShopValue.Pair("voucher", "WELCOME\(random.within(5...20))"),
    ]
    var size = ShopValue.hash(pairs).byteCount
    while size < target {
      var line = ShopText(capacity: Self.slack)
      card(&line, &random)
      // Numbered, so that two lines with the same product do not become one.
      let pair = ShopValue.Pair(field: "line:\(pairs.count - 2)", value: line.bytes)
      size += pair.field.utf8.count + pair.value.count
      pairs.append(pair)
    }
    return pairs
  }

  private func ranking(_ target: Int, _ random: inout ShopRandom) -> [ShopValue.Scored] {
    var members: [ShopValue.Scored] = []
    var size = 0
    var number = random.below(600)
    while size < target {
      number += 1 + random.below(5)
      let member = "product:\(ShopKeys.productID(number)):\(ShopKeys.market(number))"
      members.append(ShopValue.Scored(member: member, score: random.within(100...90_000)))
      size += member.utf8.count + 8
    }
    return members
  }

  private func cards(_ target: Int, _ random: inout ShopRandom) -> [[UInt8]] {
    var elements: [[UInt8]] = []
    var size = 0
    while size < target {
      var text = ShopText(capacity: Self.slack)
      card(&text, &random)
      size += text.count
      elements.append(text.bytes)
    }
    return elements
  }

  // MARK: Parts

  /// A product as lists show it, 150 to 350 bytes.
  private func card(_ text: inout ShopText, _ random: inout ShopRandom) {
    text.add("{")
    text.field("product", ShopKeys.productID(random.below(9_000)))
    text.field("name", "\(random.pick(ShopWords.adjectives)) \(random.pick(ShopWords.nouns))")
    text.field("price", price(&random))
    text.field("quantity", random.within(1...4))
    text.field("colour", random.pick(ShopWords.colours))
    text.field("note", random.pick(ShopWords.sentences))
    text.dropComma()
    text.add("}")
  }

  private func describe(_ text: inout ShopText, until target: Int, _ random: inout ShopRandom) {
    repeat {
      text.add(random.pick(ShopWords.sentences))
      text.add(" ")
    } while text.count < target
  }

  private func price(_ random: inout ShopRandom) -> String {
    "\(random.within(4...399)).\(random.below(2) == 0 ? "90" : "50")"
  }

  /// A fixed month: a value does not depend on when it is made.
  private func day(_ random: inout ShopRandom) -> String {
    let day = random.within(10...28)
    return "2026-10-\(day)T\(random.within(10...21)):\(random.within(10...59)):00Z"
  }
}

extension ShopValue.Pair {
  init(_ field: String, _ text: String) {
    self.init(field: field, value: Array(text.utf8))
  }
}
