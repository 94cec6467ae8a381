package import Documents
package import Terminal

/// Themes as files: JSON5 with the schema `cacheconsole.theme`, found by name.
package struct ThemeFiles: Sendable {
  package static let schema = "cacheconsole.theme"
  package static let version = 1

  /// Always there, so that the console opens without its files.
  private static let builtIn = [Theme.dark, Theme.mono]

  /// Searched in this order; the first file of a name wins.
  package var folders: [String]

  package init(folders: [String]) { self.folders = folders }

  /// The user's folder, then the one that the program came with.
  package init(environment: [String: String], executable: String) {
    folders = []
    if let configuration = Folders.configuration(environment) {
      folders.append("\(configuration)/themes")
    }
    folders += Self.shippedFolders(executable: executable)
  }

  /// `themes/` beside the executable or above its build folder, and the system's.
  private static func shippedFolders(executable: String) -> [String] {
    var parts = executable.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    var result: [String] = []
    for _ in 0..<5 where !parts.isEmpty {
      result.append((parts + ["themes"]).joined(separator: "/"))
      parts = parts.dropLast()
    }
    return result + ["/usr/share/cacheconsole/themes", "/usr/local/share/cacheconsole/themes"]
  }

  /// Names that can be asked for, sorted, the built-in one included.
  package func names() -> [String] {
    let found = folders.flatMap { PrivateFolder.names(in: $0, limit: 1000) }
      .filter { $0.hasSuffix(".json5") }
      .map { String($0.dropLast(".json5".count)) }
      .filter(Self.isName)
    return Set(found + Self.builtIn.map(\.name)).sorted()
  }

  package func load(_ name: String) throws(DocumentError) -> Theme {
    guard Self.isName(name) else {
      throw DocumentError(
        file: Printable.line(name), detail: "is not a theme's name: letters, digits, - and _")
    }
    for folder in folders {
      let file = "\(folder)/\(name).json5"
      if let contents = try FileReader.read(file) {
        return try Self.parse(contents.bytes, file: file)
      }
    }
    if let theme = Self.builtIn.first(where: { $0.name == name }) { return theme }
    let known = names()
    let hint = Suggestion.closest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
    throw DocumentError(
      file: "theme '\(name)'",
      detail: "not found\(hint) Known: \(known.joined(separator: ", "))")
  }

  /// A name becomes part of a path: no separator, no leading dot.
  private static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 64
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
      }
  }

  package static func parse(_ text: [UInt8], file: String) throws(DocumentError) -> Theme {
    let root: JSON5Node
    do throws(JSON5SyntaxError) {
      root = try JSON5Parser.parse(text)
    } catch {
      throw DocumentError(file: file, error)
    }
    var reader = try ObjectReader(root, path: "", file: file)
    try SchemaHeader.check(&reader, schema: schema, version: version)
    guard let name = try reader.string("name") else { throw reader.failure("'name' is missing") }
    _ = try reader.string("description")
    guard let node = reader.take("roles") else { throw reader.failure("'roles' is missing") }
    try reader.end()
    var roles: [String: RoleSpecification] = [:]
    var lines: [String: Int] = [:]
    var members = try ObjectReader(node, path: "roles", file: file)
    for member in members.takeAll() {
      var role = try ObjectReader(member.value, path: "roles.\(member.key)", file: file)
      roles[member.key] = RoleSpecification(
        foreground: try role.string("fg"), background: try role.string("bg"),
        bold: try role.bool("bold") ?? false, dim: try role.bool("dim") ?? false,
        underline: try role.bool("underline") ?? false,
        reverse: try role.bool("reverse") ?? false)
      try role.end()
      lines[member.key] = member.line
    }
    do throws(ThemeError) {
      return try Theme(name: name, roles: roles)
    } catch {
      let line = lines.first { error.key.split(separator: ".").contains(Substring($0.key)) }?.value
      throw DocumentError(file: file, line: line, detail: error.description)
    }
  }
}
