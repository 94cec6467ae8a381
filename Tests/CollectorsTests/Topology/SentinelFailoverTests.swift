import Collectors
import ConsoleModel
import EventLoop
import Redis
import TestKit
import Testing

/// Failovers of real servers by real Sentinels, as the collectors follow them.
@Suite(.serialized, .blocking) struct SentinelFailoverTests {
  /// Seconds from the switch to the model in the tests: the requirement is one, on a machine that has
  /// nothing else to do.
  private static let bound = 5.0

  private static func real(
    _ configure: (inout RedisSentinels.Options) -> Void = { _ in }
  ) throws -> RedisSentinels {
    var options = RedisSentinels.Options()
    options.password = "servers-secret"
    options.sentinelPassword = "sentinels-secret"
    configure(&options)
    return try RedisSentinels(options)
  }

  /// Waits until the model has another primary than this address.
  ///
  /// - Returns: seconds from the moment at which the first Sentinel told of the switch.
  private static func follow(
    _ watch: SentinelWatch, _ listener: SwitchListener, from old: String, _ what: String
  ) async throws -> Double {
    let isSwitched = try await Eventually.holds(within: 60) { listener.at != nil }
    try #require(isSwitched, "no failover: \(what)")
    let isFollowed = try await watch.sees(within: 60) { snapshot in
      SentinelWatch.primary(snapshot).map { $0 != old } ?? false
    }
    try #require(isFollowed, "not followed: \(what): \(watch.moves)")
    let first = watch.snapshots.first { entry in
      SentinelWatch.primary(entry.snapshot).map { $0 != old } ?? false
    }
    // The one that shows it may have come before its last Sentinel's message was read here.
    let seconds = Double((first?.at ?? 0) - (listener.at ?? 0)) / 1e9
    let sinceStart = Double((first?.at ?? 0) - (listener.promoted ?? 0)) / 1e9
    print(
      "sentinel: \(what): the model follows \(Int((sinceStart * 1000).rounded())) ms after"
        + " +promoted-slave, \(Int((seconds * 1000).rounded())) ms after +switch-master")
    return seconds
  }

  @Test func `a failover that was asked for is followed, found from one of three Sentinels`()
    async throws
  {
    let real = try Self.real()
    // Servers are polled as by default, and Sentinels not asked again unless one publishes something.
    let watch = try SentinelWatch(real, named: 1, interval: 2, asking: 60)
    defer { watch.close() }
    let old = real.servers[0]
    #expect(try await watch.isWell(old), "\(String(describing: watch.latest?.topologies))")
    #expect(try await Eventually.holds { watch.watcher?.subscriptions == 3 })
    let listener = try SwitchListener(real)
    try real.failover()
    let seconds = try await Self.follow(watch, listener, from: old.address, "SENTINEL FAILOVER")
    #expect(seconds < Self.bound)
    let new = try real.primary()
    #expect(watch.moves == [old.address, new.address])
    #expect(watch.troubles.isEmpty, "\(watch.troubles)")
  }

  @Test(arguments: RedisServer.speaksTLS ? [false, true] : [false])
  func `a primary that was killed is followed, and comes back as a replica`(
    isTLS: Bool
  ) async throws {
    let authority = try TLSAuthority.shared.get()
    let identity = try authority.sign(
      "sentinels", names: "IP:127.0.0.1", usage: "serverAuth,clientAuth")
    let real = try Self.real { options in
      if isTLS { options.tls = RedisServer.TLS(identity, authority: authority.file) }
    }
    let watch = try SentinelWatch(
      real, interval: isTLS ? 0.2 : 2, authority: isTLS ? authority.file : nil)
    defer { watch.close() }
    let old = real.servers[0]
    #expect(try await watch.isWell(old), "\(String(describing: watch.latest?.topologies))")
    let listener = try SwitchListener(real)
    old.kill9()
    let seconds = try await Self.follow(
      watch, listener, from: old.address, isTLS ? "kill -9 with TLS" : "kill -9")
    #expect(seconds < Self.bound)
    // What is dead is no primary, whatever it said last.
    let latest = try #require(watch.latest)
    #expect(SentinelWatch.primary(latest) == (try real.primary().address))
    if isTLS { return }
    try old.start()
    #expect(try await watch.isWell(try real.primary()))
  }

  @Test func `a primary that hangs is followed, too`() async throws {
    let real = try Self.real()
    let watch = try SentinelWatch(real)
    defer { watch.close() }
    let old = real.servers[0]
    #expect(try await watch.isWell(old))
    let listener = try SwitchListener(real)
    old.pause()
    let seconds = try await Self.follow(watch, listener, from: old.address, "a primary that hangs")
    #expect(seconds < Self.bound)
    old.resume()
    #expect(try await watch.isWell(try real.primary()))
  }

  @Test func `where no Sentinel lets us listen it is followed by asking`() async throws {
    let real = try Self.real()
    for sentinel in real.sentinels {
      let reply = try sentinel.command(["ACL", "SETUSER", "default", "-subscribe"])
      #expect(reply == .simple("OK"))
    }
    let watch = try SentinelWatch(real, interval: 2, asking: SentinelWatcher.standardInterval)
    defer { watch.close() }
    let old = real.servers[0]
    #expect(try await watch.isWell(old))
    #expect(watch.watcher?.subscriptions == 0)
    let asked = real.sentinels[0]
    try real.failover(by: asked)
    let isSwitched = try await Eventually.holds(within: 60) {
      try real.primaryPort(by: asked) != old.announcedPort
    }
    let began = Deadline.now
    #expect(isSwitched)
    let isFollowed = try await watch.sees {
      SentinelWatch.primary($0).map { $0 != old.address } ?? false
    }
    #expect(isFollowed)
    let seconds = Double(Deadline.now - began) / 1e9
    print("sentinel: by asking alone: \(Int((seconds * 1000).rounded())) ms after the promotion")
    #expect(seconds < Self.bound)
  }

