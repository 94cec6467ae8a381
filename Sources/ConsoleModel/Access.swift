/// What an action touches. A viewer may do everything but `change`.
package enum Reach: String, Sendable, Hashable, CaseIterable {
  /// Moves on the screen only; no server is asked.
  case view
  /// Asks servers for more, changes nothing there.
  case read
  /// Changes something on a server.
  case change
}

/// How careful the console must be with an environment.
package enum EnvironmentClass: String, Sendable, Hashable, CaseIterable {
  case development, staging, production

  /// The one in which more care is taken.
  package static func stricter(_ left: Self, _ right: Self) -> Self {
    let order = allCases
    return (order.firstIndex(of: left) ?? 0) >= (order.firstIndex(of: right) ?? 0) ? left : right
  }
}

/// Name and class of the environment on the screen; both are shown everywhere.
package struct EnvironmentIdentity: Sendable, Hashable {
  package var name: String
  package var environmentClass: EnvironmentClass
  /// TLS to one of its servers is encrypted, but nobody looks at who answers. Said on every screen; of
  /// this process, so that plans do not carry it.
  package var isUnverified: Bool

  package init(name: String, environmentClass: EnvironmentClass, isUnverified: Bool = false) {
    self.name = name
    self.environmentClass = environmentClass
    self.isUnverified = isUnverified
  }
}

/// What this process may do, fixed for its lifetime.
package struct Access: Sendable, Hashable {
  /// A viewer's process: no changing action, no Mutator.
  package var isReadOnly: Bool
  /// Why, in words for the refusal: "started with --read-only".
  package var reason: String
  /// The right to unmask personal data. Never granted to a read-only process.
  package var mayReveal: Bool
  package var role: Role
  package var limits: RoleLimits
  /// What the server's ACL says about it, for the badge: "acl: console may not UNLINK"; empty: not known.
  package var badge = ""

  package init(
    isReadOnly: Bool, reason: String, mayReveal: Bool, role: Role = .admin,
    limits: RoleLimits = RoleLimits()
  ) {
    self.isReadOnly = isReadOnly || role == .viewer
    self.reason = reason
    self.mayReveal = mayReveal && !self.isReadOnly
    self.role = self.isReadOnly ? .viewer : role
    self.limits = limits
  }
}
