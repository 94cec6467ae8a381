import CacheConsole
import ConsoleModel
import Documents
import Glibc
import Operations
import TestKit
import Testing

@Suite struct RolesTests {
  private static let head = "{ schema: 'cacheconsole.config', version: 1,\n"
  private static let system =
    head + """
      roles: { default: 'viewer', users: { alice: 'admin', bob: 'viewer' },
        groups: { oncall: 'operator', ops: 'admin' },
        limits: { operator: { keys_per_minute: 100000, environments: ['dev'], whole_tier: false },
                  admin: { environments: ['dev', 'prod'] } } },
      environments: { dev: { class: 'development', servers: [{ url: 'h1' }] },
        prod: { class: 'production', servers: [{ url: 'h2' }] } } }
      """

  private let folder: TemporaryFolder
  private var systemFile: String { folder.path + "/etc/config.json5" }

  init() throws {
    folder = try TemporaryFolder()
    unsafe mkdir(folder.path + "/etc", 0o755)
    unsafe mkdir(folder.path + "/xdg", 0o700)
    unsafe mkdir(folder.path + "/xdg/cacheconsole", 0o700)
  }

  /// What the program does with these files, this person and these words.
  private func startup(
    _ words: [String] = [], system: String? = RolesTests.system, own: String? = nil,
    user: String = "carol", groups: [String] = []
  ) throws -> Startup {
    if let system { try folder.write("etc/config.json5", system, mode: 0o644) }
    if let own { try folder.write("xdg/cacheconsole/config.json5", Self.head + own + "}") }
    let arguments = try Arguments(parsing: words)
    let configuration = try loader(explicit: arguments.configurationFile).load()
    return Startup(
      arguments: arguments, configuration: configuration,
      passwords: PasswordSources(environment: [:], ask: { _ in nil }),
      identity: Identity(user: user, uid: 7, groups: groups))
  }

  private func loader(explicit: String? = nil, owner: UInt32 = geteuid()) -> ConfigurationLoader {
    ConfigurationLoader(
      explicit: explicit, environment: ["XDG_CONFIG_HOME": folder.path + "/xdg"],
      systemFile: systemFile, systemOwner: owner)
  }

  private func access(_ startup: Startup, _ environment: String) throws -> Access {
    startup.access(try startup.plan(named: environment))
  }

  @Test(
    arguments: [
      ("alice", [], .admin), ("alice", ["oncall"], .admin), ("bob", [], .viewer),
      ("bob", ["oncall"], .operatorRole), ("carol", ["oncall", "ops"], .admin),
      ("carol", ["oncall"], .operatorRole), ("carol", ["users"], .viewer), ("", [], .viewer),
    ] as [(String, [String], Role)])
  func `the highest of name and groups counts, else the default`(
    user: String, groups: [String], role: Role
  ) throws {
    let startup = try startup(user: user, groups: groups)
    #expect(startup.rights.role == role)
    let access = try access(startup, "dev")
    #expect(access.role == role && access.isReadOnly == (role == .viewer))
    if role == .viewer { #expect(access.reason.contains("in \(systemFile)"), "\(access.reason)") }
  }

  @Test func `with roles and no default a stranger is a viewer, without roles an admin`() throws {
    let named = try startup(system: Self.head + "roles: { users: { alice: 'admin' } } }")
    #expect(named.rights.role == .viewer)
    #expect(named.access(nil).isReadOnly)
    let free = try startup(system: Self.head + "}")
    #expect(free.rights.role == .admin && free.rights.limits == RoleLimits())
    #expect(!free.access(nil).isReadOnly)
  }

  @Test func `limits go with the role`() throws {
    let startup = try startup(groups: ["oncall"])
    let dev = try access(startup, "dev")
    #expect(!dev.isReadOnly && dev.role == .operatorRole)
    #expect(
      dev.limits == RoleLimits(keysPerMinute: 100_000, environments: ["dev"], wholeTier: false))
    let prod = try access(startup, "prod")
    #expect(prod.isReadOnly && prod.role == .viewer && !prod.mayReveal)
    #expect(prod.reason.contains("role operator may change dev, not 'prod'"), "\(prod.reason)")
    // The demo's server is the console's own; servers of the command line are in no list.
    #expect(!startup.access(nil).isReadOnly)
    let words = try self.startup(["--redis", "h9"], groups: ["oncall"])
    guard case .servers(let plan) = try words.target() else { throw TestKitError("no servers") }
    #expect(words.access(plan).isReadOnly)
  }

