private import CNcurses

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// The process's character type locale; no other category is ever set, so that numbers and times
/// are formatted by us.
package enum TerminalLocale {
  /// Takes the character set over from the environment (`LC_ALL`, `LC_CTYPE`, `LANG`).
  ///
  /// - Returns: whether it is UTF-8; else only ASCII may be drawn.
  @discardableResult
  package static func adopt() -> Bool {
    if unsafe setlocale(LC_CTYPE, "") == nil {
      // A locale that is not installed on this machine: the name may still say UTF-8.
      for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
        guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { continue }
        let text = unsafe String(cString: value).lowercased()
        let isUTF8 = text.hasSuffix("utf-8") || text.hasSuffix("utf8")
        return isUTF8 && canMeasure
      }
    }
    return isUTF8
  }

  /// Whether wide scalars can be measured.
  ///
  /// A grid may be asked for in Unicode by a process whose own locale is not (a test, or a screen
  /// printed to a file): it is then measured in `C.UTF-8`, once and for all.
  static let canMeasure: Bool = {
    if isUTF8 { return true }
    return unsafe setlocale(LC_CTYPE, "C.UTF-8") != nil || setlocale(LC_CTYPE, "en_US.UTF-8") != nil
  }()

  private static var isUTF8: Bool {
    guard let name = unsafe nl_langinfo(nl_item(CODESET)) else { return false }
    return unsafe String(cString: name) == "UTF-8"
  }
}
