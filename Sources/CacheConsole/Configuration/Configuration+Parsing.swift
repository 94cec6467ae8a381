private import ConsoleModel
package import Documents
private import Redis

extension Configuration {
  /// Parses one file; every key that it does not know is an error.
  ///
  /// - Parameter isSystem: the file is root's, so it may give rights.
  package init(
    parsing text: [UInt8], file: String, isSystem: Bool = false
  ) throws(DocumentError) {
    self.init()
    let root: JSON5Node
    do throws(JSON5SyntaxError) {
      root = try JSON5Parser.parse(text)
    } catch {
      throw DocumentError(file: file, error)
    }
    var reader = try ObjectReader(root, path: "", file: file)
    try SchemaHeader.check(&reader, schema: Self.schema, version: Self.version)
    defaultEnvironment = try reader.string("default_environment")
    theme = try reader.string("theme")
    mouse = try reader.bool("mouse")
    interval = try reader.number("interval", in: Arguments.intervalRange)
    isReadOnly = try reader.bool("read_only") ?? false
    if let lowered = try reader.choice("role", Role.self) {
      role = .init(role: lowered, file: file)
    }
    if let node = reader.take("roles") {
      guard isSystem else {
        throw reader.failure(
          "'roles' belongs into \(ConfigurationLoader.systemFile), which root owns; here"
            + " role: \"viewer\" or read_only: true can lower your own rights", line: node.line)
      }
      roles = try Roles(parsing: node, file: file)
    }
    if let node = reader.take("personal_data") {
      var personal = try ObjectReader(node, path: "personal_data", file: file)
      personalPatterns = try personal.strings("patterns")
      try personal.end()
    }
    if let node = reader.take("environments") {
      var all = try ObjectReader(node, path: "environments", file: file)
      for member in all.takeAll() {
        environments.append(try Self.environment(member, file: file))
      }
    }
    try reader.end()
    if let name = defaultEnvironment, environment(named: name) == nil {
      let hint = Suggestion.closest(to: name, in: environments.map(\.name))
      throw DocumentError(
        file: file,
        detail: "default_environment '\(name)' is not among its environments"
          + (hint.map { "; did you mean '\($0)'?" } ?? ""))
    }
  }

  private static func environment(
    _ member: JSON5Node.Member, file: String
  ) throws(DocumentError) -> Environment {
    let path = "environments.\(member.key)"
    var reader = try ObjectReader(member.value, path: path, file: file)
    guard !member.key.isEmpty, member.key.utf8.count <= 64 else {
      throw reader.failure("an environment's name has 1 to 64 bytes", line: member.line)
    }
    guard let environmentClass = try reader.choice("class", EnvironmentClass.self) else {
      throw reader.failure(
        "'\(path).class' is missing: development, staging or production", line: member.line)
    }
    let isReadOnly = try reader.bool("read_only") ?? false
    let mayReveal = try reader.bool("reveal") ?? (environmentClass == .development)
    guard let list = reader.take("servers"), case .array(let nodes) = list.value, !nodes.isEmpty
    else { throw reader.failure("'\(path).servers' must list at least one server") }
    var servers: [Server] = []
    for (index, node) in nodes.enumerated() {
      let server = try server(node, path: "\(path).servers[\(index)]", index: index, file: file)
      guard !servers.contains(where: { $0.name == server.name }) else {
        throw reader.failure("two servers are named '\(server.name)'", line: node.line)
      }
      servers.append(server)
    }
    let loader = try loader(&reader, path: path)
    let addresses = try addresses(&reader, path: path, file: file)
    try reader.end()
    return Environment(
      name: member.key, environmentClass: environmentClass, isReadOnly: isReadOnly,
      mayReveal: mayReveal, servers: servers, loader: loader, addresses: addresses, file: file)
  }

  private static func addresses(
    _ reader: inout ObjectReader, path: String, file: String
  ) throws(DocumentError) -> AddressMap {
    guard let node = reader.take("addresses") else { return AddressMap() }
    var section = try ObjectReader(node, path: "\(path).addresses", file: file)
    var pairs: [(from: String, to: String)] = []
    for member in section.takeAll() {
      guard case .string(let to) = member.value.value else {
        throw section.failure(
          "'\(path).addresses' leads from \"host:port\" to \"host:port\"", line: member.line)
      }
      pairs.append((member.key, to))
    }
    do throws(AddressMapError) {
      return try AddressMap(pairs)
    } catch {
      throw section.failure("'\(path).addresses': \(error.message)", line: node.line)
    }
  }

  private static func loader(
    _ reader: inout ObjectReader, path: String
  ) throws(DocumentError) -> [String] {
    try program("loader", example: "/usr/local/bin/load", &reader, path: path)
  }

  /// A program and its arguments; empty where the key is missing.
  private static func program(
    _ key: String, example: String, _ reader: inout ObjectReader, path: String
  ) throws(DocumentError) -> [String] {
    guard let words = try reader.strings(key) else { return [] }
    guard let program = words.first, !program.isEmpty else {
      throw reader.failure(
        "'\(path).\(key)' names no program: [\"\(example)\", \"--an-argument\"]")
    }
    guard program.hasPrefix("/") || !program.contains("/") else {
      // It is started by a process whose folder nobody chose.
      throw reader.failure(
        "'\(path).\(key)': '\(program)' is a relative path: give a full one, or a name in PATH")
    }
    guard !words.contains(where: { $0.contains("\0") }) else {
      throw reader.failure("'\(path).\(key)' holds a zero byte, which no argument can")
    }
    return words
  }

  private static func tls(
    _ reader: inout ObjectReader, path: String, url: String, file: String
  ) throws(DocumentError) -> TLSOptions {
    guard let node = reader.take("tls") else { return TLSOptions() }
    guard TLSOptions.isTLS(url: url) else {
      throw reader.failure(
        "'\(path).tls' is given, but the url is not a rediss:// one: nothing would be encrypted",
        line: node.line)
    }
    var section = try ObjectReader(node, path: "\(path).tls", file: file)
    var options = TLSOptions()
    options.cacert = try section.string("cacert")
    options.cert = try section.string("cert")
    options.key = try section.string("key")
    options.servername = try section.string("servername")
    options.insecure = try section.bool("insecure") ?? false
    try section.end()
    if let problem = options.problem({ "'\(path).tls.\($0)'" }) {
      throw reader.failure(problem, line: node.line)
    }
    return options
  }

  private static func server(
    _ node: JSON5Node, path: String, index: Int, file: String
  ) throws(DocumentError) -> Server {
    var reader = try ObjectReader(node, path: path, file: file)
    guard let url = try reader.string("url") else {
      throw reader.failure("'\(path).url' is missing: redis://host:port/db or unix:///path")
    }
    var server = Server(
      name: try reader.string("name") ?? "redis-\(index + 1)", url: url,
      passwordFile: try reader.string("password_file"),
      passwordEnvironment: try reader.string("password_environment"),
      asksPassword: try reader.bool("ask_password") ?? false)
    server.tokenCommand = try program(
      "token_command", example: "/usr/local/bin/token", &reader, path: path)
    server.tls = try tls(&reader, path: path, url: url, file: file)
    try reader.end()
    let sources = [
      server.passwordFile != nil, server.passwordEnvironment != nil, server.asksPassword,
      !server.tokenCommand.isEmpty,
    ]
    guard sources.filter({ $0 }).count <= 1 else {
      throw reader.failure(
        "'\(path)' names more than one of password_file, password_environment, ask_password,"
          + " token_command")
    }
    return server
  }
}
