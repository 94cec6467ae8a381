private import Documents
private import Glibc

/// What an identity is found out from. Parameters for tests only: the program asks the system.
package struct IdentitySources: Sendable {
  package struct Account: Sendable, Hashable {
    package var name: String
    /// The primary group's number.
    package var group: UInt32

    package init(name: String, group: UInt32) {
      self.name = name
      self.group = group
    }
  }

  /// `/proc/self`
  package var processFolder: String
  package var realUID: UInt32
  package var host: String
  package var environment: [String: String]
  package var loginRecordsFile: String
  /// A user's account by number.
  package var account: @Sendable (UInt32) -> Account?
  /// Names of the groups that a user belongs to.
  package var groups: @Sendable (_ name: String, _ primary: UInt32) -> [String]

  package init(
    processFolder: String, realUID: UInt32, host: String, environment: [String: String],
    loginRecordsFile: String, account: @escaping @Sendable (UInt32) -> Account?,
    groups: @escaping @Sendable (String, UInt32) -> [String]
  ) {
    self.processFolder = processFolder
    self.realUID = realUID
    self.host = host
    self.environment = environment
    self.loginRecordsFile = loginRecordsFile
    self.account = account
    self.groups = groups
  }

  /// - Parameter environment: for SSH_CONNECTION only.
  package static func system(environment: [String: String] = [:]) -> IdentitySources {
    IdentitySources(
      processFolder: "/proc/self", realUID: getuid(), host: systemHost(), environment: environment,
      loginRecordsFile: "/run/utmp", account: systemAccount, groups: systemGroups)
  }

  func read(_ name: String) -> [UInt8]? {
    // A file of /proc has no size and is no longer than a page.
    (try? FileReader.read("\(processFolder)/\(name)", limit: 16_384))?.bytes
  }

  /// Where a link points to; empty if it is none.
  func link(_ name: String) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe readlink("\(processFolder)/\(name)", start, bytes.count)
    }
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  func loginRecords() -> [UInt8] {
    (try? FileReader.read(loginRecordsFile, limit: 4 << 20))?.bytes ?? []
  }

  // MARK: The system

  private static func systemHost() -> String {
    var name = utsname()
    guard unsafe uname(&name) == 0 else { return "" }
    return unsafe withUnsafeBytes(of: &name.nodename) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Entries of a name service are seldom longer than some kilobytes.
  private static let entryBytes = 64 << 10

  private static func systemAccount(_ uid: UInt32) -> Account? {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>? = nil
    var buffer = [CChar](repeating: 0, count: entryBytes)
    guard unsafe getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
      let name = unsafe entry.pw_name
    else { return nil }
    return unsafe Account(name: String(cString: name), group: entry.pw_gid)
  }

  private static func systemGroups(_ name: String, _ primary: UInt32) -> [String] {
    var count: Int32 = 256
    var numbers = [gid_t](repeating: 0, count: Int(count))
    if unsafe getgrouplist(name, primary, &numbers, &count) < 0 {
      // It said how many there are; the kernel allows 65,536.
      numbers = [gid_t](repeating: 0, count: Int(min(max(count, 0), 65_536)))
      guard unsafe getgrouplist(name, primary, &numbers, &count) >= 0 else { return [] }
    }
    return numbers.prefix(Int(max(0, count))).compactMap(groupName)
  }

  private static func groupName(_ number: gid_t) -> String? {
    var entry = unsafe group()
    var found: UnsafeMutablePointer<group>? = nil
    // A group's entry lists its members.
    var buffer = [CChar](repeating: 0, count: 4 * entryBytes)
    guard unsafe getgrgid_r(number, &entry, &buffer, buffer.count, &found) == 0,
      unsafe found != nil, let name = unsafe entry.gr_name
    else { return nil }
    return unsafe String(cString: name)
  }
}
