/// What a person may do.
package enum Role: String, Sendable, Hashable, CaseIterable, Comparable {
  case viewer, operatorRole = "operator", admin

  private var rank: Int {
    switch self {
    case .viewer: 0
    case .operatorRole: 1
    case .admin: 2
    }
  }

  package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// What a role is limited to; nil: no limit.
package struct RoleLimits: Sendable, Hashable {
  package var keysPerMinute: UInt64?
  /// Names of environments that may be changed.
  package var environments: [String]?
  /// May a pattern take every key?
  package var wholeTier: Bool

  package init(
    keysPerMinute: UInt64? = nil, environments: [String]? = nil, wholeTier: Bool = true
  ) {
    self.keysPerMinute = keysPerMinute
    self.environments = environments
    self.wholeTier = wholeTier
  }
}

/// Where a record of a change was put.
package struct AuditEntry: Sendable, Hashable {
  package var sequence: UInt64
  package var at: WallTime
  /// `planned`, `confirmed`, `started`, `checkpoint`, `verified`, `finished`, `break-glass`, …
  package var event: String
  package var operation: String
  package var title: String
  package var environment: String
  package var user: String
  package var from: String
  package var reason: String
  /// The result in words: `12,345 gone, 2 reborn`.
  package var result: String
  package var hash: String

  package init(
    sequence: UInt64, at: WallTime, event: String, operation: String, title: String,
    environment: String, user: String, from: String = "", reason: String = "", result: String = "",
    hash: String = ""
  ) {
    self.sequence = sequence
    self.at = at
    self.event = event
    self.operation = operation
    self.title = title
    self.environment = environment
    self.user = user
    self.from = from
    self.reason = reason
    self.result = result
    self.hash = hash
  }
}
