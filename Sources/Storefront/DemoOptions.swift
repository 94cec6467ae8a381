/// What the demo drives: settable by environment and by the supervisor's arguments, for tests.
package struct DemoOptions: Sendable, Hashable {
  /// Operations a second, open loop.
  package var rate: Double = 2_000
  /// Share of all operations that ask for the flash-sale product, 0 … 1.
  package var flashShare: Double = 0.3
  /// Keys that are filled at the start.
  package var keys: Int = 20_000
  /// Equal seeds give equal shops.
  package var seed: UInt64 = 1
  /// The server's `maxmemory`, in megabytes.
  package var memory: Int = 128

  package init() {}

  /// Name, description and range of each option: `CACHECONSOLE_DEMO_<NAME>` in the environment,
  /// `--<name>` as the supervisor's argument.
  package static let names = ["rate", "flash-share", "keys", "seed", "memory"]

  /// Reads `CACHECONSOLE_DEMO_RATE`, `…_FLASH_SHARE`, `…_KEYS`, `…_SEED`, `…_MEMORY`.
  package init(environment: [String: String]) throws(DemoFailure) {
    for name in Self.names {
      let variable =
        "CACHECONSOLE_DEMO_"
        + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
      if let text = environment[variable] { try set(name, text, from: variable) }
    }
  }

  /// Reads `--rate 500 --seed 3`.
  package init(arguments: [String]) throws(DemoFailure) {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      let name = String(word.dropFirst(2))
      guard word.hasPrefix("--"), Self.names.contains(name), let text = rest.popFirst() else {
        throw DemoFailure("the demo has no option \(word) with a value")
      }
      try set(name, text, from: word)
    }
  }

  /// The same as arguments.
  package var arguments: [String] {
    [
      "--rate", String(rate), "--flash-share", String(flashShare), "--keys", String(keys),
      "--seed", String(seed), "--memory", String(memory),
    ]
  }

  private mutating func set(_ name: String, _ text: String, from source: String)
    throws(DemoFailure)
  {
    let accepted: Bool
    switch name {
    case "rate": accepted = Self.read(text, 0...100_000, &rate)
    case "flash-share": accepted = Self.read(text, 0...1, &flashShare)
    case "keys": accepted = Self.read(text, 100...1_000_000, &keys)
    case "seed": accepted = Self.read(text, 0...UInt64.max, &seed)
    case "memory": accepted = Self.read(text, 8...4096, &memory)
    default: accepted = false
    }
    if !accepted { throw DemoFailure("\(source): \(text) is not a value in its range") }
  }

  private static func read<Value: LosslessStringConvertible & Comparable>(
    _ text: String, _ range: ClosedRange<Value>, _ target: inout Value
  ) -> Bool {
    guard let value = Value(text), range.contains(value) else { return false }
    target = value
    return true
  }
}

/// Why there is no demo, and what the reader can do about it.
package struct DemoFailure: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  /// Empty if there is nothing to do.
  package var nextStep: String

  package init(_ message: String, nextStep: String = "") {
    self.message = message
    self.nextStep = nextStep
  }

  package var description: String {
    nextStep.isEmpty ? message : "\(message) (\(nextStep))"
  }
}
