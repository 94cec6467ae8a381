import Storefront
import Testing

@Suite struct ZipfTests {
  @Test(arguments: [(1000, 0.99), (50, 1.2), (10, 0.0), (1, 0.99)])
  func `draws follow the exact probabilities`(count: Int, exponent: Double) {
    let zipf = Zipf(count: count, exponent: exponent)
    var random = ShopRandom(seed: 42)
    let draws = 200_000
    var seen = [Int](repeating: 0, count: count)
    for _ in 0..<draws { seen[zipf.rank(&random)] += 1 }
    for rank in 0..<count {
      let expected = zipf.probabilities[rank] * Double(draws)
      // Five standard deviations: one false alarm in some hundred thousand ranks.
      let tolerance = 5 * expected.squareRoot() + 5
      #expect(abs(Double(seen[rank]) - expected) <= tolerance, "rank \(rank)")
    }
  }

  @Test func `probabilities are those of the definition`() {
    let zipf = Zipf(count: 20_000, exponent: 0.99)
    #expect(abs(zipf.probabilities.reduce(0, +) - 1) < 1e-9)
    // 2^0.99 = 1.98618…
    #expect(abs(zipf.probabilities[0] / zipf.probabilities[1] - 1.986_185) < 1e-5)
    #expect(
      zipf.probabilities.indices.dropFirst().allSatisfy {
        zipf.probabilities[$0] < zipf.probabilities[$0 - 1]
      })
  }

  @Test func `a seed repeats its draws`() {
    let zipf = Zipf(count: 100, exponent: 0.99)
    var first = ShopRandom(seed: 1)
    var second = ShopRandom(seed: 1)
    for _ in 0..<1000 { #expect(zipf.rank(&first) == zipf.rank(&second)) }
  }
}
