import ConsoleModel
import Glibc
import Operations
import TestKit
import Testing

@Suite(.serialized, .blocking) struct IdentityTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    unsafe mkdir(folder.file("fd"), 0o700)
  }

  private func identity(
    loginUID: String? = "1001", stat: String? = nil, input: String? = nil,
    environment: [String: String] = [:]
  ) throws -> Identity {
    if let loginUID { try folder.write("loginuid", loginUID) }
    if let stat { try folder.write("stat", stat) }
    if let input { unsafe symlink(input, folder.file("fd/0")) }
    let names: [UInt32: String] = [0: "root", 1000: "bob", 1001: "alice"]
    return Identity.discover(
      IdentitySources(
        processFolder: folder.path, realUID: 1000, host: "ops-1", environment: environment,
        loginRecordsFile: folder.file("utmp"),
        account: { uid in names[uid].map { .init(name: $0, group: 7) } },
        groups: { name, primary in ["z-\(name)", "group-\(primary)"] }))
  }

  @Test func `the login user counts, not the one of sudo nor any variable`() throws {
    let found = try identity(environment: ["USER": "mallory", "LOGNAME": "mallory"])
    #expect(found.user == "alice" && found.uid == 1001)
    #expect(found.groups == ["group-7", "z-alice"])
    #expect(found.host == "ops-1")
    let author = found.author(role: .operatorRole, version: "1")
    #expect(author.user == "alice" && author.role == .operatorRole && author.host == "ops-1")
  }

  @Test(arguments: ["4294967295", "", "x", "-1", "99999999999"])
  func `without a login the real user counts`(loginUID: String) throws {
    #expect(try identity(loginUID: loginUID).user == "bob")
  }

  @Test func `without a file the real user counts, and a number without a name is told as one`()
    throws
  {
    #expect(try identity(loginUID: nil).user == "bob")
    let found = try identity(loginUID: "4242")
    #expect(found.user == "#4242" && found.groups.isEmpty)
  }

  @Test(arguments: [
    ("12 (cache (x) y) S 1 12 12 34819 12 0", "pts/3"), ("1 (c) S 1 1 1 35080 1 0", "pts/264"),
    ("1 (c) S 1 1 1 1025 1 0", "tty1"), ("1 (c) S 1 1 1 1088 1 0", "ttyS0"),
    ("1 (c) S 1 1 1 0 1 0", ""), ("", ""), ("1 (c) S", ""), ("1 (c) S 1 1 1 -7 1", ""),
  ])
  func `the controlling terminal`(stat: String, terminal: String) throws {
    #expect(try identity(stat: stat).terminal == terminal)
  }

  @Test(arguments: [("/dev/pts/9", "pts/9"), ("/dev/null", ""), ("pipe:[123]", "")])
  func `without one the input's`(link: String, terminal: String) throws {
    #expect(try identity(input: link).terminal == terminal)
  }

  @Test(arguments: [
    ("192.0.2.7 51111 10.0.0.1 22", "192.0.2.7"), ("2001:db8::7 5 fe80::1%eth0 22", "2001:db8::7"),
    ("fe80::1%eth0 5 x 22", "fe80::1%eth0"), ("", ""), ("a\u{1B}[31m b", ""), ("\"} x", ""),
    (":0 x", ""),
  ])
  func `the address of the SSH session`(variable: String, from: String) throws {
    // Anybody can set a variable.
    #expect(
      try identity(environment: ["SSH_CONNECTION": variable]).from
        == (from.isEmpty ? "" : "\(from) (claimed)"))
  }

  @Test func `the address of the login records, by terminal, whatever a variable says`() throws {
    let records =
      Self.record(7, "pts/3", "198.51.100.1") + Self.record(7, "pts/4", "198.51.100.2")
      + Self.record(8, "pts/3", "198.51.100.3") + Self.record(7, "pts/5", ":0")
    try folder.write("utmp", String(decoding: records, as: UTF8.self))
    let stat = "1 (c) S 1 1 1 34819 1 0"
    #expect(try identity(stat: stat).from == "198.51.100.1")
    let ssh = try identity(stat: stat, environment: ["SSH_CONNECTION": "192.0.2.7 1 x 22"])
    #expect(ssh.from == "198.51.100.1")
    #expect(try identity(stat: "1 (c) S 1 1 1 34821 1 0").from == "")
    try folder.write("utmp", String(decoding: records.prefix(200), as: UTF8.self))
    #expect(try identity(stat: stat).from == "")
  }

  /// One record of utmp(5) on 64-bit Linux.
  private static func record(_ type: UInt8, _ line: String, _ host: String) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 384)
    bytes[0] = type
    bytes.replaceSubrange(8..<(8 + line.utf8.count), with: line.utf8)
    bytes.replaceSubrange(76..<(76 + host.utf8.count), with: host.utf8)
    return bytes
  }

  @Test func `this process's own identity is that of id(1)`() throws {
    let found = Identity.discover()
    let name = try ChildProcess.run("id", ["-un", "--", "\(found.uid)"]).output
    let groups = try ChildProcess.run("id", ["-Gn", "--", found.user]).output
    #expect(found.user == name.split(separator: "\n").first.map(String.init))
    #expect(found.groups == groups.split(whereSeparator: \.isWhitespace).map(String.init).sorted())
    #expect(
      found.host
        == (try ChildProcess.run("uname", ["-n"]).output.split(separator: "\n").first).map(
          String.init))
  }
}
