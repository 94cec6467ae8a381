package import ConsoleModel
internal import Documents

/// Who may do what, as the system's file says.
package struct Roles: Sendable, Hashable {
  /// For whom neither name nor group stands there; nil: viewer.
  package var standard: Role?
  package var users: [String: Role] = [:]
  package var groups: [String: Role] = [:]
  package var limits: [Role: RoleLimits] = [:]
  /// The file that says so.
  package var file: String

  package init(file: String) { self.file = file }

  /// The highest of the user's own and those of the groups, and why.
  package func role(user: String, groups memberships: [String]) -> (role: Role, why: String) {
    var best: (role: Role, why: String)?
    if let role = users[user] { best = (role, "roles.users.\(user)") }
    for group in memberships {
      guard let role = groups[group], best.map({ role > $0.role }) ?? true else { continue }
      best = (role, "roles.groups.\(group)")
    }
    if let best { return best }
    guard let standard else {
      return (.viewer, "roles, where neither you nor a group of yours stands")
    }
    return (standard, "roles.default")
  }

  // MARK: Parsing

  init(parsing node: JSON5Node, file: String) throws(DocumentError) {
    self.init(file: file)
    var reader = try ObjectReader(node, path: "roles", file: file)
    standard = try reader.choice("default", Role.self)
    users = try Self.names(reader.take("users"), path: "roles.users", file: file)
    groups = try Self.names(reader.take("groups"), path: "roles.groups", file: file)
    if let node = reader.take("limits") {
      var all = try ObjectReader(node, path: "roles.limits", file: file)
      for role in Role.allCases where role != .viewer {
        guard let node = all.take(role.rawValue) else { continue }
        limits[role] = try Self.limits(node, path: "roles.limits.\(role.rawValue)", file: file)
      }
      try all.end()
    }
    try reader.end()
  }

  private static func names(
    _ node: JSON5Node?, path: String, file: String
  ) throws(DocumentError) -> [String: Role] {
    guard let node else { return [:] }
    // Each member is read by name, so that a wrong role is told with its line.
    var reader = try ObjectReader(node, path: path, file: file)
    guard case .object(let members) = node.value else { return [:] }
    var result: [String: Role] = [:]
    for member in members { result[member.key] = try reader.choice(member.key, Role.self) }
    return result
  }

  private static func limits(
    _ node: JSON5Node, path: String, file: String
  ) throws(DocumentError) -> RoleLimits {
    var reader = try ObjectReader(node, path: path, file: file)
    var limits = RoleLimits()
    if let rate = try reader.number("keys_per_minute", in: 1...1e12) {
      limits.keysPerMinute = UInt64(rate)
    }
    limits.environments = try reader.strings("environments")
    limits.wholeTier = try reader.bool("whole_tier") ?? true
    try reader.end()
    return limits
  }
}

extension RoleLimits {
  /// Both hold.
  func and(_ other: RoleLimits) -> RoleLimits {
    var rate = keysPerMinute ?? other.keysPerMinute
    if let mine = keysPerMinute, let others = other.keysPerMinute { rate = min(mine, others) }
    var names = environments ?? other.environments
    if let mine = environments, let others = other.environments {
      names = mine.filter(others.contains)
    }
    return RoleLimits(
      keysPerMinute: rate, environments: names, wholeTier: wholeTier && other.wholeTier)
  }
}
