import EventLoop
import TestKit
import Testing

@testable import Redis

/// The machine that routes, without any socket.
struct ClusterPipelineTests {
  static let one = NodeAddress(host: "one", port: 1)
  static let two = NodeAddress(host: "two", port: 2)
  static let now = EventLoop.Instant(nanoseconds: 1_000_000_000)

  /// `foo` (12182) belongs to `two`, `bar` (5061) to `one`.
  static var owners: SlotOwners {
    var owners = SlotOwners()
    for slot in 0..<8192 { owners.learn(slot, one) }
    for slot in 8192..<16_384 { owners.learn(slot, two) }
    return owners
  }

  private static func command(_ text: String) -> RedisCommand {
    let words = text.split(separator: " ").map(String.init)
    return RedisCommand(words[0], Array(words.dropFirst()))
  }

  private static func make(_ texts: [String]) -> ClusterPipeline {
    ClusterPipeline(texts.map(command), action: "testing")
  }

  private static func show(_ batches: [ClusterPipeline.Batch]) -> [String] {
    batches.map { batch in
      let commands = batch.commands.map { command in
        ([command.name] + command.arguments.map { String(decoding: $0, as: UTF8.self) })
          .joined(separator: " ")
      }
      return "\(batch.address.host): " + commands.joined(separator: ", ")
    }
  }

  private static func text(_ answer: ClusterPipeline.Answer) -> String {
    switch answer {
    case .success(.error(let text)): "-" + text
    case .success(.integer(let number)): "\(number)"
    case .success(.array(let items)): items.map { $0.text ?? "nil" }.joined(separator: ",")
    case .success(let value): value.text ?? "nil"
    case .failure(let error): "!\(error.kind): \(error.message)"
    }
  }

  private static func bulk(_ texts: String...) -> Result<[RESPValue], RedisError> {
    .success(
      texts.map { $0.hasPrefix("-") ? .error(String($0.dropFirst())) : .bulk(Array($0.utf8)) })
  }

  private static func error(_ kind: RedisError.Kind) -> Result<[RESPValue], RedisError> {
    .failure(RedisError(kind: kind, endpoint: "one:1", action: "", message: "lost"))
  }

