import Operations
import Testing

@Suite struct BatchSizeTests {
  private static func keys(_ count: Int) -> [[UInt8]] { Array(repeating: [1], count: count) }

  @Test func `a slow batch halves the next, calm ones let it grow again`() {
    var size = BatchSize(largest: 250)
    size.observe(microseconds: 2600)
    #expect(size.keys == 125)
    for _ in 0..<16 { size.observe(microseconds: 100) }
    #expect(size.keys == 156)
    for _ in 0..<100 { size.observe(microseconds: 100) }
    #expect(size.keys == 250)
    for _ in 0..<100 { size.observe(microseconds: 1e9) }
    #expect(size.keys == 20)
  }

  @Test func `at full speed it takes four slow ones in a row`() {
    var size = BatchSize(largest: 1000, isPaced: false)
    for _ in 0..<10 { size.observe(microseconds: 4900) }
    for _ in 0..<3 { size.observe(microseconds: 9000) }
    size.observe(microseconds: 100)
    for _ in 0..<3 { size.observe(microseconds: 9000) }
    #expect(size.keys == 1000)
    size.observe(microseconds: 9000)
    #expect(size.keys == 500)
  }

  @Test func `a page that is a little too long stays one batch`() {
    let size = BatchSize(largest: 1000)
    #expect(size.parts(Self.keys(1005), bytes: nil) == [0..<1005])
    #expect(size.parts(Self.keys(1126), bytes: nil) == [0..<1000, 1000..<1126])
    #expect(size.parts([], bytes: nil) == [])
    #expect(size.parts(Self.keys(1005), bytes: Array(repeating: 100, count: 1005)) == [0..<1005])
  }

  @Test func `no batch frees more than its bytes, unless one key is that large`() {
    let size = BatchSize(largest: 1000)
    let large = BatchSize.largestBytes
    #expect(size.parts(Self.keys(3), bytes: [large, 1, nil]) == [0..<1, 1..<3])
    #expect(size.parts(Self.keys(2), bytes: [.max, .max]) == [0..<1, 1..<2])
  }
}
