private import Documents
package import ConsoleModel
package import Redis

/// An environment ready to be opened: servers resolved, passwords read.
package struct EnvironmentPlan: Sendable {
  package var identity: EnvironmentIdentity
  package var isReadOnly: Bool
  /// Why it is read-only, if it is.
  package var readOnlyReason: String
  package var mayReveal: Bool
  package var servers: [ServerPlan]
  /// The file that lists the servers; nil: the command line.
  package var file: String?
  /// Prints the values of keys for a warm-up; empty: there is none.
  package var loader: [String] = []
  /// Where servers are reached that announce other addresses.
  package var addresses = AddressMap()
}

/// One server ready to be connected to.
package struct ServerPlan: Sendable {
  package var id: NodeID
  package var endpoint: RedisEndpoint
  package var access: RedisAccess
  /// The name that its certificate must have is its own, and not one that was given for all.
  private var hasNameOfItsOwn = false

  package init(id: NodeID, endpoint: RedisEndpoint, access: RedisAccess = RedisAccess()) {
    self.id = id
    self.endpoint = endpoint
    self.access = access
  }

  /// The same way in to another server that this one told of.
  ///
  /// - Parameter announced: how the others know it; its certificate is for that name, wherever the way to
  ///   it begins, unless a name was given for all.
  package func reaching(
    _ id: NodeID, announced: NodeAddress, at address: NodeAddress
  ) -> ServerPlan {
    var plan = self
    plan.id = id
    plan.endpoint.address = .tcp(host: address.host, port: address.port)
    if hasNameOfItsOwn { plan.access.tls.serverName = nil }
    plan.hasNameOfItsOwn = plan.access.tls.serverName == nil && announced.host != address.host
    if plan.hasNameOfItsOwn { plan.access.tls.serverName = announced.host }
    return plan
  }

  /// TLS without a look at who answers.
  package var isUnverified: Bool { endpoint.isTLS && !access.tls.isVerified }

  /// Does the URL hold a password? Unreadable URLs hold none that would work.
  package static func hasPassword(url: String) -> Bool {
    ((try? RedisURL(parsing: url))?.password).map { !$0.isEmpty } ?? false
  }
}

/// Where passwords come from; a parameter, so that tests need no terminal.
package struct PasswordSources: Sendable {
  package var environment: [String: String]
  /// Asks the person; nil where there is none.
  package var ask: @Sendable (_ server: String) -> String?

  package init(
    environment: [String: String], ask: @escaping @Sendable (_ server: String) -> String?
  ) {
    self.environment = environment
    self.ask = ask
  }

  /// Read for servers that name no source of their own; the second is redis-cli's.
  package static let variables = ["CACHECONSOLE_PASSWORD", "REDISCLI_AUTH"]

  var standard: Secret? {
    for name in Self.variables {
      if let value = environment[name], !value.isEmpty { return Secret(value) }
    }
    return nil
  }
}

extension EnvironmentPlan {
  /// Servers of the command line: an environment of its own, production-like care until it is named.
  package init(
    arguments: Arguments, isReadOnly: Bool, passwords: PasswordSources
  ) throws(StartError) {
    var shared: Secret?
    if let file = arguments.passwordFile {
      do throws(DocumentError) {
        shared = Secret(try FileReader.readSecret(file))
      } catch {
        throw .failed(error.description)
      }
    }
    let isTLS = arguments.redisURLs.map(TLSOptions.isTLS)
    guard arguments.tls.isEmpty || isTLS.contains(true) else {
      throw .usage(
        "options for TLS were given, but no server is a rediss:// one: nothing would be encrypted")
    }
    let tls = arguments.tls.settings(in: SubcommandRun.currentFolder())
    if isTLS.contains(true) { try Self.check(tls) }
    servers = []
    for (index, text) in arguments.redisURLs.enumerated() {
      let url: RedisURL
      do throws(RedisURLError) {
        url = try RedisURL(parsing: text)
      } catch {
        throw .usage("--redis number \(index + 1): \(error.message)")
      }
      guard url.password == nil else {
        throw .usage(
          "--redis number \(index + 1) holds a password, which other users can read: leave it out"
            + " and use --password-file FILE, --ask-password or CACHECONSOLE_PASSWORD")
      }
      var password = shared ?? passwords.standard
      if arguments.asksPassword {
        guard let given = passwords.ask(url.endpoint.description) else {
          throw .failed("no password was given for \(url.endpoint)")
        }
        password = Secret(given)
      }
      let name = Self.uniqueName(url.endpoint.description, servers.map(\.id))
      servers.append(
        ServerPlan(
          id: NodeID(name), endpoint: url.endpoint,
          access: RedisAccess(password: password, tls: tls)))
    }
    addresses = arguments.addresses
    identity = EnvironmentIdentity(
      name: "command line", environmentClass: .production,
      isUnverified: servers.contains(where: \.isUnverified))
    self.isReadOnly = isReadOnly
    readOnlyReason = "started with --read-only"
    mayReveal = false
  }

