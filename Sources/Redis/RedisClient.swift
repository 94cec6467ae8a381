package import EventLoop
private import Synchronization

/// A client of one server: one shared, pipelined connection, and a few more for commands that
/// block. It connects and reconnects by itself, when a command needs it.
package final class RedisClient: Sendable {
  package struct Options: Sendable {
    /// From the name's resolution to the last reply of the handshake.
    package var connectTimeout: Duration = .seconds(3)
    /// From the call to the reply, connecting included.
    package var commandTimeout: Duration = .seconds(3)
    /// Bytes of one reply, and of all replies of one batch.
    package var maximumReplyBytes = 32 << 20
    /// Elements of one reply, in arrays of all levels.
    package var maximumElements = 1 << 20
    /// Levels of arrays. hiredis 0.14 knows 8, which `COMMAND` uses.
    package var maximumNesting = 8
    /// Buffer that a connection keeps between replies.
    package var keptReplyBytes = 256 << 10
    /// Commands sent or waiting to be sent.
    package var maximumInFlight = 16_384
    package var maximumBufferedBytes = 16 << 20
    /// Connections beside the shared one, for commands that block.
    package var blockingConnections = 4
    /// For a token's source to answer; the time for connecting does not run meanwhile.
    package var tokenTimeout: Duration = .seconds(10)
    package var clientName = "cacheconsole"
    package var gate = CommandGate.readOnly
    package var backoff = Backoff()
    package var observer: (any ReplyObserver)?

    package init() {}

    var connectionLimits: Connection.Limits {
      var limits = Connection.Limits()
      limits.reply.replyBytes = maximumReplyBytes
      limits.reply.elements = maximumElements
      limits.reply.nesting = maximumNesting
      limits.reply.keptBytes = keptReplyBytes
      limits.inFlight = maximumInFlight
      limits.bufferedBytes = maximumBufferedBytes
      return limits
    }
  }

  package let endpoint: RedisEndpoint
  private let options: Options
  private let loop: EventLoop
  private let handshake: Handshake
  private let route: (any ConnectRoute)?
  private let shared: Link
  private let pool = Mutex(Pool())

  private struct Pool {
    var idle: [Link] = []
    var busy = 0
    var isClosed = false
  }

  /// - Parameters:
  ///   - resolver: share one between clients, so that name resolution is bounded for all of them.
  ///   - route: says at each connect where the server is; `endpoint` is only its name then.
  package init(
    endpoint: RedisEndpoint, access: RedisAccess = RedisAccess(), options: Options = Options(),
    route: (any ConnectRoute)? = nil, loop: EventLoop, resolver: Resolver? = nil
  ) {
    self.endpoint = endpoint
    self.options = options
    self.loop = loop
    self.route = route
    handshake = Handshake(
      endpoint: endpoint, access: access, resolver: resolver ?? Resolver(loop: loop))
    shared = Link(handshake: handshake, options: options, route: route, loop: loop)
  }

  /// Closes the shared connection; the next command makes another.
  package func reconnect(_ reason: RedisError) { shared.reset(reason) }

  deinit { close() }

  package var state: ConnectionState { shared.connectionState }

  /// Counts the connections made: a cursor of SCAN is worth nothing on another server process.
  package var generation: UInt64 { shared.generation }

  package func close() {
    shared.close()
    let idle = pool.withLock { pool in
      pool.isClosed = true
      defer { pool.idle = [] }
      return pool.idle
    }
    for link in idle { link.close() }
  }
}

// MARK: Commands

extension RedisClient {
  /// One command on the shared connection. A server's error reply is thrown.
  ///
  /// - Parameter action: what this is for, in words: "reading INFO".
  nonisolated(nonsending) package func send(
    _ command: RedisCommand, action: String, timeout: Duration? = nil, token: UInt64 = 0
  ) async throws(RedisError) -> RESPValue {
    try await send(command, on: shared, action: action, timeout: timeout, token: token)
  }

  /// Many commands in one write; replies in order. A server's error stays an `.error` value, so
  /// that one refused command does not hide the others' answers.
  nonisolated(nonsending) package func pipeline(
    _ commands: [RedisCommand], action: String, timeout: Duration? = nil
  ) async throws(RedisError) -> [RESPValue] {
    try await pipeline(commands, on: shared, action: action, timeout: timeout)
  }

