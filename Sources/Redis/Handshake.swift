internal import EventLoop
private import Glibc

/// What happens at each connect: find the address, connect, agree on TLS, get a token, log in, choose the
/// database, give the connection a name, learn which commands the server flags `readonly`.
struct Handshake: Sendable {
  let endpoint: RedisEndpoint
  let access: RedisAccess
  let resolver: Resolver

  func connect(
    options: RedisClient.Options, loop: EventLoop,
    onEnd: @Sendable @escaping (Connection, RedisError) -> Void
  ) async -> Result<Connection, RedisError> {
    do throws(RedisError) {
      var deadline = EventLoop.now().advanced(by: options.connectTimeout)
      let addresses = try await resolve(until: deadline)
      let descriptor = try await open(addresses, loop, until: deadline)
      let session = try await secure(descriptor, on: loop, until: deadline)
      // Only now: for a server that is away no program need be run. Its time is its own.
      let asked = EventLoop.now()
      let token = try await token(options, on: loop, action: "connecting")
      if token != nil { deadline = EventLoop.now().advanced(by: options.connectTimeout) }
      let connection = Connection(
        descriptor: descriptor, session: session, endpoint: endpoint.description, loop: loop,
        limits: options.connectionLimits, observer: options.observer, onEnd: onEnd)
      do {
        try connection.open()
      } catch {
        throw unreachable("cannot watch the socket: " + error.reason)
      }
      do throws(RedisError) {
        let flags = try await introduce(
          connection, token?.secret ?? access.password, options, until: deadline)
        connection.establish(flags)
      } catch {
        connection.close(error)
        throw error
      }
      if let token {
        TokenRenewal(handshake: self, options: options, loop: loop)
          .arm(connection, token, asked: asked)
      }
      return .success(connection)
    } catch {
      return .failure(error)
    }
  }

  private func unreachable(_ message: String, _ nextStep: String = "") -> RedisError {
    RedisError(
      kind: .unreachable, endpoint: endpoint.description, action: "connecting", message: message,
      nextStep: nextStep)
  }
}

// MARK: Address and socket

extension Handshake {
  private func resolve(until deadline: EventLoop.Instant) async throws(RedisError)
    -> [SocketAddress]
  {
    switch endpoint.address {
    case .unix(let path):
      guard let address = SocketAddress(path: path) else {
        throw unreachable("the socket's path is longer than 107 bytes")
      }
      return [address]
    case .tcp(let host, let port):
      do throws(ResolveError) {
        return try await resolver.addresses(of: host, port: port, until: deadline)
      } catch {
        switch error {
        case .failed(let reason):
          throw unreachable(
            "cannot find the host: " + PlainText.safe(reason), "check the host name and the DNS")
        case .timeout:
          throw RedisError(
            kind: .timeout, endpoint: endpoint.description, action: "connecting",
            message: "the host name was not resolved in time", nextStep: "check the DNS")
        case .busy:
          throw RedisError(
            kind: .limit, endpoint: endpoint.description, action: "connecting",
            message: "too many host names are being looked up", nextStep: "check the DNS")
        case .cancelled:
          throw RedisError(
            kind: .cancelled, endpoint: endpoint.description, action: "connecting",
            message: "cancelled")
        }
      }
    }
  }

  /// The first address that answers; each gets its share of the time that is left.
  private func open(
    _ addresses: [SocketAddress], _ loop: EventLoop, until deadline: EventLoop.Instant
  ) async throws(RedisError) -> Descriptor {
    var failures: [(SocketAddress, SystemError)] = []
    for (index, address) in addresses.enumerated() {
      let now = EventLoop.now()
      let share = now.duration(to: deadline) / (addresses.count - index)
      do throws(SystemError) {
        return try await loop.connect(to: address, until: now.advanced(by: share))
      } catch {
        failures.append((address, error))
      }
    }
    throw explain(failures)
  }

