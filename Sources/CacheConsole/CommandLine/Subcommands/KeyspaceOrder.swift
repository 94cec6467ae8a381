package import ConsoleModel

/// What `keyspace` is asked to measure, and how.
package struct KeyspaceOrder: Sendable, Hashable {
  /// A Redis glob; nil: every key.
  package var pattern: [UInt8]?
  /// Filters as they were typed: `<60` for `ttl`.
  package private(set) var filters: [KeyFilter.Name: String] = [:]
  package private(set) var filter = KeyFilter()
  /// 1…8.
  package var depth = Self.standardDepth
  /// Keys to visit; nil: every key.
  package var sample: Int?
  /// Keys per second of each server.
  package var rate = 20_000
  /// The analysis that ended early and is gone on with: its name, or `last`.
  package var resume: String?

  package static let standardDepth = 2

  package init() {}

  /// - Returns: false if the value says nothing.
  package mutating func set(_ name: KeyFilter.Name, _ value: String) -> Bool {
    guard filter.set(name, value) else { return false }
    filters[name] = value
    return true
  }
}

extension KeyspaceOrder {
  init(_ words: SubcommandWords) throws(UsageError) {
    self.init()
    try words.noOperands()
    rate = try words.number("--rate", 1...10_000_000) ?? rate
    if let name = words.value("--resume") {
      let fixed =
        ["--pattern", "--depth", "--sample", "--node"] + KeyFilter.Name.allCases.map(\.option)
      if let other = fixed.first(where: words.has) {
        throw UsageError("--resume goes on with what was asked then: leave out \(other)")
      }
      guard name == "last" || KeyspaceFile.isName(name) else {
        throw UsageError(
          "--resume '\(Printable.line(name, limit: 60))' is not the name of an analysis, such as"
            + " 20261125T165512-3f9a0c, nor 'last'")
      }
      resume = name
      return
    }
    pattern = try words.value("--pattern").map { text throws(UsageError) in
      try SubcommandWords.bytes(text, "the pattern")
    }
    depth = try words.number("--depth", 1...8) ?? depth
    sample = try words.number("--sample", 100...500_000)
    for name in KeyFilter.Name.allCases {
      guard let value = words.value(name.option) else { continue }
      guard set(name, value) else {
        throw UsageError(
          "\(name.option) '\(Printable.line(value, limit: 60))' says nothing; write what follows the"
            + " colon of \(name.form)")
      }
    }
  }
}

extension KeyFilter.Name {
  /// `--ttl`
  var option: String { "--\(rawValue)" }
}
