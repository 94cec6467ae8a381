package import Collectors
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
  /// Then `servers` are Sentinels, and this is what they watch.
  package var group: GroupPlan?
}

/// One server ready to be connected to.
package struct ServerPlan: Sendable {
  package var id: NodeID
  package var endpoint: RedisEndpoint
  package var access: RedisAccess
  /// Reads that may lag go to a replica of it.
  package var policy = ReadPolicy()
  /// An address for these reads instead of a replica that was found.
  package var reader: RedisEndpoint?
  /// Who says where it is after a failover.
  package var sentinels: SentinelGroup?
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
    // It leads to that one's replicas.
    plan.reader = nil
    if hasNameOfItsOwn { plan.access.tls.serverName = nil }
    plan.hasNameOfItsOwn = plan.access.tls.serverName == nil && announced.host != address.host
    if plan.hasNameOfItsOwn { plan.access.tls.serverName = announced.host }
    return plan
  }

  /// Sets who answers reads that may lag; where an address is known already, `replica` keeps it.
  mutating func prefer(_ reads: ReadPreference) {
    switch reads {
    case .primary:
      policy.prefersReplica = false
      reader = nil
    case .replica:
      policy.prefersReplica = true
      reader = reader ?? endpoint.ownReader
    case .reader(let endpoint):
      policy.prefersReplica = true
      var endpoint = endpoint
      endpoint.user = endpoint.user ?? self.endpoint.user
      endpoint.database = self.endpoint.database
      reader = endpoint
    }
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

  /// Read for Sentinels that name no source of their own, which get nothing of the servers'.
  package static let sentinelVariable = "CACHECONSOLE_SENTINEL_PASSWORD"

  var standard: Secret? { Self.variables.lazy.compactMap(secret).first }

  var sentinelStandard: Secret? { secret(Self.sentinelVariable) }

  private func secret(_ name: String) -> Secret? {
    environment[name].flatMap { $0.isEmpty ? nil : Secret($0) }
  }
}

extension EnvironmentPlan {
  /// Servers of the command line: an environment of its own, production-like care until it is named.
  package init(
    arguments: Arguments, isReadOnly: Bool, passwords: PasswordSources
  ) throws(StartError) {
    if !arguments.sentinels.isEmpty {
      try self.init(sentinelsOf: arguments, isReadOnly: isReadOnly, passwords: passwords)
      return
    }
    let shared = try Self.secret(inFile: arguments.passwordFile)
    let isTLS = arguments.redisURLs.map(TLSOptions.isTLS)
    guard arguments.tls.isEmpty || isTLS.contains(true) else {
      throw .usage(
        "options for TLS were given, but no server is a rediss:// one: nothing would be encrypted")
    }
    let tls = arguments.tls.settings(in: SubcommandRun.currentFolder())
    if isTLS.contains(true) { try Self.check(tls) }
    var servers: [ServerPlan] = []
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
      try Self.checkNode(url.endpoint, "--redis number \(index + 1)")
      let name = Self.uniqueName(url.endpoint.description, servers.map(\.id))
      var server = ServerPlan(
        id: NodeID(name), endpoint: url.endpoint,
        access: RedisAccess(password: password, tls: tls))
      server.prefer(arguments.reads ?? .primary)
      servers.append(server)
    }
    self.init(servers, of: arguments, isReadOnly: isReadOnly)
  }

  /// - Parameter servers: all of them, or the Sentinels.
  init(
    _ servers: [ServerPlan], of arguments: Arguments, isReadOnly: Bool, group: GroupPlan? = nil
  ) {
    self.servers = servers
    self.group = group
    addresses = arguments.addresses
    identity = EnvironmentIdentity(
      name: "command line", environmentClass: .production,
      isUnverified: Self.isUnverified(servers, group))
    self.isReadOnly = isReadOnly
    readOnlyReason = "started with --read-only"
    mayReveal = false
  }

  private static func isUnverified(_ servers: [ServerPlan], _ group: GroupPlan?) -> Bool {
    servers.contains(where: \.isUnverified) || group?.member.isUnverified == true
  }

  /// An environment of the configuration.
  ///
  /// - Parameter reads: `--read-from`, before what the files say.
  package init(
    _ environment: Configuration.Environment, isReadOnly: Bool, reason: String,
    passwords: PasswordSources, reads: ReadPreference? = nil
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
      try Self.checkNode(url.endpoint, "server '\(server.name)' in \(environment.file)")
      var plan = ServerPlan(
        id: NodeID(server.name), endpoint: url.endpoint, access: RedisAccess(source, tls: tls))
      plan.prefer(environment.reads)
      if let own = server.reads { plan.prefer(own) }
      if let reads { plan.prefer(reads) }
      if let lag = environment.maximumReadLag { plan.policy.maximumLagSeconds = UInt64(lag) }
      servers.append(plan)
    }
    if let sentinels = environment.sentinels {
      (servers, group) = try Self.group(sentinels, in: environment, passwords: passwords)
    }
    identity = EnvironmentIdentity(
      name: environment.name, environmentClass: environment.environmentClass,
      isUnverified: Self.isUnverified(servers, group))
    self.isReadOnly = isReadOnly || environment.isReadOnly
    file = environment.file
    readOnlyReason =
      isReadOnly ? reason : "environment '\(environment.name)' is read_only in \(environment.file)"
    mayReveal = environment.mayReveal
    loader = environment.loader
    addresses = environment.addresses
  }

  /// A reader endpoint is another server at each connection: its figures would be nobody's.
  private static func checkNode(
    _ endpoint: RedisEndpoint, _ place: String
  ) throws(StartError) {
    guard case .reader(let primary) = endpoint.managed else { return }
    throw .usage(
      "\(place) is a reader endpoint, which leads to another replica at each connection, so that no"
        + " server's figures can be read there: give the primary endpoint, \(primary), whose replicas"
        + " are found, and the reader endpoint as 'reads' (--read-from) for key searches and values"
    )
  }

  /// Reads the files of TLS, so that a mistake is told at once and not by each connection.
  static func check(_ tls: TLSSettings, _ place: String = "") throws(StartError) {
    do throws(TLSFileError) {
      try tls.check()
    } catch {
      throw .failed(place + error.description)
    }
  }

  /// What must be said before anything is sent; nil: nothing.
  package var warning: String? {
    var names = servers.filter(\.isUnverified).map { "\($0.endpoint)" }
    if let group, group.member.isUnverified {
      names.append("the servers of '\(Printable.line(group.master))'")
    }
    guard !names.isEmpty else { return nil }
    return
      "WARNING: TLS NOT VERIFIED for \(names.joined(separator: ", ")): whoever answers there is"
      + " taken for the server, and gets the password"
  }

  private static func password(
    _ server: Configuration.Server, url: RedisURL, passwords: PasswordSources
  ) throws(StartError) -> Secret? {
    if let secret = try secret(inFile: server.passwordFile) { return secret }
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

  static func secret(inFile file: String?) throws(StartError) -> Secret? {
    guard let file else { return nil }
    do throws(DocumentError) {
      return Secret(try FileReader.readSecret(file))
    } catch {
      throw .failed(error.description)
    }
  }

  static func uniqueName(_ name: String, _ taken: [NodeID]) -> String {
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
