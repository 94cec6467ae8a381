private import Terminal

/// Text that goes to stderr or stdout outside the screen: bounded, one line, nothing undrawable.
package enum Printable {
  package static func line(_ text: String, limit: Int = 400) -> String {
    var safe = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      let drawable = TextWidth.drawable(scalar, isUnicode: true)
      safe.unicodeScalars.append(Unicode.Scalar(drawable.scalar) ?? "?")
    }
    return text.unicodeScalars.count > limit ? safe + "…" : safe
  }
}