  nonisolated(nonsending) private func pipeline(
    _ commands: [RedisCommand], on link: Link, action: String, timeout: Duration?
  ) async throws(RedisError) -> [RESPValue] {
    let timeout = timeout ?? options.commandTimeout
    let deadline = EventLoop.now().advanced(by: timeout)
    let connection: Connection
    let changes: Bool
    if let open = link.openConnection, let known = open.clearance, known.covers(commands) {
      (connection, changes) = (open, known.changes)
    } else {
      let judgement = try judge(commands, action)
      connection = try await self.connection(of: link, until: deadline, action)
      try confirm(judgement, on: connection, action)
      changes = judgement.changes
    }
    let outcome = await connection.send(
      commands, until: deadline, grace: timeout, changes: changes)
    switch outcome {
    case .success(let replies): return replies
    case .failure(let error): throw error.during(action)
    }
  }

  /// As `pipeline`, on the connection of this generation or not at all: for what depends on what was
  /// said on it before, such as WATCH.
  nonisolated(nonsending) package func pipeline(
    _ commands: [RedisCommand], onGeneration generation: UInt64, action: String,
    timeout: Duration? = nil
  ) async throws(RedisError) -> [RESPValue] {
    let timeout = timeout ?? options.commandTimeout
    guard let connection = shared.openConnection(ofGeneration: generation) else {
      throw RedisError(
        kind: .unreachable, endpoint: endpoint.description, action: action,
        message: "the connection was lost; nothing was sent")
    }
    let judgement = try judge(commands, action)
    try confirm(judgement, on: connection, action)
    let outcome = await connection.send(
      commands, until: EventLoop.now().advanced(by: timeout), grace: timeout,
      changes: judgement.changes)
    switch outcome {
    case .success(let replies): return replies
    case .failure(let error): throw error.during(action)
    }
  }

  /// A command that keeps its connection busy while it blocks, on one of its own.
  nonisolated(nonsending) package func blocking(
    _ command: RedisCommand, action: String, timeout: Duration
  ) async throws(RedisError) -> RESPValue {
    let link = try takeLink(action)
    do throws(RedisError) {
      let reply = try await send(command, on: link, action: action, timeout: timeout, token: 0)
      give(back: link)
      return reply
    } catch {
      // Nobody waits for what it blocks on: the server must not go on with it.
      if error.kind == .timeout || error.kind == .cancelled || error.kind == .indeterminate {
        link.reset(error)
      }
      give(back: link)
      throw error
    }
  }

  /// Many commands in one write whose last one blocks, such as WAIT, on a connection of its own.
  nonisolated(nonsending) package func blocking(
    _ commands: [RedisCommand], action: String, timeout: Duration
  ) async throws(RedisError) -> [RESPValue] {
    let link = try takeLink(action)
    do throws(RedisError) {
      let replies = try await pipeline(commands, on: link, action: action, timeout: timeout)
      // The server closes a connection after this: what is sent on it now would get no answer.
      if case .error(let text)? = replies.last, text.hasPrefix("UNBLOCKED") {
        link.reset(.server(text, endpoint: endpoint.description, action: action))
      }
      give(back: link)
      return replies
    } catch {
      if error.kind == .timeout || error.kind == .cancelled || error.kind == .indeterminate {
        link.reset(error)
      }
      give(back: link)
      throw error
    }
  }

  nonisolated(nonsending) private func send(
    _ command: RedisCommand, on link: Link, action: String, timeout: Duration?, token: UInt64
  ) async throws(RedisError) -> RESPValue {
    let timeout = timeout ?? options.commandTimeout
    let deadline = EventLoop.now().advanced(by: timeout)
    let connection: Connection
    let changes: Bool
    if let open = link.openConnection, let known = open.clearance, known.kind == command.kind {
      (connection, changes) = (open, known.changes)
    } else {
      let judgement = try judge(CollectionOfOne(command), action)
      connection = try await self.connection(of: link, until: deadline, action)
      try confirm(judgement, on: connection, action)
      changes = judgement.changes
    }
    let outcome = await connection.send(
      command, until: deadline, grace: timeout, changes: changes, token: token)
    switch outcome {
    case .success(.error(let text)):
      throw .server(text, endpoint: endpoint.description, action: action, command: command.statName)
    case .success(let reply): return reply
    case .failure(let error): throw error.during(action)
    }
  }

  nonisolated(nonsending) private func connection(
    of link: Link, until deadline: EventLoop.Instant, _ action: String
  ) async throws(RedisError) -> Connection {
    if let connection = link.openConnection { return connection }
    switch await link.connection(until: deadline) {
    case .success(let connection): return connection
    case .failure(let error): throw error.action.isEmpty ? error.during(action) : error
    }
  }
}

// MARK: The gate

extension Connection.Clearance {
  func covers(_ commands: [RedisCommand]) -> Bool {
    for index in commands.indices where commands[index].kind != kind { return false }
    return true
  }
}

extension RedisClient {
  /// ElastiCache Serverless takes so many arguments in one request; the name is counted with them, to be
  /// safe (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/quota-limits.html).
  package static let maximumWords = 3_999

