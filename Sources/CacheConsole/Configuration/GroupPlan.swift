package import ConsoleModel
package import Redis

/// What the Sentinels of an environment watch: a primary whose address changes, and its replicas.
package struct GroupPlan: Sendable {
  /// The name by which the Sentinels know it, and by which operations do, which outlives failovers.
  package var master: String
  /// How its servers are reached; the address in it stands for none.
  package var member: ServerPlan

  package var node: NodeID { NodeID(master) }
}

extension EnvironmentPlan {
  /// For whoever asks the Sentinels; nil: there are none.
  package var sentinels: SentinelGroup? {
    guard let group else { return nil }
    return SentinelGroup(
      master: group.master,
      sentinels: servers.map { SentinelGroup.Sentinel(endpoint: $0.endpoint, access: $0.access) },
      server: SentinelGroup.Sentinel(
        endpoint: group.member.endpoint, access: group.member.access), addresses: addresses)
  }

  /// The way to a server of the group.
  func member(_ id: NodeID, announced: NodeAddress) -> ServerPlan? {
    group?.member.reaching(id, announced: announced, at: addresses.reachable(announced))
  }

  // MARK: The command line

  init(
    sentinelsOf arguments: Arguments, isReadOnly: Bool, passwords: PasswordSources
  ) throws(StartError) {
    let master: MasterName
    do throws(RedisURLError) {
      master = try MasterName(parsing: arguments.master ?? "")
    } catch {
      throw .usage("--master: \(error.message)")
    }
    var endpoints: [RedisEndpoint] = []
    for (index, text) in arguments.sentinels.enumerated() {
      do throws(RedisURLError) {
        endpoints.append(try SentinelAddress(parsing: text).endpoint)
      } catch {
        throw .usage("--sentinel number \(index + 1): \(error.message)")
      }
    }
    let isTLS = master.endpoint.isTLS || endpoints.contains(where: \.isTLS)
    guard arguments.tls.isEmpty || isTLS else {
      throw .usage(
        "options for TLS were given, but neither a Sentinel nor the master is a rediss:// one:"
          + " nothing would be encrypted")
    }
    let tls = arguments.tls.settings(in: SubcommandRun.currentFolder())
    if isTLS { try Self.check(tls) }
    var password = try Self.secret(inFile: arguments.passwordFile) ?? passwords.standard
    if arguments.asksPassword {
      guard let given = passwords.ask("the servers of \(Printable.line(master.name))") else {
        throw .failed("no password was given for the servers of '\(Printable.line(master.name))'")
      }
      password = Secret(given)
    }
    let own =
      try Self.secret(inFile: arguments.sentinelPasswordFile) ?? passwords.sentinelStandard
    let group = GroupPlan(
      master: master.name,
      member: ServerPlan(
        id: NodeID(master.name), endpoint: master.endpoint,
        access: RedisAccess(password: password, tls: tls)))
    self.init(
      Self.sentinels(endpoints, RedisAccess(password: own, tls: tls)), of: arguments,
      isReadOnly: isReadOnly, group: group)
  }

  private static func sentinels(
    _ endpoints: [RedisEndpoint], _ access: RedisAccess
  ) -> [ServerPlan] {
    var plans: [ServerPlan] = []
    for endpoint in endpoints {
      let name = uniqueName(endpoint.description, plans.map(\.id))
      plans.append(ServerPlan(id: NodeID(name), endpoint: endpoint, access: access))
    }
    return plans
  }

  // MARK: The configuration

  static func group(
    _ configured: Configuration.Sentinels, in environment: Configuration.Environment,
    passwords: PasswordSources
  ) throws(StartError) -> (sentinels: [ServerPlan], group: GroupPlan) {
    let name = Printable.line(configured.master)
    let login = configured.login
    let member = ServerPlan(
      id: NodeID(configured.master),
      endpoint: RedisEndpoint(
        address: .tcp(host: "", port: RedisEndpoint.defaultPort), user: login.user,
        database: login.database, isTLS: login.tls != nil),
      access: try access(
        login, "the servers of '\(name)' in \(environment.name)", passwords,
        standard: passwords.standard))
    let own = configured.sentinelLogin
    let access = try access(
      own, "the Sentinels of \(environment.name)", passwords, standard: passwords.sentinelStandard)
    var endpoints: [RedisEndpoint] = []
    for text in configured.addresses {
      var endpoint: RedisEndpoint
      do throws(RedisURLError) {
        endpoint = try SentinelAddress(parsing: text).endpoint
      } catch {
        throw .failed("\(environment.file): environments.\(environment.name): \(error.message)")
      }
      endpoint.user = endpoint.user ?? own.user
      endpoint.isTLS = endpoint.isTLS || own.tls != nil
      endpoints.append(endpoint)
    }
    return (
      sentinels(endpoints, access), GroupPlan(master: configured.master, member: member)
    )
  }

  private static func access(
    _ login: Configuration.Login, _ whose: String, _ passwords: PasswordSources, standard: Secret?
  ) throws(StartError) -> RedisAccess {
    let tls = (login.tls ?? TLSOptions()).settings(in: SubcommandRun.currentFolder())
    if login.tls != nil { try check(tls, "\(whose): ") }
    if !login.tokenCommand.isEmpty {
      return RedisAccess(.provider(ProgramToken(login.tokenCommand)), tls: tls)
    }
    var secret = try secret(inFile: login.passwordFile)
    if let variable = login.passwordEnvironment {
      guard let value = passwords.environment[variable], !value.isEmpty else {
        throw .failed("\(whose): the environment variable \(variable) is not set")
      }
      secret = Secret(value)
    }
    if login.asksPassword {
      guard let given = passwords.ask(whose) else {
        throw .failed("no password was given for \(whose)")
      }
      secret = Secret(given)
    }
    return RedisAccess(password: secret ?? standard, tls: tls)
  }
}