  private func explain(_ failures: [(SocketAddress, SystemError)]) -> RedisError {
    let codes = failures.map { $0.1.code }
    // Several addresses: the one that was reached tells more than the ones that were not.
    let telling =
      failures.first { $0.1.code == ECONNREFUSED } ?? failures.first { $0.1.code == ETIMEDOUT }
      ?? failures.first
    guard let (_, error) = telling else { return unreachable("the host has no address") }
    var reason = error.reason.lowercased()
    if failures.count > 1 {
      reason += " (tried \(failures.map { $0.0.description }.joined(separator: ", ")))"
    }
    reason = PlainText.safe(reason)
    if codes.contains(ECANCELED) {
      return RedisError(
        kind: .cancelled, endpoint: endpoint.description, action: "connecting",
        message: "cancelled")
    }
    switch error.code {
    case ECONNREFUSED:
      return unreachable(reason, "is the server running, and is this its port?")
    case ENOENT:
      return unreachable("the socket does not exist", "is the server running?")
    case EACCES, EPERM:
      return unreachable(reason, "check the permissions of the socket")
    case ETIMEDOUT:
      return RedisError(
        kind: .timeout, endpoint: endpoint.description, action: "connecting",
        message: "no connection in time", nextStep: "check the host, the network and the firewall")
    case EMFILE, ENFILE:
      return RedisError(
        kind: .limit, endpoint: endpoint.description, action: "connecting", message: reason,
        nextStep: "raise the limit on open files (ulimit -n)")
    default:
      return unreachable(reason, "check the network")
    }
  }
}

// MARK: The first commands

extension Handshake {
  /// The names of commands that the server flags `readonly`, if the gate needs them.
  private func introduce(
    _ connection: Connection, _ secret: Secret?, _ options: RedisClient.Options,
    until deadline: EventLoop.Instant
  ) async throws(RedisError) -> FlaggedCommands {
    var commands: [RedisCommand] = []
    if let secret { commands.append(login(secret)) }
    if endpoint.database != 0 { commands.append(RedisCommand("SELECT", "\(endpoint.database)")) }
    commands.append(RedisCommand("CLIENT", "SETNAME", options.clientName))
    if options.gate.asksForFlags {
      commands.append(RedisCommand("COMMAND", ["INFO"] + FlaggedCommands.names))
    }
    let outcome = await connection.send(
      commands, until: deadline, grace: .seconds(1), changes: false,
      digest: { FlaggedCommands.digest($0) })
    let replies: [RESPValue]
    switch outcome {
    case .success(let answers): replies = answers
    case .failure(var error):
      error.action = "connecting"
      if error.kind == .timeout {
        error.message = "connected, but the server does not answer"
        error.nextStep = "is it hanging, or is it no Redis server?"
      }
      throw error
    }
    var flags = FlaggedCommands()
    for (command, reply) in zip(commands, replies) {
      if command.statName == "command|info" { flags = FlaggedCommands(digested: reply) }
      guard case .error(let text) = reply else { continue }
      let error = refused(text, "connecting", command.statName)
      if Self.isTolerable(error, command, text) { continue }
      throw error
    }
    return flags
  }

  /// AUTH with the user, if there is one.
  func login(_ secret: Secret) -> RedisCommand {
    let user = endpoint.user.map { [Array($0.utf8)] } ?? []
    return RedisCommand("AUTH", user + [secret.reveal()])
  }

  /// A token for the next login; nil where passwords do not end.
  func token(
    _ options: RedisClient.Options, on loop: EventLoop, action: String
  ) async throws(RedisError) -> Token? {
    guard case .provider(let provider) = access.source else { return nil }
    do throws(TokenFailure) {
      return try await provider.ask(on: loop, within: options.tokenTimeout)
    } catch {
      throw RedisError(
        kind: error.isTimeout ? .timeout : .auth, endpoint: endpoint.description, action: action,
        message: "there is no token: " + error.message, nextStep: error.nextStep)
    }
  }

  /// The server's refusal in words; where a token was refused, a password is not what is wrong.
  func refused(_ text: String, _ action: String, _ command: String = "auth") -> RedisError {
    var error = RedisError.server(
      text, endpoint: endpoint.description, action: action, command: command)
    if access.hasProvider, command == "auth", error.kind == .auth {
      error.message = "the server refused the token: " + text
      error.nextStep = "is it for this server and this user, and are the clocks right?"
    }
    return error
  }

  /// A proxy or an ACL may refuse the name and the flags: the console then knows less, no more.
  /// A password that a server without one does not want is no reason to stay away either.
  private static func isTolerable(
    _ error: RedisError, _ command: RedisCommand, _ text: String
  ) -> Bool {
    switch command.statName {
    case "client|setname", "command|info":
      error.kind == .denied && text.hasPrefix("NOPERM") || error.kind == .unsupported
        || error.kind == .server && text.hasPrefix("ERR")
    case "auth":
      text.contains("without any password configured") || text.contains("no password is set")
    default:
      false
    }
  }
}
