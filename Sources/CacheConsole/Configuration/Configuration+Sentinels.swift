internal import Documents
private import Redis

/// An environment whose servers are found by Sentinels.
extension Configuration {
  /// nil: it has none.
  static func sentinels(
    _ reader: inout ObjectReader, path: String, file: String
  ) throws(DocumentError) -> Sentinels? {
    let list = reader.take("sentinels")
    let master = try reader.string("master")
    let login = try login("login", isSentinel: false, &reader, path: path, file: file)
    let own = try Self.login("sentinel_login", isSentinel: true, &reader, path: path, file: file)
    guard let list else {
      let stray = [
        ("master", master != nil), ("login", login != nil), ("sentinel_login", own != nil),
      ].first { $0.1 }
      guard let stray else { return nil }
      throw reader.failure("'\(path).\(stray.0)' goes with '\(path).sentinels'")
    }
    guard case .array(let nodes) = list.value, !nodes.isEmpty else {
      throw reader.failure(
        "'\(path).sentinels' lists the Sentinels' addresses: [\"10.0.1.11:26379\"]",
        line: list.line)
    }
    guard let master, !master.isEmpty else {
      throw reader.failure(
        "'\(path).master' is missing: the name under which the Sentinels watch the primary",
        line: list.line)
    }
    var addresses: [String] = []
    for node in nodes {
      guard case .string(let text) = node.value else {
        throw reader.failure(
          "'\(path).sentinels' is a list of addresses: \"host:port\"", line: node.line)
      }
      do throws(RedisURLError) {
        _ = try SentinelAddress(parsing: text)
      } catch {
        throw reader.failure("'\(path).sentinels': \(error.message)", line: node.line)
      }
      addresses.append(text)
    }
    return Sentinels(
      addresses: addresses, master: master, login: login ?? Login(), sentinelLogin: own ?? Login())
  }

  private static func login(
    _ key: String, isSentinel: Bool, _ reader: inout ObjectReader, path: String, file: String
  ) throws(DocumentError) -> Login? {
    guard let node = reader.take(key) else { return nil }
    let path = "\(path).\(key)"
    var section = try ObjectReader(node, path: path, file: file)
    var login = Login()
    login.user = try section.string("user")
    if !isSentinel {
      login.database = Int(try section.number("database", in: 0...1_000_000) ?? 0)
    }
    login.passwordFile = try section.string("password_file")
    login.passwordEnvironment = try section.string("password_environment")
    login.asksPassword = try section.bool("ask_password") ?? false
    login.tokenCommand = try program(
      "token_command", example: "/usr/local/bin/token", &section, path: path)
    if let tls = section.take("tls") { login.tls = try Self.tls(tls, path: path, file: file) }
    try section.end()
    let sources = [
      login.passwordFile != nil, login.passwordEnvironment != nil, login.asksPassword,
      !login.tokenCommand.isEmpty,
    ]
    guard sources.filter({ $0 }).count <= 1 else {
      throw section.failure(
        "'\(path)' names more than one of password_file, password_environment, ask_password,"
          + " token_command", line: node.line)
    }
    return login
  }
}
