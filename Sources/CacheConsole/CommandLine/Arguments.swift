package import ConsoleModel
private import Documents
private import Operations
package import Redis

/// What the command line asks for, before any file is read.
package struct Arguments: Sendable, Hashable {
  package enum Command: Sendable, Hashable {
    case console
    /// Print one screen, or one snapshot as JSON, and end.
    case once(json: Bool)
    case help
    case version
    /// The demo's supervisor process; started by the console itself.
    case demoSupervisor([String])
    /// The process that carries out one operation; started by the console itself.
    case operationRunner
    case audit(AuditCommand)
    /// The demo's source of values for a warm-up; started by operations.
    case demoLoader([String])
    /// `invalidate`, `warm`, …
    case subcommand(SubcommandCall)
    case subcommandHelp(SubcommandName)
  }

  package var command: Command = .console
  package var redisURLs: [String] = []
  package var configurationFile: String?
  package var environment: String?
  package var isDemo = false
  package var isReadOnly = false
  /// Lowers the role; nil: as the files say.
  package var role: Role?
  package var asksPassword = false
  package var passwordFile: String?
  package var tls = TLSOptions()
  /// Where servers are reached that announce other addresses.
  package var addresses = AddressMap()
  /// Seconds between polls.
  package var interval: Double?
  package var theme: String?
  package var mouse = true

  package init() {}

  /// Seconds that `--interval` accepts: faster would cost the servers, slower would hide incidents.
  package static let intervalRange = 0.2...3600.0
}

extension Arguments {
  /// - Parameter words: the arguments without the program's name.
  package init(parsing words: [String]) throws(UsageError) {
    self.init()
    if words.first == Self.supervisorCommand {
      command = .demoSupervisor(Array(words.dropFirst()))
      return
    }
    if words == [RunLauncher.command] {
      command = .operationRunner
      return
    }
    if let audit = try AuditCommand(words) {
      command = .audit(audit)
      return
    }
    if words.first == DemoLoader.command {
      command = .demoLoader(Array(words.dropFirst()))
      return
    }
    if let name = try Self.subcommand(words.first) {
      self = try Arguments(name, parsing: Array(words.dropFirst()))
      return
    }
    var rest = words[...]
    var once = false
    var json = false
    var maps: [(from: String, to: String)] = []
    while let word = rest.popFirst() {
      let (name, attached) = Self.split(word)
      guard let option = Option(rawValue: name) else { throw Self.unknown(word) }
      var value = ""
      if option.takesValue {
        guard let given = attached ?? rest.popFirst(), !given.isEmpty else {
          throw UsageError("\(name) needs a value: \(name) \(option.valueName)")
        }
        value = given
      } else if attached != nil {
        throw UsageError("\(name) takes no value")
      }
      switch option {
      case .redis: redisURLs.append(value)
      case .config: configurationFile = value
      case .env: environment = value
      case .demo: isDemo = true
      case .readOnly: isReadOnly = true
      case .role: role = try Self.role(value)
      case .askPassword: asksPassword = true
      case .passwordFile: passwordFile = value
      case .cacert: tls.cacert = value
      case .cert: tls.cert = value
      case .key: tls.key = value
      case .servername: tls.servername = value
      case .tlsInsecure: tls.insecure = true
      case .map: maps.append(try Self.map(value))
      case .interval: interval = try Self.seconds(value)
      case .theme: theme = value
      case .noMouse: mouse = false
      case .once: once = true
      case .json: json = true
      case .help: command = .help
      case .version: command = .version
      }
      if command == .help || command == .version { return }
    }
    if json && !once { throw UsageError("--json needs --once") }
    if isDemo && !redisURLs.isEmpty { throw UsageError("--demo and --redis exclude each other") }
    if isDemo && environment != nil { throw UsageError("--demo and --env exclude each other") }
    if environment != nil && !redisURLs.isEmpty {
      throw UsageError("--env and --redis exclude each other: an environment names its servers")
    }
    try checkPasswords()
    try checkTLS()
    try setAddresses(maps)
    if once { command = .once(json: json) }
  }

  /// Servers of the configuration name their own passwords.
  func checkPasswords() throws(UsageError) {
    guard redisURLs.isEmpty, asksPassword || passwordFile != nil else { return }
    throw UsageError(
      "\(asksPassword ? "--ask-password" : "--password-file") is for --redis servers; servers of the"
        + " configuration name their own (password_file, password_environment, ask_password)")
  }

  /// Options that could have no effect are mistakes: somebody believes in something.
  func checkTLS() throws(UsageError) {
    guard !tls.isEmpty else { return }
    guard !redisURLs.isEmpty else {
      throw UsageError(
        "--cacert, --cert, --key, --servername and --tls-insecure go with --redis rediss://...: the"
          + " servers of the configuration have a tls section for them")
    }
    if let problem = tls.problem({ $0 == "insecure" ? "--tls-insecure" : "--\($0)" }) {
      throw UsageError(problem)
    }
  }