  /// What the gate found about the commands of one batch.
  private struct Judgement {
    /// True if one of them may change something.
    var changes = false
    /// Those that pass only with the server's `readonly` flag.
    var flagged: [String] = []
    /// The kind of all of them, if there is one that says what they are.
    var commonKind: RedisCommand.Kind?
  }

  /// Throws before any byte if one command is refused.
  private func judge(
    _ commands: some Collection<RedisCommand>, _ action: String
  ) throws(RedisError) -> Judgement {
    var judgement = Judgement()
    // Batches are mostly of one kind: what passed need not be looked at again.
    var passed: RedisCommand.Kind?
    var kinds = 0
    for command in commands where command.kind != passed {
      let name = command.statName
      guard command.arguments.count < Self.maximumWords || options.gate.isUnrestricted else {
        throw RedisError(
          kind: .limit, endpoint: endpoint.description, action: action,
          message: "\(RedisError.commandText(name)) was not sent: it has"
            + " \(command.arguments.count) arguments, and serverless caches take"
            + " \(Self.maximumWords) words in a request",
          nextStep: "ask for fewer at a time")
      }
      switch options.gate.verdict(command, name: name) {
      case .pass: break
      case .needsFlag: judgement.flagged.append(name)
      case .refuse(let reason):
        throw RedisError(
          kind: .denied, endpoint: endpoint.description, action: action,
          message: "\(RedisError.commandText(name)) was not sent: \(reason)")
      }
      if !CommandGate.isRead(name) { judgement.changes = true }
      passed = command.judgedKind
      kinds += 1
    }
    judgement.commonKind = kinds == 1 ? passed : nil
    return judgement
  }

  /// Throws before any byte if the server lacks a flag that one command needs.
  private func confirm(
    _ judgement: Judgement, on connection: Connection, _ action: String
  ) throws(RedisError) {
    for name in judgement.flagged {
      if let error = obstacle(name, connection.commands, action) { throw error }
    }
    if let kind = judgement.commonKind {
      connection.clearance = Connection.Clearance(kind: kind, changes: judgement.changes)
    }
  }
}

// MARK: What the server offers

extension RedisClient {
  /// Why the server would not be sent these key reads, by name; it is asked once for each connection.
  nonisolated(nonsending) package func obstacles(
    to names: [String], action: String, timeout: Duration? = nil
  ) async throws(RedisError) -> [String: RedisError] {
    guard options.gate.asksForFlags else { return [:] }
    let deadline = EventLoop.now().advanced(by: timeout ?? options.commandTimeout)
    let commands = try await connection(of: shared, until: deadline, action).commands
    var obstacles: [String: RedisError] = [:]
    for name in names { obstacles[name] = obstacle(name, commands, action) }
    return obstacles
  }

  /// Does the server have this one of `CommandGate.newerReads`? nil: it did not say, and may be asked.
  nonisolated(nonsending) package func knows(
    newer name: String, action: String, timeout: Duration? = nil
  ) async throws(RedisError) -> Bool? {
    let deadline = EventLoop.now().advanced(by: timeout ?? options.commandTimeout)
    return try await connection(of: shared, until: deadline, action).commands.knows(newer: name)
  }

  private func obstacle(
    _ name: String, _ commands: FlaggedCommands, _ action: String
  ) -> RedisError? {
    if commands.isReadOnly(name) { return nil }
    let text = RedisError.commandText(name)
    if commands.isUnknown(name) {
      return RedisError(
        kind: .unsupported, endpoint: endpoint.description, action: action,
        message: "the server has no \(text): it is renamed, disabled or of a newer version")
    }
    return RedisError(
      kind: .denied, endpoint: endpoint.description, action: action,
      message: "\(text) was not sent: the server does not flag it as readonly",
      nextStep: "the user needs +command|info, and the server must know the command")
  }
}

// MARK: The pool

extension RedisClient {
  private func takeLink(_ action: String) throws(RedisError) -> Link {
    let link: Link? = pool.withLock { pool in
      guard !pool.isClosed else { return nil }
      if let idle = pool.idle.popLast() {
        pool.busy += 1
        return idle
      }
      guard pool.busy < options.blockingConnections else { return nil }
      pool.busy += 1
      return Link(handshake: handshake, options: options, route: route, loop: loop)
    }
    if let link { return link }
    throw RedisError(
      kind: .limit, endpoint: endpoint.description, action: action,
      message: "all \(options.blockingConnections) connections for blocking commands are in use",
      nextStep: "wait until one of them has ended")
  }

  private func give(back link: Link) {
    let isClosed = pool.withLock { pool in
      pool.busy -= 1
      if !pool.isClosed { pool.idle.append(link) }
      return pool.isClosed
    }
    if isClosed { link.close() }
  }
}
