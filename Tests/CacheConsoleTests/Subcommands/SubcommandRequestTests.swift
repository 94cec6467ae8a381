import CacheConsole
import ConsoleModel
import Documents
import TestKit
import Testing

@Suite struct SubcommandRequestTests {
  private static let nodes = [NodeID("redis-1"), NodeID("redis-2")]

  private func request(
    _ words: [String], nodes: [NodeID] = Self.nodes, loader: [String] = []
  ) throws -> OperationRequest? {
    guard case .subcommand(let call) = try Arguments(parsing: words).command else { return nil }
    return try call.request(nodes: nodes, loader: loader, folder: "/home/ops")
  }

  @Test func `subcommands become the requests that the screen makes`() throws {
    let keys = OperationRequest.Target.keys([KeyName("a"), KeyName("b")])
    #expect(
      try request(["invalidate", "a", "b", "--reason", "why"])
        == OperationRequest(.invalidate, keys, nodes: Self.nodes, reason: "why"))
    #expect(
      try request([
        "invalidate", "--pattern", "s:*", "--soft", "9", "--sessions", "--copy-sessions",
      ])
        == OperationRequest(
          .shorten(seconds: 9), .pattern(Array("s:*".utf8)), nodes: Self.nodes,
          includesSessions: true, copiesGuarded: true))
    #expect(
      try request(["ttl", "a", "b", "--persist"])
        == OperationRequest(.adjust(seconds: nil), keys, nodes: Self.nodes))
    #expect(
      try request(["undo", SubcommandTests.operation])
        == OperationRequest(
          .restore(operation: SubcommandTests.operation), .keys([]), nodes: Self.nodes))
    #expect(
      try request(["slowlog-reset"]) == OperationRequest(.slowlogReset, .server, nodes: Self.nodes))
    for words in [["inspect", "a"], ["operations"], ["hot", "--output", "f"]] {
      #expect(try request(words) == nil)
    }
  }

  @Test func `relative paths of a warm-up are made whole, for the run has another folder`() throws {
    func action(_ words: [String], _ loader: [String] = []) throws -> OperationRequest.Action? {
      try request(words, loader: loader)?.action
    }
    #expect(try action(["warm", "--from", "d"]) == .warm(.dump(path: "/home/ops/d")))
    #expect(try action(["warm", "--from", "/d"]) == .warm(.dump(path: "/d")))
    #expect(
      try action(["warm", "--command", "./load -x"]) == .warm(.command(["/home/ops/./load", "-x"])))
    #expect(try action(["warm", "--command", "load"]) == .warm(.command(["load"])))
    #expect(try action(["warm", "a"], ["/bin/l", "1"]) == .warm(.command(["/bin/l", "1"])))
    #expect(try request(["warm", "a"], loader: ["l"])?.target == .keys([KeyName("a")]))
    #expect(try request(["warm", "--command", "l"])?.target == .server)
    #expect(throws: StartError.self) { try action(["warm", "a"]) }
  }

  @Test func `a client's ID needs one server`() throws {
    #expect(throws: StartError.self) { try request(["client-kill", "7"]) }
    #expect(
      try request(["client-kill", "7"], nodes: [Self.nodes[1]])
        == OperationRequest(.clientKill(id: 7), .server, nodes: [Self.nodes[1]]))
  }

  @Test func `servers are chosen by name`() throws {
    var options = ActionOptions()
    #expect(try options.nodes(of: Self.nodes) == Self.nodes)
    options.nodes = ["redis-2", "redis-2"]
    #expect(try options.nodes(of: Self.nodes) == [NodeID("redis-2")])
    options.nodes = ["redis-3"]
    do throws(UsageError) {
      _ = try options.nodes(of: Self.nodes)
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains("did you mean 'redis-"))
    }
  }

  @Test func `lists are read from files, and their mistakes name the line`() throws {
    let folder = try TemporaryFolder()
    let good = try folder.write("good", "a\nb\\tc\n")
    #expect(
      try request(["invalidate", "--keys-from", good])?.target
        == .keys([KeyName("a"), KeyName("b\tc")]))
    let bad = try folder.write("bad", "a\nb\\q\n")
    for (file, expected) in [
      (bad, "bad:2: a backslash"), (folder.path, "cannot be read"),
      (folder.file("none"), "cannot be opened"), ("/dev/null", "holds no key"),
    ] {
      do {
        _ = try request(["warm", "--keys-from", file], loader: ["l"])
        Issue.record("accepted \(file)")
      } catch let error as StartError {
        #expect(error.message.contains(expected), "\(error.message)")
        #expect(error.exitCode == 1)
      }
    }
  }
}