  @Test func `a limited environment is the system's, not one of the same name elsewhere`() throws {
    let own = "environments: { dev: { class: 'development', servers: [{ url: 'prod-host' }] } }"
    let access = try access(try startup(own: own, groups: ["oncall"]), "dev")
    #expect(access.isReadOnly)
    #expect(
      access.reason.contains("may change only the servers that \(systemFile)"), "\(access.reason)")
  }

  @Test(
    arguments: [
      (["--role", "viewer"], nil, .viewer), (["--role=operator"], nil, .operatorRole),
      (["--role", "admin"], nil, .admin), ([], "role: 'operator'", .operatorRole),
      ([], "role: 'admin'", .admin), (["--role", "admin"], "role: 'viewer'", .viewer),
      (["--role", "viewer"], "role: 'operator'", .viewer), (["--read-only"], nil, .viewer),
      ([], "read_only: true", .viewer),
    ] as [([String], String?, Role)])
  func `a flag and a user's own file lower`(words: [String], own: String?, role: Role) throws {
    #expect(try access(try startup(words, own: own, user: "alice"), "dev").role == role)
  }

  @Test(arguments: [["--role", "admin"], ["--role", "operator"], []])
  func `and never raise`(words: [String]) throws {
    let startup = try startup(words, own: "role: 'admin', read_only: false", user: "bob")
    #expect(startup.rights.role == .viewer)
    #expect(try access(startup, "dev").isReadOnly)
  }

  @Test func `a lowered role keeps the limits of the one that was given`() throws {
    let system =
      Self.head + """
        roles: { users: { alice: 'admin' }, limits: { admin: { environments: ['dev'],
          keys_per_minute: 10 }, operator: { keys_per_minute: 20, whole_tier: false } } } }
        """
    let limits = try startup(["--role", "operator"], system: system, user: "alice").rights.limits
    #expect(limits == RoleLimits(keysPerMinute: 10, environments: ["dev"], wholeTier: false))
  }

  @Test func `a named file takes the place of everything but the rights`() throws {
    let file = folder.path + "/mine.json5"
    try folder.write(
      "mine.json5",
      Self.head + "environments: { prod: { class: 'development', servers: [{ url: 'x' }] } } }")
    let system = Self.system.replacing(
      "roles:", with: "theme: 'mono', interval: 9, default_environment: 'dev', roles:")
    let startup = try startup(["--config", file], system: system, user: "bob")
    #expect(startup.rights.role == .viewer)
    #expect(startup.environments.map(\.name) == ["prod"])
    #expect(startup.environments.first?.environmentClass == .production)
    #expect(startup.themeName == "dark" && startup.interval == 2)
    let readOnly = try self.startup(["--config", file], system: Self.head + "read_only: true }")
    #expect(readOnly.access(nil).isReadOnly)
    // Also where it names the system's file itself.
    let same = try self.startup(["--config", systemFile], groups: ["oncall"])
    #expect(same.rights.role == .operatorRole)
    #expect(try !access(same, "dev").isReadOnly)
  }

  @Test func `roles elsewhere are an error that says where they belong`() throws {
    for words in [[], ["--config", folder.path + "/xdg/cacheconsole/config.json5"]] {
      do {
        _ = try startup(words, own: "\nroles: { default: 'admin' }")
        Issue.record("accepted")
      } catch let error as DocumentError {
        #expect(error.line == 3)
        #expect(error.detail.contains("belongs into /etc/cacheconsole/config.json5"), "\(error)")
      }
    }
  }

  @Test(arguments: [0o664, 0o646, 0o666, 0o777] as [mode_t])
  func `roles that others could write are not believed`(mode: mode_t) throws {
    try folder.write("etc/config.json5", Self.system)
    unsafe chmod(systemFile, mode)
    #expect(throws: DocumentError.self) { try loader().load() }
    // Neither beside a file that the user names.
    let own = try folder.write("own.json5", Self.head + "}")
    #expect(throws: DocumentError.self) { try loader(explicit: own).load() }
    unsafe chmod(systemFile, 0o644)
    #expect(try loader().load()?.roles != nil)
    unsafe chmod(folder.path + "/etc", mode | 0o700)
    #expect(throws: DocumentError.self) { try loader().load() }
    unsafe chmod(folder.path + "/etc", 0o755)
    do throws(DocumentError) {
      _ = try loader(owner: 4711).load()
      Issue.record("another owner's file was believed")
    } catch {
      #expect(error.detail.contains("belongs to user \(geteuid()), not to root"), "\(error)")
    }
    // Without roles it gives nothing that needs trust.
    try folder.write("etc/config.json5", Self.head + "}")
    unsafe chmod(systemFile, mode)
    #expect(try loader().load() != nil)
  }

  @Test func `no variable leads to another system file, and root must own it`() {
    let names = [
      "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "CACHECONSOLE_CONFIG", "HOME", "ETC", "ROOT",
    ]
    let loader = ConfigurationLoader(
      explicit: nil, environment: Dictionary(uniqueKeysWithValues: names.map { ($0, "/tmp/x") }))
    #expect(loader.files.first == "/etc/cacheconsole/config.json5")
    #expect(
      !Option.allCases.contains { $0.rawValue.contains("system") || $0.rawValue.contains("etc") })
    let named = ConfigurationLoader(explicit: "/tmp/x", environment: [:])
    #expect(named.files == ["/etc/cacheconsole/config.json5", "/tmp/x"])
  }

  @Test(
    arguments: [
      ("default: 'root'", 2, "one of viewer, operator, admin"),
      ("users: { alice: 1 }", 2, "'roles.users.alice' is a number"),
      ("users: {\nalice: 'admn' }", 3, "'roles.users.alice'"),
      ("users: []", 2, "expected an object"),
      ("groups: 'x'", 2, "expected an object"), ("user: {}", 2, "did you mean 'users'?"),
      ("limits: { viewer: {} }", 2, "unknown key 'roles.limits.viewer'"),
      ("limits: { operator: { keys_per_minute: 0 } }", 2, "must be from"),
      ("limits: { operator: { keys_per_minute: 'x' } }", 2, "expected a number"),
      ("limits: { operator: { environments: 'dev' } }", 2, "a list of strings"),
      ("limits: { operator: { enviroments: [] } }", 2, "did you mean 'environments'?"),
      ("limits: { operator: { whole_tier: 1 } }", 2, "true or false"),
    ] as [(String, Int, String)])
  func `mistakes name the key and the line`(body: String, line: Int, expected: String) throws {
    try folder.write("etc/config.json5", Self.head + "roles: { \(body) } }", mode: 0o644)
    do throws(DocumentError) {
      _ = try loader().load()
      Issue.record("accepted \(body)")
    } catch {
      #expect(error.description.contains(expected) && error.line == line, "\(error.description)")
    }
  }

  @Test func `the documented roles are valid`() throws {
    let file = Repository.root + "/docs/config.example.json5"
    let text = String(decoding: try #require(try FileReader.read(file)).bytes, as: UTF8.self)
    let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
    let start = try #require(lines.firstIndex(of: "// roles: {"))
    let end = try #require(lines[start...].firstIndex(of: "// },"))
    let roles = lines[start...end].map { $0.dropFirst(2) }.joined(separator: "\n")
    let startup = try startup(system: Self.head + roles + "}", groups: ["oncall"])
    #expect(startup.rights.role == .operatorRole)
    #expect(
      startup.rights.limits
        == RoleLimits(keysPerMinute: 100_000, environments: ["shop-dev"], wholeTier: false))
  }

  @Test func `a role that there is none of is a usage error`() {
    #expect(throws: UsageError.self) { try Arguments(parsing: ["--role", "root"]) }
    #expect(throws: UsageError.self) { try Arguments(parsing: ["--role"]) }
  }
}