  private static func map(_ text: String) throws(UsageError) -> (from: String, to: String) {
    guard let mark = text.firstIndex(of: "=") else {
      throw UsageError(
        "--map '\(Printable.line(text))': write ANNOUNCED=REACHED, such as"
          + " 10.0.0.7:6379=127.0.0.1:7001")
    }
    return (String(text[..<mark]), String(text[text.index(after: mark)...]))
  }

  private mutating func setAddresses(_ maps: [(from: String, to: String)]) throws(UsageError) {
    guard !maps.isEmpty else { return }
    guard !redisURLs.isEmpty else {
      throw UsageError(
        "--map is for --redis servers; an environment of the configuration has its own 'addresses'")
    }
    do throws(AddressMapError) {
      addresses = try AddressMap(maps)
    } catch {
      throw UsageError("--map: \(error.message)")
    }
  }

  package static let supervisorCommand = "demo-supervisor"

  /// `--name=value` in two parts.
  private static func split(_ word: String) -> (String, String?) {
    guard word.hasPrefix("--"), let mark = word.firstIndex(of: "=") else { return (word, nil) }
    return (String(word[..<mark]), String(word[word.index(after: mark)...]))
  }

  private static func unknown(_ word: String) -> UsageError {
    guard word.hasPrefix("-") else {
      return UsageError(
        "unexpected argument '\(Printable.line(word))': servers are given as --redis URL, and a"
          + " subcommand comes first")
    }
    let (name, _) = split(word)
    let known = Option.allCases.map(\.rawValue)
    let hint = Suggestion.closest(to: name, in: known).map { "; did you mean \($0)?" } ?? ""
    return UsageError("unknown option '\(Printable.line(name))'\(hint)")
  }

  static func role(_ text: String) throws(UsageError) -> Role {
    guard let role = Role(rawValue: text) else {
      let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("--role '\(Printable.line(text))' is none of \(names)")
    }
    return role
  }

  private static func seconds(_ text: String) throws(UsageError) -> Double {
    guard let value = Double(text), intervalRange.contains(value) else {
      throw UsageError(
        "--interval '\(Printable.line(text))' is not a number of seconds from "
          + "\(intervalRange.lowerBound) to \(Int(intervalRange.upperBound))")
    }
    return value
  }
}

/// Every option once: parsing, help and suggestions read this.
package enum Option: String, CaseIterable, Sendable {
  case redis = "--redis"
  case config = "--config"
  case env = "--env"
  case demo = "--demo"
  case readOnly = "--read-only"
  case role = "--role"
  case passwordFile = "--password-file"
  case askPassword = "--ask-password"
  case cacert = "--cacert"
  case cert = "--cert"
  case key = "--key"
  case servername = "--servername"
  case tlsInsecure = "--tls-insecure"
  case map = "--map"
  case interval = "--interval"
  case theme = "--theme"
  case noMouse = "--no-mouse"
  case once = "--once"
  case json = "--json"
  case version = "--version"
  case help = "--help"

  package var takesValue: Bool { !valueName.isEmpty }

  package var valueName: String {
    switch self {
    case .redis: "URL"
    case .config, .passwordFile, .cacert, .cert, .key: "FILE"
    case .env, .theme, .role, .servername: "NAME"
    case .map: "FROM=TO"
    case .interval: "SECONDS"
    default: ""
    }
  }

  package var explanation: String {
    switch self {
    case .redis:
      "redis[s]://[user@]host[:port][/db], unix:///path or host:port; repeatable"
    case .config: "read this file instead of the usual ones"
    case .env: "open this environment of the configuration"
    case .demo: "open the embedded demo shop"
    case .readOnly: "viewer: refuse every changing action, build no connection that could"
    case .role: "lower your role: viewer, operator or admin"
    case .passwordFile: "read the password of the --redis servers from this file"
    case .askPassword: "ask for the password of the --redis servers"
    case .cacert: "rediss://: trust the certificates in this PEM file, not the system's"
    case .cert: "rediss://: show this client certificate (PEM)"
    case .key: "rediss://: the private key of --cert (PEM)"
    case .servername: "rediss://: the name that the server's certificate must have"
    case .tlsInsecure: "rediss://: do not verify who answers; a warning stays on screen"
    case .map: "reach a node that announces host:port FROM at host:port TO; repeatable"
    case .interval: "seconds between polls (default 2)"
    case .theme: "colours: a file name in themes/ without .json5"
    case .noMouse: "leave the mouse to the terminal"
    case .once: "print one screen as plain text and end"
    case .json: "with --once: print the snapshot as JSON (docs/snapshot.md)"
    case .version: "print the version and end"
    case .help: "print this and end"
    }
  }
}

/// A mistake on the command line: exit code 2.
package struct UsageError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