  @Test func `commands go to their nodes together and come back in their places`() {
    var pipeline = Self.make(["GET foo", "GET bar", "GET {foo}2", "MGET bar foo {bar}3"])
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    #expect(
      Self.show(batches) == ["two: GET foo, GET {foo}2, MGET foo", "one: GET bar, MGET bar {bar}3"])
    _ = pipeline.finish(
      batches[1], .success([.bulk([66]), .array([.bulk([98]), .null])]), now: Self.now)
    #expect(!pipeline.isDone)
    _ = pipeline.finish(
      batches[0], .success([.bulk([65]), .error("ERR x"), .array([.bulk([97])])]), now: Self.now)
    #expect(pipeline.isDone)
    #expect(pipeline.answers.map(Self.text) == ["A", "B", "-ERR x", "b,a,nil"])
  }

  @Test(arguments: [
    ("SINTER foo bar", "its keys are in different slots"), ("SCAN 0", "it speaks of one node"),
    ("FROBNICATE x", "it is not known where its keys are"), ("GET", "it is not known"),
    ("EVAL s 5 a", "it is not known"), ("RENAME foo bar", "different slots"),
    ("MSETNX foo 1 bar 2", "different slots"),
  ]) func `what cannot be routed is never sent, and the rest is`(text: String, reason: String) {
    var pipeline = Self.make([text, "GET foo"])
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    #expect(Self.show(batches) == ["two: GET foo"])
    _ = pipeline.finish(batches[0], Self.bulk("A"), now: Self.now)
    let answers = pipeline.answers.map(Self.text)
    #expect(answers[0].contains("was not sent") && answers[0].contains(reason), "\(answers[0])")
    #expect(answers[1] == "A")
  }

  @Test func `only what was redirected is sent again, ASKING before each that was asked for`() {
    var pipeline = Self.make(["GET {foo}1", "GET {foo}2", "GET {foo}3"])
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    let notice = pipeline.finish(
      batches[0], Self.bulk("-MOVED 12182 one:1", "B", "-ASK 12182 one:1"), now: Self.now)
    #expect(notice.wantsRefresh && !notice.wantsNewConnection)
    #expect(notice.learned.map(\.slot) == [12_182])
    let (again, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    #expect(Self.show(again) == ["one: GET {foo}1, ASKING, GET {foo}3"])
    _ = pipeline.finish(again[0], Self.bulk("A", "OK", "C"), now: Self.now)
    #expect(pipeline.answers.map(Self.text) == ["A", "B", "C"])
  }

  @Test func `commands with one key keep their order over redirects`() {
    var pipeline = Self.make(["SET foo 1", "SET foo 2", "GET {foo}x"])
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    _ = pipeline.finish(
      batches[0],
      Self.bulk("-MOVED 12182 one:1", "-ASK 12182 three:3", "-MOVED 12182 one:1"), now: Self.now)
    let (second, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    // Nobody may see 2 before 1: the other waits, a command with another key does not.
    #expect(Self.show(second) == ["one: SET foo 1, GET {foo}x"])
    #expect(pipeline.nextBatches(Self.owners, now: Self.now).batches.isEmpty)
    _ = pipeline.finish(second[0], Self.bulk("OK", "x"), now: Self.now)
    let (third, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    #expect(Self.show(third) == ["three: ASKING, SET foo 2"])
    _ = pipeline.finish(third[0], Self.bulk("OK", "OK"), now: Self.now)
    #expect(pipeline.answers.map(Self.text) == ["OK", "OK", "x"])
  }

  @Test func `a change that would come after its successor is not sent again`() {
    // The slot came to this node between the two.
    var pipeline = Self.make(["SET foo 1", "SET foo 2", "GET {foo}3"])
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    _ = pipeline.finish(
      batches[0], Self.bulk("-MOVED 12182 one:1", "OK", "-MOVED 12182 one:1"), now: Self.now)
    let (again, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    #expect(Self.show(again) == ["one: GET {foo}3"])
    _ = pipeline.finish(again[0], Self.bulk("x"), now: Self.now)
    #expect(pipeline.answers.map(Self.text) == ["-MOVED 12182 one:1", "OK", "x"])
  }

  @Test func `what shares a key with a command of several keys waits until that is answered`() {
    let later = Self.now.advanced(by: .seconds(10))
    var pipeline = Self.make([
      "MGET {foo}1 {foo}2", "GET {foo}1", "SET {foo}2 c", "GET {foo}2", "SET {foo}3 d",
    ])
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    #expect(Self.show(batches) == ["two: MGET {foo}1 {foo}2, GET {foo}1, SET {foo}3 d"])
    // They wait for an answer and not for a time.
    #expect(pipeline.nextTime == nil)
    // Half of the slot's keys have gone: SET {foo}2 would have been done before the MGET.
    _ = pipeline.finish(batches[0], Self.bulk("-TRYAGAIN x", "a", "OK"), now: Self.now)
    #expect(pipeline.nextBatches(Self.owners, now: Self.now).batches.isEmpty)
    let (second, _) = pipeline.nextBatches(Self.owners, now: later)
    #expect(Self.show(second) == ["two: MGET {foo}1 {foo}2, SET {foo}2 c, GET {foo}2"])
    _ = pipeline.finish(
      second[0], .success([.array([.bulk([97]), .bulk([98])]), .bulk([79]), .bulk([99])]),
      now: later)
    #expect(pipeline.answers.map(Self.text) == ["a,b", "a", "O", "c", "OK"])
  }

  @Test(arguments: ["-TRYAGAIN x", "-CLUSTERDOWN x", "-LOADING x", "-MASTERDOWN x", "-READONLY x"])
  func `what cannot be done now is tried again after a while`(reply: String) throws {
    var pipeline = Self.make(["GET foo"])
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    let notice = pipeline.finish(batches[0], Self.bulk(reply), now: Self.now)
    #expect(notice.wantsRefresh == !reply.contains("TRYAGAIN"))
    #expect(pipeline.nextBatches(Self.owners, now: Self.now).batches.isEmpty)
    let time = try #require(pipeline.nextTime)
    #expect(time > Self.now && time < Self.now.advanced(by: .seconds(1)))
    #expect(pipeline.nextBatches(Self.owners, now: time).batches.count == 1)
  }

  @Test func `what failed together is sent again together`() throws {
    let names = (0..<40).map { "{foo}\($0)" }
    var pipeline = Self.make(names.map { "GET " + $0 })
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    _ = pipeline.finish(batches[0], Self.error(.unreachable), now: Self.now)
    let time = try #require(pipeline.nextTime)
    let again = pipeline.nextBatches(Self.owners, now: time).batches
    #expect(again.map(\.commands.count) == [40])
    // Refused one by one in one batch they stay one, too.
    let refusal = Result<[RESPValue], RedisError>.success(names.map { _ in .error("TRYAGAIN x") })
    _ = pipeline.finish(again[0], refusal, now: time)
    let last = try #require(pipeline.nextTime)
    #expect(pipeline.nextBatches(Self.owners, now: last).batches.map(\.commands.count) == [40])
  }

  @Test func `WAIT stands behind the changes of each node, and its answer counts for those alone`()
    throws
  {
    let deadline = Self.now.advanced(by: .seconds(1))
    var pipeline = ClusterPipeline(
      ["SET foo 1", "GET {foo}x", "SET bar 1", "SET {foo}y 1", "MSET foo 2 bar 2", "GET {bar}x"]
        .map(Self.command), action: "testing",
      wait: ReplicaWait(replicas: 1, timeout: .seconds(5)), deadline: deadline)
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    // Half of what is left, so that its answer comes before the deadline.
    #expect(
      Self.show(batches) == [
        "two: SET foo 1, GET {foo}x, SET {foo}y 1, MSET foo 2, WAIT 1 500",
        "one: SET bar 1, MSET bar 2, GET {bar}x, WAIT 1 500",
      ])
    #expect(batches.allSatisfy { $0.waits })
    _ = pipeline.finish(
      batches[0],
      .success([.bulk([]), .null, .error("MOVED 12182 one:1"), .bulk([]), .integer(2)]),
      now: Self.now)
    _ = pipeline.finish(
      batches[1], .success([.error("ERR x"), .bulk([]), .null, .integer(1)]), now: Self.now)
    let (again, _) = pipeline.nextBatches(
      Self.owners, now: Self.now.advanced(by: .milliseconds(900)))
    #expect(Self.show(again) == ["one: SET {foo}y 1, WAIT 1 50"])
    // The primary became a replica: what it had is on nobody else for certain.
    _ = pipeline.finish(
      again[0], .success([.bulk([]), .error("UNBLOCKED force unblock")]), now: Self.now)
    #expect(pipeline.isDone)
    #expect(pipeline.replicas == [2, 0, 0, 0, 1, 0])
  }

  @Test func `where all connections that may block are in use, a batch with WAIT tries again`()
    throws
  {
    var pipeline = ClusterPipeline(
      [Self.command("SET foo 1")], action: "testing",
      wait: ReplicaWait(replicas: 1, timeout: .seconds(5)),
      deadline: Self.now.advanced(by: .seconds(10)))
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    _ = pipeline.finish(batches[0], Self.error(.limit), now: Self.now)
    let time = try #require(pipeline.nextTime)
    #expect(pipeline.nextBatches(Self.owners, now: time).batches.count == 1)
  }

  @Test func `reads are repeated after a lost connection, changes only if they were not sent`() {
    let later = Self.now.advanced(by: .seconds(10))
    var pipeline = Self.make(["GET foo", "SET foo 1", "GET foo", "GET {foo}2"])
    let (batches, _) = pipeline.nextBatches(Self.owners, now: Self.now)
    #expect(batches[0].changes)
    let notice = pipeline.finish(batches[0], Self.error(.indeterminate), now: Self.now)
    #expect(notice.wantsRefresh)
    // The first GET would see the SET, if that has happened.
    let (again, _) = pipeline.nextBatches(Self.owners, now: later)
    #expect(Self.show(again) == ["two: GET foo, GET {foo}2"])
    _ = pipeline.finish(again[0], Self.bulk("A", "B"), now: later)
    #expect(
      pipeline.answers.map(Self.text) == [
        "!unreachable: not answered, and the key may have been changed since",
        "!indeterminate: lost", "A", "B",
      ])

    var unsent = Self.make(["SET foo 1"])
    let (first, _) = unsent.nextBatches(Self.owners, now: Self.now)
    _ = unsent.finish(first[0], Self.error(.unreachable), now: Self.now)
    #expect(Self.show(unsent.nextBatches(Self.owners, now: later).batches) == ["two: SET foo 1"])

    for kind in [RedisError.Kind.auth, .denied, .limit, .tls, .protocol] {
      var refused = Self.make(["GET foo"])
      let (first, _) = refused.nextBatches(Self.owners, now: Self.now)
      _ = refused.finish(first[0], Self.error(kind), now: Self.now)
      #expect(refused.isDone)
    }
  }

  @Test func `a node that redirects to itself wants a new connection, and has only so many tries`()
  {
    var pipeline = Self.make(["GET foo"])
    var now = Self.now
    var rounds = 0
    while !pipeline.isDone, rounds < 100 {
      let (batches, _) = pipeline.nextBatches(Self.owners, now: now)
      if let batch = batches.first {
        rounds += 1
        let notice = pipeline.finish(batch, Self.bulk("-MOVED 12182 two:2"), now: now)
        #expect(notice.wantsNewConnection)
      }
      now = now.advanced(by: .milliseconds(100))
    }
    #expect(rounds == 13)
    let text = Self.text(pipeline.answers[0])
    #expect(text.contains("redirected 13 times, at last to two:2 for slot 12182"), "\(text)")
  }

  @Test(arguments: [("MOVED", "two: SET foo 1"), ("ASK", "three: ASKING, SET foo 1")])
  func
    `what was redirected often waits: for the owner known by then, or for whom it was told to ask`(
      word: String, then: String
    ) throws
  {
    var pipeline = Self.make(["SET foo 1"])
    var batch = try #require(pipeline.nextBatches(Self.owners, now: Self.now).batches.first)
    for host in ["one:1", "two:2", "one:1"] {
      _ = pipeline.finish(batch, Self.bulk("-MOVED 12182 \(host)"), now: Self.now)
      batch = try #require(pipeline.nextBatches(Self.owners, now: Self.now).batches.first)
    }
    _ = pipeline.finish(batch, Self.bulk("-\(word) 12182 three:3"), now: Self.now)
    #expect(pipeline.nextBatches(Self.owners, now: Self.now).batches.isEmpty)
    let time = try #require(pipeline.nextTime)
    // These owners have heard of nothing meanwhile.
    #expect(Self.show(pipeline.nextBatches(Self.owners, now: time).batches) == [then])
  }

  @Test func `a slot that nobody serves waits, and at the end says so`() {
    var pipeline = Self.make(["GET foo"])
    let (batches, notice) = pipeline.nextBatches(SlotOwners(), now: Self.now)
    #expect(batches.isEmpty && notice.wantsRefresh)
    pipeline.giveUp(RedisError(kind: .timeout, endpoint: "", action: "", message: "late"))
    #expect(
      Self.text(pipeline.answers[0]) == "!unreachable: no node is known that serves slot 12182")
  }

  @Test func `parts of one command are added up, and a part that failed is told`() {
    var sum = Self.make(["UNLINK foo bar {foo}1 foo"])
    let (batches, _) = sum.nextBatches(Self.owners, now: Self.now)
    #expect(Self.show(batches) == ["two: UNLINK foo {foo}1 foo", "one: UNLINK bar"])
    _ = sum.finish(batches[0], .success([.integer(2)]), now: Self.now)
    _ = sum.finish(batches[1], .success([.integer(1)]), now: Self.now)
    #expect(sum.answers.map(Self.text) == ["3"])

    var part = Self.make(["MSET foo 1 bar 2"])
    let (both, _) = part.nextBatches(Self.owners, now: Self.now)
    _ = part.finish(both[0], Self.bulk("OK"), now: Self.now)
    _ = part.finish(both[1], Self.bulk("-OOM no memory"), now: Self.now)
    #expect(
      part.answers.map(Self.text) == [
        "!indeterminate: done for 1 of 2 slots; then: OOM no memory"
      ])
  }

  @Test func `reads go to replicas only where nothing in the pipeline changes anything`() throws {
    var shard = ClusterTopology.Shard()
    shard.slots = .all
    shard.primary = ClusterTopology.Node(id: "1", address: Self.one)
    shard.replicas = [ClusterTopology.Node(id: "2", address: Self.two)]
    let owners = SlotOwners(ClusterTopology(source: .shards, shards: [shard]))
    var reads = ClusterPipeline(
      [Self.command("GET foo"), Self.command("GET bar")], action: "", usesReplicas: true)
    let (batches, _) = reads.nextBatches(owners, now: Self.now)
    #expect(Self.show(batches) == ["two: READONLY, GET foo, GET bar"])
    _ = reads.finish(batches[0], Self.bulk("OK", "A", "-MOVED 5061 one:1"), now: Self.now)
    let (again, _) = reads.nextBatches(owners, now: Self.now)
    #expect(Self.show(again) == ["one: GET bar"])
    var mixed = ClusterPipeline(
      [Self.command("SET foo 1"), Self.command("GET bar")], action: "", usesReplicas: true)
    #expect(
      Self.show(mixed.nextBatches(owners, now: Self.now).batches) == ["one: SET foo 1, GET bar"])
  }
}
