import Documents
import Operations
import Redis
import TestKit

/// A server with an operation that was left behind, a proxy before it, and files that make whoever runs
/// the console a viewer.
struct ViewerShop {
  /// What makes the viewer.
  enum Means: CaseIterable {
    case readOnlyFlag, roleFlag, ownRole, ownReadOnly, environmentReadOnly

    var words: [String] {
      switch self {
      case .readOnlyFlag: ["--read-only"]
      case .roleFlag: ["--role", "viewer"]
      case .ownRole, .ownReadOnly, .environmentReadOnly: []
      }
    }

    /// What a refusal gives as its reason.
    var reason: String {
      switch self {
      case .readOnlyFlag: "started with --read-only"
      case .roleFlag: "started with --role viewer"
      case .ownRole: "the role is viewer in "
      case .ownReadOnly: "read_only in the configuration"
      case .environmentReadOnly: "environment 'shop' is read_only in "
      }
    }
  }

  let home: TemporaryFolder
  let server: RedisServer
  let proxy: RecordingProxy
  /// Orphaned: its runner was killed.
  let operation: String

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer(
      arguments: [
        "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu", "--slowlog-log-slower-than",
        "0", "--enable-debug-command", "local",
      ])
    try server.connect().pipeline(
      [
        ["SET", "product:1", "{\"a\":1}"], ["HSET", "cart:1", "f", "v"], ["RPUSH", "l", "a", "b"],
        ["SADD", "s", "a"], ["ZADD", "z", "1", "a"], ["XADD", "x", "*", "f", "v"],
        ["SET", "session:1", "secret"],
      ] + (1...500).map { ["SET", "left:\($0)", "v"] })
    proxy = try RecordingProxy(to: server.address)
    try PrivateFolder.make(home.file("config/cacheconsole"))
    try home.write("keys.txt", "product:1\ncart:1\n")
    try Self.configure(home, url: server.url, nil)
    operation = try Self.leaveOperation(home, server)
  }

  /// Starts a slow operation and kills its runner.
  private static func leaveOperation(
    _ home: TemporaryFolder, _ server: RedisServer
  ) throws -> String {
    let started = try Console.run(
      [
        "invalidate", "--pattern", "left:*", "--rate", "20", "--env", "shop", "--yes", "--detach",
        "--json",
      ], home: home)
    guard let id = try JSONValue(parsing: started.output)["operation"]?.string else {
      throw TestKitError("no operation was started: \(started)")
    }
    let folder = RunFolder(state: home.file("state/cacheconsole"), operation: id)
    let process = Eventually.value { Int32(ChildProcess.readText(folder.processFile) ?? "") }
    let hasBegun = try Eventually.holds { () throws(TestKitError) -> Bool in
      try server.command(["EXISTS", OperationRecords.status(id)]) == .integer(1)
    }
    guard let process, hasBegun else { throw TestKitError("operation \(id) did not begin") }
    _ = try ChildProcess.run("kill", ["-9", String(process)])
    guard Eventually.holds({ !ChildProcess.isRunning(process) }) else {
      throw TestKitError("the runner of \(id) is still there")
    }
    // Its lease would end by itself, 10 s later.
    try server.command(["DEL", Lease.key(OperationRecords.name(id), fence: 1)])
    return id
  }

  /// The user's file: all is in development, where the least is asked before something is changed.
  func configure(_ means: Means?, throughProxy: Bool = true) throws {
    try Self.configure(home, url: throughProxy ? proxy.url : server.url, means)
  }

  private static func configure(_ home: TemporaryFolder, url: String, _ means: Means?) throws {
    let global =
      switch means {
      case .ownRole: "role: 'viewer',"
      case .ownReadOnly: "read_only: true,"
      case nil, .readOnlyFlag, .roleFlag, .environmentReadOnly: ""
      }
    let own = means == .environmentReadOnly ? "read_only: true," : ""
    try home.write(
      "config/cacheconsole/config.json5",
      """
      { schema: 'cacheconsole.config', version: 1, \(global) environments: {
        shop: { class: 'development', \(own) loader: ['\(home.file("load"))'],
          servers: [{ name: 'cache-1', url: '\(url)' }] },
        other: { class: 'development', \(own) servers: [{ name: 'cache-1', url: '\(url)' }] } } }
      """)
  }

  /// Every file of the state folder with its content, to be compared.
  func state() throws -> String {
    let script = "find . -type f ! -name 'identit*' -exec sha256sum {} + | sort -k 2"
    var options = ChildProcess.Options()
    options.workingDirectory = home.file("state/cacheconsole")
    return try ChildProcess.run("sh", ["-c", script], options).output
  }
}
