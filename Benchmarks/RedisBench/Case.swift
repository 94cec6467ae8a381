/// One thing that is measured, by us and by those that do the same beside us.
struct Case {
  enum Verb: String {
    case get, set
  }

  enum Work {
    /// A value of 100 bytes; `depth` commands in one batch, or one at a time awaited.
    case batch(Verb, depth: Int)
    /// Tasks that each await their own command: they share the connection and merge by themselves.
    case callers(Verb, Int)
    /// A walk of all keys; the page's size.
    case scan(Int)
  }

  var work: Work
  /// Commands of one round; a walk has as many as there are keys.
  var count = 0
  var isTLS = false

  var name: String {
    let name =
      switch work {
      case .batch(let verb, let depth): "\(verb.rawValue)-depth-\(depth)"
      case .callers(let verb, let callers): "\(verb.rawValue)-callers-\(callers)"
      case .scan(let page): "scan-count-\(page)"
      }
    return isTLS ? name + "-tls" : name
  }

  var unit: String {
    if case .scan = work { "keys/s" } else { "commands/s" }
  }

  static let all: [Case] =
    [Verb.get, .set].flatMap { verb in
      [
        Case(work: .batch(verb, depth: 1), count: 20_000),
        Case(work: .batch(verb, depth: 16), count: 200_000),
        Case(work: .batch(verb, depth: 100), count: 400_000),
        Case(work: .callers(verb, 50), count: 200_000),
      ]
    } + [
      Case(work: .scan(1000)),
      // As many as redis-cli reads at a time.
      Case(work: .scan(10)),
      Case(work: .batch(.get, depth: 1), count: 20_000, isTLS: true),
      Case(work: .batch(.get, depth: 16), count: 100_000, isTLS: true),
      Case(work: .batch(.get, depth: 100), count: 200_000, isTLS: true),
      Case(work: .batch(.set, depth: 16), count: 100_000, isTLS: true),
      Case(work: .callers(.get, 50), count: 100_000, isTLS: true),
      Case(work: .scan(1000), isTLS: true),
    ]
}
