/// Builds JSON by appending: values are made while traffic runs, so that making them must cost
/// little. Only text of `ShopWords` goes in, which needs no escapes.
struct ShopText {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  var count: Int { bytes.count }

  mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func add(_ value: Int) { bytes.append(contentsOf: String(value).utf8) }

  /// `"name":"text",`
  mutating func field(_ name: String, _ text: String) {
    add("\"")
    add(name)
    add("\":\"")
    add(text)
    add("\",")
  }

  /// `"name":1,`
  mutating func field(_ name: String, _ value: Int) {
    add("\"")
    add(name)
    add("\":")
    add(value)
    add(",")
  }

  /// Takes back the last comma.
  mutating func dropComma() {
    if bytes.last == UInt8(ascii: ",") { bytes.removeLast() }
  }
}
