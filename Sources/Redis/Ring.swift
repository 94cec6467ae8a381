/// A first-in-first-out queue over one growing array: elements are taken without moving the rest.
struct Ring<Element> {
  private var storage: [Element?] = []
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[(head + count) & (storage.count - 1)] = element
    count += 1
  }

  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = storage[head]
    storage[head] = nil
    head = (head + 1) & (storage.count - 1)
    count -= 1
    return element
  }

  /// Lets `body` change the element at `index` in place, 0 being the oldest.
  mutating func update<Result>(_ index: Int, _ body: (inout Element?) -> Result) -> Result {
    body(&storage[(head + index) & (storage.count - 1)])
  }

  /// The capacity stays a power of two, so that an index is masked and not divided.
  private mutating func grow() {
    var larger: [Element?] = []
    let capacity = max(16, storage.count * 2)
    larger.reserveCapacity(capacity)
    for index in 0..<count { larger.append(storage[(head + index) & (storage.count - 1)]) }
    larger.append(contentsOf: repeatElement(nil, count: capacity - count))
    storage = larger
    head = 0
  }
}
