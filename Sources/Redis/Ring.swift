/// A first-in-first-out queue over one growing array: elements are taken without moving the rest.
struct Ring<Element> {
  /// What a slot without an element holds, so that a taken element is released at once.
  private let vacant: Element
  private var storage: [Element] = []
  private var head = 0
  private(set) var count = 0

  init(vacant: Element) { self.vacant = vacant }

  var isEmpty: Bool { count == 0 }

  mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[(head + count) & (storage.count - 1)] = element
    count += 1
  }

  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = storage[head]
    storage[head] = vacant
    head = (head + 1) & (storage.count - 1)
    count -= 1
    return element
  }

  /// The element at `index`, 0 being the oldest; changed in place.
  subscript(index: Int) -> Element {
    _read { yield storage[(head + index) & (storage.count - 1)] }
    _modify { yield &storage[(head + index) & (storage.count - 1)] }
  }

  /// The capacity stays a power of two, so that an index is masked and not divided.
  private mutating func grow() {
    var larger: [Element] = []
    let capacity = max(16, storage.count * 2)
    larger.reserveCapacity(capacity)
    for index in 0..<count { larger.append(self[index]) }
    larger.append(contentsOf: repeatElement(vacant, count: capacity - count))
    storage = larger
    head = 0
  }
}
