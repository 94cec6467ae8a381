/// What a server's ACL lets the console's own user do.
package struct AccessControl: Sendable, Hashable {
  package enum Permission: Sendable, Hashable {
    case allowed, denied
    /// The command is permitted, but not on every key.
    case notEveryKey
    /// The server is older than 7.0, or the user may not ask (`+acl|dryrun`).
    case unknown
  }

  /// The bytes of the user's name; nil: the server knows no users, or does not say.
  package var user: [UInt8]?
  package var unlink = Permission.unknown
  package var set = Permission.unknown
  package var pexpire = Permission.unknown
  package var restore = Permission.unknown

  package init(user: [UInt8]? = nil) { self.user = user }

  /// A few words for the header: what the server says where it is not what the role lets expect;
  /// empty if there is nothing to say or nothing is known.
  ///
  /// - Parameter mayChange: false for a viewer, who would be let through by a server that permits
  ///   more than the console does.
  package func badge(mayChange: Bool) -> String {
    guard let user else { return "" }
    let name = "acl " + PlainText.safe(user, limit: 20) + ": "
    let all = [("UNLINK", unlink), ("SET", set), ("PEXPIRE", pexpire), ("RESTORE", restore)]
    guard mayChange else {
      return all.contains { $0.1 == .allowed } ? name + "may write" : ""
    }
    let denied = all.filter { $0.1 == .denied }.map(\.0)
    if denied.count == all.count { return name + "may not write" }
    if !denied.isEmpty { return name + "may not " + denied.joined(separator: ", ") }
    return all.contains { $0.1 == .notEveryKey } ? name + "may not write every key" : ""
  }
}

extension Probe {
  /// Asks the server what the console's user may do: ACL WHOAMI, and ACL DRYRUN, which runs nothing.
  ///
  /// Ask it once for each server: where the user may not ask, ACL LOG keeps a line of it. Only what
  /// keeps the server from answering at all is thrown.
  package func accessControl(timeout: Duration? = nil) async throws(RedisError) -> AccessControl {
    let action = "asking what the ACL permits"
    let replies = try await pipeline(
      [RedisCommand("ACL", "WHOAMI")], action: action, timeout: timeout)
    guard let user = replies.first?.bytes else { return AccessControl() }
    var found = AccessControl(user: user)
    let questions: [(WritableKeyPath<AccessControl, AccessControl.Permission>, [[UInt8]])] = [
      (\.unlink, Self.question("UNLINK")),
      (\.set, Self.question("SET", "v")),
      (\.pexpire, Self.question("PEXPIRE", "1")),
      (\.restore, Self.question("RESTORE", "0", "v")),
    ]
    let answers: [RESPValue]
    do throws(RedisError) {
      answers = try await pipeline(
        questions.map { RedisCommand("ACL", [Array("DRYRUN".utf8), user] + $0.1) }, action: action,
        timeout: timeout)
    } catch {
      // A name that our own gate does not let through.
      guard error.kind == .denied else { throw error }
      return found
    }
    for ((permission, _), answer) in zip(questions, answers) {
      found[keyPath: permission] = Self.permission(answer)
    }
    return found
  }

  /// The key is one that no pattern but `~*` is likely to cover.
  private static func question(_ name: String, _ rest: String...) -> [[UInt8]] {
    [Array(name.utf8), [0]] + rest.map { Array($0.utf8) }
  }

  /// `OK`, or a sentence: `User eva has no permissions to run the 'set' command` (7.2; before it
  /// `This user has …`), `… to access the 'a' key`.
  private static func permission(_ reply: RESPValue) -> AccessControl.Permission {
    guard let text = reply.text else { return .unknown }
    if text == "OK" { return .allowed }
    if text.contains("no permissions to run the") { return .denied }
    if text.contains("no permissions to access the") { return .notEveryKey }
    return .unknown
  }
}
