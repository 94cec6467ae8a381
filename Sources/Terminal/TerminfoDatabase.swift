#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Finds compiled entries where ncurses looks for them.
enum TerminfoDatabase {
  /// Entries are at most 32 KiB by the file format.
  private static let largestEntry = 32 * 1024

  static func entry(named name: String) -> TerminfoEntry? {
    guard let first = name.utf8.first, !name.utf8.contains(UInt8(ascii: "/")) else { return nil }
    let hexadecimal = String(first, radix: 16)
    for folder in folders {
      for path in [
        "\(folder)/\(Unicode.Scalar(first))/\(name)", "\(folder)/\(hexadecimal)/\(name)",
      ] {
        if let bytes = read(path) { return TerminfoEntry(bytes) }
      }
    }
    return nil
  }

  private static var folders: [String] {
    var folders: [String] = []
    if let own = Environment.value("TERMINFO") { folders.append(own) }
    if let home = Environment.value("HOME") { folders.append("\(home)/.terminfo") }
    folders += (Environment.value("TERMINFO_DIRS") ?? "").split(separator: ":").map(String.init)
    return folders + ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo"]
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: largestEntry)
    let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
    return count > 0 ? Array(bytes.prefix(count)) : nil
  }
}

/// The process's environment, read only.
enum Environment {
  /// Nil where a variable is not set or empty.
  static func value(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
