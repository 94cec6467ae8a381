/// A password. It has no way into a text but `reveal`, so that no log, error or dump prints it.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let value: [UInt8]

  package init(_ bytes: [UInt8]) { value = bytes }

  package init(_ text: String) { value = Array(text.utf8) }

  package var isEmpty: Bool { value.isEmpty }

  package var description: String { "‹secret›" }
  package var debugDescription: String { "‹secret›" }
  package var customMirror: Mirror { Mirror(self, children: []) }

  /// The bytes themselves, for AUTH only.
  package func reveal() -> [UInt8] { value }
}