  /// An environment of the configuration.
  package init(
    _ environment: Configuration.Environment, isReadOnly: Bool, reason: String,
    passwords: PasswordSources
  ) throws(StartError) {
    servers = []
    for server in environment.servers {
      let url: RedisURL
      do throws(RedisURLError) {
        url = try RedisURL(parsing: server.url)
      } catch {
        throw .failed(
          DocumentError(
            file: environment.file,
            detail: "environments.\(environment.name): server '\(server.name)': \(error.message)"
          ).description)
      }
      let tls = server.tls.settings(in: SubcommandRun.currentFolder())
      if url.endpoint.isTLS { try Self.check(tls, "server '\(server.name)': ") }
      let source: RedisAccess.Source
      if server.tokenCommand.isEmpty {
        let password = try Self.password(server, url: url, passwords: passwords)
        source = password.map { .fixed($0) } ?? .none
      } else if url.password == nil {
        source = .provider(ProgramToken(server.tokenCommand))
      } else {
        throw .failed(
          "server '\(server.name)' in \(environment.file): its url holds a password, and"
            + " token_command gives another: keep one of them")
      }
      servers.append(
        ServerPlan(
          id: NodeID(server.name), endpoint: url.endpoint,
          access: RedisAccess(source, tls: tls)))
    }
    identity = EnvironmentIdentity(
      name: environment.name, environmentClass: environment.environmentClass,
      isUnverified: servers.contains(where: \.isUnverified))
    self.isReadOnly = isReadOnly || environment.isReadOnly
    file = environment.file
    readOnlyReason =
      isReadOnly ? reason : "environment '\(environment.name)' is read_only in \(environment.file)"
    mayReveal = environment.mayReveal
    loader = environment.loader
    addresses = environment.addresses
  }

  /// Reads the files of TLS, so that a mistake is told at once and not by each connection.
  private static func check(_ tls: TLSSettings, _ place: String = "") throws(StartError) {
    do throws(TLSFileError) {
      try tls.check()
    } catch {
      throw .failed(place + error.description)
    }
  }

  /// What must be said before anything is sent; nil: nothing.
  package var warning: String? {
    let names = servers.filter(\.isUnverified).map { "\($0.endpoint)" }
    guard !names.isEmpty else { return nil }
    return
      "WARNING: TLS NOT VERIFIED for \(names.joined(separator: ", ")): whoever answers there is"
      + " taken for the server, and gets the password"
  }

  private static func password(
    _ server: Configuration.Server, url: RedisURL, passwords: PasswordSources
  ) throws(StartError) -> Secret? {
    if let file = server.passwordFile {
      do throws(DocumentError) {
        return Secret(try FileReader.readSecret(file))
      } catch {
        throw .failed(error.description)
      }
    }
    if let variable = server.passwordEnvironment {
      guard let value = passwords.environment[variable], !value.isEmpty else {
        throw .failed("server '\(server.name)': the environment variable \(variable) is not set")
      }
      return Secret(value)
    }
    if server.asksPassword {
      guard let given = passwords.ask("\(server.name) (\(url.endpoint))") else {
        throw .failed("no password was given for server '\(server.name)'")
      }
      return Secret(given)
    }
    return url.password ?? passwords.standard
  }

  private static func uniqueName(_ name: String, _ taken: [NodeID]) -> String {
    guard taken.contains(NodeID(name)) else { return name }
    return (2...).lazy.map { "\(name) #\($0)" }.first { !taken.contains(NodeID($0)) } ?? name
  }
}

/// Why the console could not start.
package enum StartError: Error, Sendable, Hashable {
  /// Exit code 2.
  case usage(String)
  /// Exit code 1.
  case failed(String)

  package var message: String {
    switch self {
    case .usage(let text), .failed(let text): text
    }
  }

  package var exitCode: Int32 {
    switch self {
    case .usage: 2
    case .failed: 1
    }
  }
}
