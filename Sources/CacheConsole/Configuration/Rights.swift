package import ConsoleModel
package import Operations

/// What this person may do, from the system's file, the user's own and the command line together.
package struct Rights: Sendable, Hashable {
  package private(set) var role: Role
  package private(set) var limits = RoleLimits()
  /// Where the role comes from, in words.
  package private(set) var reason: String
  /// The system's file, if it has roles.
  private var file: String?

  /// Without roles in the system's file nobody has restricted anything: the server's ACL is the limit.
  package init(_ configuration: Configuration?, identity: Identity, asked: Role?) {
    role = .admin
    reason = "no roles are set on this machine"
    if let roles = configuration?.roles {
      file = roles.file
      let (granted, why) = roles.role(user: identity.user, groups: identity.groups)
      role = granted
      reason = "\(identity.user) is \(granted.rawValue) by \(why) in \(roles.file)"
      limits = roles.limits[granted] ?? RoleLimits()
    }
    if let own = configuration?.role {
      lower(to: own.role, configuration?.roles, "the role is \(own.role.rawValue) in \(own.file)")
    }
    if let asked { lower(to: asked, configuration?.roles, "started with --role \(asked.rawValue)") }
  }

  /// A lower role does not lose the limits of the one that was granted.
  private mutating func lower(to wanted: Role, _ roles: Roles?, _ why: String) {
    guard wanted < role else { return }
    role = wanted
    limits = limits.and(roles?.limits[wanted] ?? RoleLimits())
    reason = why
  }

  /// Why an environment is read-only for this role; nil: it may be changed.
  ///
  /// - Parameter definedIn: the file that names its servers; nil: the command line. A name alone
  ///   is no right: the user's own file could give it to other servers.
  package func refusal(environment: String, definedIn: String?) -> String? {
    if role == .viewer { return reason }
    guard let allowed = limits.environments, let file else { return nil }
    let list = allowed.isEmpty ? "no environment" : allowed.joined(separator: ", ")
    guard allowed.contains(environment) else {
      return "role \(role.rawValue) may change \(list), not '\(environment)' (\(file))"
    }
    guard definedIn == file else {
      return
        "'\(environment)' is defined in \(definedIn ?? "the command line"): role \(role.rawValue)"
        + " may change only the servers that \(file) lists under that name"
    }
    return nil
  }
}