  @Test func `one Sentinel is dead and one has slept through the failover`() async throws {
    let real = try Self.real()
    let watch = try SentinelWatch(real)
    defer { watch.close() }
    let old = real.servers[0]
    #expect(try await watch.isWell(old))
    real.sentinels[0].kill9()
    real.sentinels[1].pause()
    // Forced: no other Sentinel has to agree.
    try real.failover(by: real.sentinels[2])
    let isFollowed = try await watch.sees {
      SentinelWatch.primary($0).map { $0 != old.address } ?? false
    }
    #expect(isFollowed)
    let new = try real.primary(by: real.sentinels[2])
    real.sentinels[1].resume()
    let isTold = try await Eventually.holds(within: 40) {
      try real.primaryPort(by: real.sentinels[1]) == new.announcedPort
    }
    #expect(isTold)
    #expect(watch.moves == [old.address, new.address])
    let after = watch.snapshots.drop { SentinelWatch.primary($0.snapshot) != new.address }
    #expect(after.allSatisfy { SentinelWatch.primary($0.snapshot) == new.address })
  }

  @Test func `without any Sentinel the console goes on with the servers, and says so`() async throws
  {
    let real = try Self.real()
    let watch = try SentinelWatch(real)
    defer { watch.close() }
    let primary = real.servers[0]
    #expect(try await watch.isWell(primary))
    for sentinel in real.sentinels { sentinel.kill9() }
    #expect(try await Eventually.holds { watch.troubles.count == 1 })
    let failure = try #require(watch.troubles.first)
    #expect(failure.kind == .silent)
    for sentinel in real.sentinels {
      #expect(failure.description.contains(sentinel.address), "\(failure)")
    }
    let last = watch.latest?.nodes.compactMap(\.lastReply).max()
    let goesOn = try await watch.sees { snapshot in
      let servers = snapshot.nodes.filter { !$0.isSentinel }
      return servers.count == 3 && servers.allSatisfy { $0.state == .live }
        && (servers.compactMap(\.lastReply).min()).map { reply in last.map { reply > $0 } ?? false }
          ?? false
        && snapshot.nodes.filter(\.isSentinel).allSatisfy { $0.state == .down }
    }
    #expect(goesOn)
    let latest = try #require(watch.latest)
    #expect(SentinelWatch.primary(latest) == primary.address)
    #expect(latest.topologies.first?.notes.contains { $0.contains("no Sentinel answers") } == true)
    #expect(latest.tiers.first { $0.id == .l2 }?.stateDetail == "3/3")
    for sentinel in real.sentinels { try sentinel.start() }
    #expect(try await watch.isWell(primary))
    #expect(try await Eventually.holds { watch.recoveries == 1 })
    #expect(watch.moves == [primary.address])
  }

  @Test func `a subscription to a Sentinel that hangs is given up and made again`() async throws {
    let real = try Self.real { $0.replicas = 1 }
    let watch = try SentinelWatch(real)
    defer { watch.close() }
    #expect(try await Eventually.holds { watch.watcher?.subscriptions == 3 })
    real.sentinels[1].pause()
    #expect(try await Eventually.holds { watch.watcher?.subscriptions == 2 })
    real.sentinels[1].resume()
    #expect(try await Eventually.holds { watch.watcher?.subscriptions == 3 })
    real.sentinels[2].kill9()
    #expect(try await Eventually.holds { watch.watcher?.subscriptions == 2 })
    try real.sentinels[2].start()
    #expect(try await Eventually.holds { watch.watcher?.subscriptions == 3 })
  }

  @Test func `behind forwards all that Sentinels announce is reached where the map says`()
    async throws
  {
    let real = try Self.real { $0.replicas = 1 }
    let nodes = real.servers + real.sentinels
    let forwards = try nodes.map {
      try RecordingProxy(to: .loopback(port: $0.port), on: .loopback)
    }
    // An optimised build would end them after the last use.
    defer { withExtendedLifetime(forwards) {} }
    let reached = forwards.map { $0.url.replacing("redis://", with: "") }
    let map = try AddressMap(zip(nodes, reached).map { (from: $0.address, to: $1) })
    let watch = try SentinelWatch(real, named: 1, map: map)
    defer { watch.close() }
    let isWell = try await watch.sees { snapshot in
      SentinelWatch.primary(snapshot) == reached[0]
        && snapshot.topologies.first?.sentinels.count == 3
        && snapshot.nodes.count == 5 && snapshot.nodes.allSatisfy { $0.state == .live }
    }
    #expect(isWell, "\(String(describing: watch.latest?.topologies))")
    #expect(Set(watch.latest?.nodes.map(\.address) ?? []) == Set(reached))
    try real.failover()
    #expect(try await watch.sees { SentinelWatch.primary($0) == reached[1] })
  }
}
