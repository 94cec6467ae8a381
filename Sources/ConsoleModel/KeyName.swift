/// A key as the server has it: bytes, not text.
package struct KeyName: Sendable, Hashable, Comparable {
  package var bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init(_ text: String) { self.bytes = Array(text.utf8) }

  /// By bytes, as `sort` in the C locale.
  package static func < (left: Self, right: Self) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}
