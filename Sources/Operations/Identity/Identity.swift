package import ConsoleModel

/// Who runs this process and from where: who is found out, never told by variables that anybody can set;
/// where from, too, as far as the system has a record of the login.
package struct Identity: Sendable, Hashable {
  /// The login name; `#1234` for a number without a name.
  package var user: String
  package var uid: UInt32
  /// Names of the login user's groups, the primary one too, sorted.
  package var groups: [String]
  package var host: String
  /// `pts/3`; empty without a terminal.
  package var terminal: String
  /// The address that the session came from; empty if local or not known; with `(claimed)` behind it
  /// where only the variable `SSH_CONNECTION` says so, which the user can set.
  package var from: String

  package init(
    user: String, uid: UInt32, groups: [String] = [], host: String = "", terminal: String = "",
    from: String = ""
  ) {
    self.user = user
    self.uid = uid
    self.groups = groups
    self.host = host
    self.terminal = terminal
    self.from = from
  }

  package func author(role: Role, version: String) -> OperationAuthor {
    OperationAuthor(
      user: user, uid: uid, role: role, host: host, terminal: terminal, from: from,
      version: version)
  }

  /// May ask a name service, which can be slow.
  ///
  /// The user is the one who logged in (`/proc/self/loginuid`, which stays through su and sudo); where
  /// the system keeps none, as in most containers, the process's real user.
  package static func discover(_ sources: IdentitySources = .system()) -> Identity {
    let uid = loginUID(sources.read("loginuid")) ?? sources.realUID
    let account = sources.account(uid)
    let terminal = terminal(sources)
    return Identity(
      user: account?.name ?? "#\(uid)", uid: uid,
      groups: account.map { sources.groups($0.name, $0.group).sorted() } ?? [],
      host: sources.host, terminal: terminal,
      from: LoginRecords.host(of: terminal, in: sources.loginRecords())
        ?? sshAddress(sources.environment["SSH_CONNECTION"]).map { "\($0) (claimed)" } ?? "")
  }

  /// nil for a missing file and for 4294967295: nobody logged in.
  private static func loginUID(_ contents: [UInt8]?) -> UInt32? {
    guard let contents else { return nil }
    let text = String(decoding: contents.prefix { $0 != 0x0A && $0 != 0 }, as: UTF8.self)
    guard let uid = UInt32(text), uid != .max else { return nil }
    return uid
  }

  /// `client-address client-port server-address server-port`, see sshd(8).
  private static func sshAddress(_ variable: String?) -> String? {
    guard let first = variable?.split(separator: " ").first else { return nil }
    return LoginRecords.address(String(first))
  }

  /// The controlling terminal, also where input and output are redirected.
  private static func terminal(_ sources: IdentitySources) -> String {
    if let stat = sources.read("stat"), let name = controllingTerminal(stat) { return name }
    let link = sources.link("fd/0")
    return link.hasPrefix("/dev/pts/") || link.hasPrefix("/dev/tty")
      ? String(link.dropFirst("/dev/".count)) : ""
  }

  /// Field 7 of proc_pid_stat(5): major number in bits 15–8, minor in 31–20 and 7–0. The fields are
  /// counted from behind the program's name, which may hold blanks and parentheses.
  private static func controllingTerminal(_ stat: [UInt8]) -> String? {
    guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 4,
      let device = Int32(String(decoding: fields[4], as: UTF8.self)), device > 0
    else { return nil }
    let major = (device >> 8) & 0xFFF
    let minor = (device & 0xFF) | ((device >> 12) & 0xFFF00)
    switch major {
    // Unix98 pseudo terminals, 256 a major number (the kernel's devices.txt).
    case 136...143: return "pts/\((major - 136) * 256 + minor)"
    case 4 where minor < 64: return "tty\(minor)"
    case 4: return "ttyS\(minor - 64)"
    default: return nil
    }
  }
}
