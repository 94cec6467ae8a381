import ConsoleModel
import Documents
import Glibc
import Operations
import Redis
import TestKit
import Testing

extension TortureTests {
  /// What a console may take over or end, and what it must leave alone.
  @Suite(.blocking) struct TortureDeskTests {
    private static let own = "20261125T165512-000001"
    private static let other = "20261125T165512-000002"
    private static let admin = Access(isReadOnly: false, reason: "", mayReveal: true)

    private let yard: TortureYard

    init() throws { yard = try TortureYard(inside: 4000, outside: 10) }

    /// - Parameter changes: where it sends what changes something; the server itself by default.
    private func desk(
      _ environment: String = "test", changes: RedisEndpoint? = nil, loader: [String] = [],
      secrets: Set<String> = []
    ) throws -> OperationDesk {
      let endpoint = try RedisURL(parsing: yard.server.url).endpoint
      return OperationDesk(
        environment: EnvironmentIdentity(name: environment, environmentClass: .development),
        nodes: [
          OperationDesk.Node(
            id: RunFixture.node, probe: Probe(endpoint: endpoint, loop: RunFixture.loop))
        ],
        servers: [RunTicket.Server(node: RunFixture.node, endpoint: changes ?? endpoint)],
        folder: yard.folder.file("state"), author: RunFixture.author, loader: loader,
        secretVariables: secrets, loop: RunFixture.loop, program: try BuiltProgram.console(),
        clock: TortureYard.wall)
    }

    /// One that reaches no server: what it ends, it ends by a signal.
    private func deafDesk(_ environment: String = "test") throws -> OperationDesk {
      let port = try SocketIO.freePort()
      return try desk(
        environment, changes: RedisURL(parsing: "redis://127.0.0.1:\(port)").endpoint)
    }

    private func keep(_ plan: OperationPlan) throws {
      let folder = RunFolder(state: yard.folder.file("state"), operation: plan.id)
      try folder.make()
      try yard.folder.write("state/operations/\(plan.id)/plan.json", plan.json)
    }

    private func write(_ name: String, _ text: String, of id: String = Self.other) throws {
      try RunFolder(state: yard.folder.file("state"), operation: id).make()
      try yard.folder.write("state/operations/\(id)/\(name)", text)
    }

    private func refusal(
      _ body: () async throws(OperationRefusal) -> Void
    ) async -> String {
      do throws(OperationRefusal) {
        try await body()
        return ""
      } catch {
        return error.description
      }
    }

    private func started(_ id: String = Self.own) async throws -> ChildProcess {
      let runner = try TortureYard.start(try yard.ticket(id, pace: 200))
      let isRunning = try await Eventually.holds(within: 40) {
        try yard.mirrored(id)?.state == .running
      }
      try #require(isRunning)
      return runner
    }

    // MARK: Ends

    @Test func `an abort and a stop reach no runner of another environment`() async throws {
      let runner = try await started()
      let stranger = try deafDesk("elsewhere")
      let said = await refusal { () async throws(OperationRefusal) in
        try await stranger.control(Self.own, .abort)
      }
      #expect(said == "operation \(Self.own) belongs to environment test")
      let stop = await refusal { () async throws(OperationRefusal) in
        try await stranger.stopAll(token: "1")
      }
      #expect(stop.contains("no server took it"), "\(stop)")
      #expect(try yard.mirrored(Self.own)?.state == .running)
      // Its own environment's does, without a server.
      let own = try deafDesk()
      let told = await refusal { () async throws(OperationRefusal) in
        try await own.stopAll(token: "1")
      }
      #expect(told.contains("the runner of this machine was told"), "\(told)")
      #expect(runner.wait(within: 40) == .code(1))
      #expect(runner.lastStatus?.state == .aborted)
    }

    @Test func `only a runner that has the journal open is ended by its number`() async throws {
      let runner = try await started()
      let gone = try ChildProcess(ChildProcess.find("true"), [])
      #expect(gone.wait(within: 20) == .code(0))
      let sleeper = try ChildProcess(ChildProcess.find("sleep"), ["600"])
      defer { _ = sleeper.end() }
      try write("journal.jsonl", "")
      let console = try deafDesk()
      for process in [gone.processID, sleeper.processID, runner.processID, 1, 0, -1] {
        try write("runner.pid", "\(process)")
        let said = await refusal { () async throws(OperationRefusal) in
          try await console.control(Self.other, .abort)
        }
        #expect(said.contains("no server took it"), "\(process): \(said)")
      }
      #expect(ChildProcess.isRunning(sleeper.processID))
      #expect(try yard.mirrored(Self.own)?.state == .running)
      try await console.control(Self.own, .abort)
      #expect(runner.wait(within: 40) == .code(1))
      #expect(runner.lastStatus?.state == .aborted)
    }

