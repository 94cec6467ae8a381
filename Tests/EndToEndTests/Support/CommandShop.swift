import Documents
import Operations
import TestKit

/// A server, a user's file with the same server in development and in production, and the program on
/// pipes.
struct CommandShop {
  let home: TemporaryFolder
  let server: RedisServer

  init() throws {
    home = try TemporaryFolder()
    server = try RedisServer(
      arguments: [
        "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu", "--enable-debug-command",
        "local",
      ])
    try server.connect().pipeline(
      (1...40).map { ["SET", "product:\($0):de", "v\($0)"] }
        + (1...300).map { ["SET", "search:g1:\($0)", "v", "EX", "5000"] }
        + (1...5).map { ["SET", "session:\($0)", "secret"] })
    try PrivateFolder.make(home.file("config/cacheconsole"))
    try home.write(
      "config/cacheconsole/config.json5",
      """
      { schema: 'cacheconsole.config', version: 1, environments: {
        dev: { class: 'development', servers: [{ name: 'cache-1', url: '\(server.url)' }] },
        live: { class: 'production', servers: [{ name: 'cache-1', url: '\(server.url)' }] } } }
      """)
  }

  typealias Ended = (exit: ChildProcess.Exit, output: String, error: String)

  /// Runs it to its end; there is no terminal.
  func run(_ words: [String], in environment: String? = "dev", input: String = "") throws -> Ended {
    var options = ChildProcess.Options()
    options.environment = Console.environment(home: home)
    options.environment["LANG"] = "C.UTF-8"
    options.hasInput = true
    let child = try ChildProcess(
      BuiltProgram.console(), words + (environment.map { ["--env", $0] } ?? []), options)
    try? child.write(input)
    child.closeInput()
    guard let exit = child.wait(within: 30) else { throw TestKitError("\(words) does not end") }
    return (exit, child.outputText, child.errorText)
  }

  /// Runs it, which must succeed, and reads its JSON lines; each must name its schema first.
  func documents(
    _ words: [String], in environment: String? = "dev", input: String = ""
  ) throws -> [JSONValue] {
    let ended = try run(words + ["--json"], in: environment, input: input)
    guard ended.exit == .code(0) else { throw TestKitError("\(words): \(ended)") }
    return try Self.documents(ended.output)
  }

  static func documents(_ output: String) throws -> [JSONValue] {
    try output.split(whereSeparator: \.isNewline).map { line in
      let document = try JSONValue(parsing: String(line))
      guard document.names.prefix(2) == ["schema", "version"],
        document["schema"]?.string?.hasPrefix("cacheconsole.") == true
      else { throw TestKitError("not one of our documents: \(line)") }
      return document
    }
  }

  /// The id of an operation that was started and goes on by itself.
  func start(_ words: [String]) throws -> String {
    guard
      let id = try documents(words + ["--yes", "--detach"]).last?["operation"]?.string
    else { throw TestKitError("\(words) told no id") }
    return id
  }

  func exists(_ keys: [String]) throws -> Int64 {
    try server.command(["EXISTS"] + keys).integer ?? -1
  }

  /// Everything on the server but our own records.
  func digest() throws -> [RedisReply] {
    let own = try server.command(["KEYS", "cacheconsole:*"]).array ?? []
    guard own.isEmpty else { throw TestKitError("there are records already: \(own)") }
    return [try server.command(["DEBUG", "DIGEST"])]
  }

  /// The state of an operation as `operations` lists it.
  func state(_ id: String) throws -> String? {
    try documents(["operations"]).first { $0["id"]?.string == id }?["state"]?.string
  }

  func wait(_ id: String, for wanted: String, within seconds: Double = 15) throws -> Bool {
    let deadline = Deadline(within: seconds)
    while try state(id) != wanted { if deadline.isPast { return false } }
    return true
  }

  /// True if nothing in it could move a cursor or break a line.
  static func isPlain(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control }
  }
}