    // MARK: Takeovers

    @Test func `a takeover is refused with its reason`() async throws {
      let plan = try yard.ticket(Self.own).plan
      try keep(plan)
      let viewer = Access(isReadOnly: true, reason: "for a look", mayReveal: false)
      var limits = RoleLimits()
      limits.environments = ["elsewhere"]
      let narrow = Access(
        isReadOnly: false, reason: "", mayReveal: false, role: .operatorRole, limits: limits)
      limits = RoleLimits()
      limits.keysPerMinute = 0
      let none = Access(isReadOnly: false, reason: "", mayReveal: false, limits: limits)
      for (environment, id, access, reason) in [
        ("elsewhere", Self.own, Self.admin, "belongs to environment test"),
        ("test", Self.other, Self.admin, "is neither in"),
        ("test", "../x", Self.admin, "is no operation's name"),
        ("test", Self.own, viewer, "a viewer changes nothing (for a look)"),
        ("test", Self.own, narrow, "may not change 'test', only elsewhere"),
        ("test", Self.own, none, "may change no keys"),
      ] {
        let console = try desk(environment)
        let said = await refusal { () async throws(OperationRefusal) in
          _ = try await console.examine(id, access: access)
        }
        #expect(said.contains(reason), "\(said)")
      }
      let console = try desk()
      let shown = try await console.examine(Self.own, access: Self.admin)
      #expect(shown.hash == plan.hash)
      // Another plan of the same name since it was shown.
      var changed = plan
      changed.request.pace = Pace(keysPerSecond: 77)
      try keep(changed.hashed())
      let said = await refusal { () async throws(OperationRefusal) in
        try await console.takeOver(shown, access: Self.admin) { _ in }
      }
      #expect(said.contains("is another one than was shown"), "\(said)")
    }

    @Test func `a program from Redis is started only where it is the environment's loader`()
      async throws
    {
      let words = ["/bin/echo", "a"]
      let plan = try yard.ticket(
        Self.own, action: .warm(.command(words)), target: .keys([KeyName("a")])
      ).plan
      try yard.server.command(["SET", OperationRecords.plan(Self.own), plan.json])
      for loader in [[], ["/bin/echo"], ["/bin/echo", "b"]] {
        let console = try desk(loader: loader)
        let said = await refusal { () async throws(OperationRefusal) in
          _ = try await console.examine(Self.own, access: Self.admin)
        }
        #expect(said.contains("would start the program '/bin/echo a' here"), "\(said)")
      }
      var found = try await desk(loader: words).examine(Self.own, access: Self.admin)
      #expect(found.hash == plan.hash)
      // What was confirmed here is no stranger's.
      try keep(plan)
      found = try await desk().examine(Self.own, access: Self.admin)
      #expect(found.hash == plan.hash)
    }

    // MARK: Starting

    @Test func `a runner inherits no password, and its death is told`() async throws {
      // A variable that there is: setenv(3) would race with the tests beside this one.
      let own = try #require(ChildProcess.readText("/proc/self/environ"))
      let names = own.split(separator: "\0").compactMap { $0.split(separator: "=").first }
      let name = String(try #require(names.first { $0 != "PATH" }))
      let end = Ending()
      try desk(secrets: [name]).run(try yard.ticket(Self.own, pace: 200).plan) { end.take($0) }
      let folder = RunFolder(state: yard.folder.file("state"), operation: Self.own)
      let found = Eventually.value(within: 40) { () -> Int32? in
        ChildProcess.readText(folder.processFile).flatMap { Int32($0) }
      }
      let process = try #require(found)
      let variables = try #require(ChildProcess.readText("/proc/\(process)/environ"))
      let inherited = variables.split(separator: "\0")
      #expect(inherited.contains { $0.hasPrefix("PATH=") })
      #expect(!inherited.contains { $0.hasPrefix("\(name)=") })
      kill(process, SIGKILL)
      #expect(try await Eventually.holds(within: 40) { end.hasEnded })
      #expect(end.problem?.contains("ended by signal 9") == true, "\(end.problem ?? "")")
      #expect(end.status?.state.isFinal != true)
    }
  }
}
