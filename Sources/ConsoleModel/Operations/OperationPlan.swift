/// Who acts, from where.
package struct OperationAuthor: Sendable, Hashable {
  /// The login name behind `/proc/self/loginuid`, not `$USER`.
  package var user: String
  package var uid: UInt32
  package var role: Role
  package var host: String
  /// `pts/3`; empty without a terminal.
  package var terminal: String
  /// The address that the session came from; empty if local or not known; with `(claimed)` behind it
  /// where only a variable says so.
  package var from: String
  package var version: String

  package init(
    user: String, uid: UInt32, role: Role, host: String, terminal: String = "", from: String = "",
    version: String = ""
  ) {
    self.user = user
    self.uid = uid
    self.role = role
    self.host = host
    self.terminal = terminal
    self.from = from
    self.version = version
  }
}

/// A request with everything that was found out about it: what is confirmed, run and recorded.
package struct OperationPlan: Sendable, Hashable {
  /// Sorts by time: `20261125T165512-3f9a0c`.
  package var id: String
  package var request: OperationRequest
  package var environment: EnvironmentIdentity
  package var author: OperationAuthor
  package var preview: OperationPreview
  package var created: WallTime
  /// SHA-256 over all of the above, hexadecimal; the audit names it.
  package var hash: String

  /// Seconds after which a plan is void: what it says may no longer be so.
  package static let lifeSeconds: Int64 = 600

  package init(
    id: String, request: OperationRequest, environment: EnvironmentIdentity,
    author: OperationAuthor, preview: OperationPreview, created: WallTime, hash: String = ""
  ) {
    self.id = id
    self.request = request
    self.environment = environment
    self.author = author
    self.preview = preview
    self.created = created
    self.hash = hash
  }

  package var expires: WallTime {
    WallTime(microseconds: created.microseconds + Self.lifeSeconds * 1_000_000)
  }

  /// Is this what a planner made of `asked`? Of a cluster's node it makes all of the cluster's shards.
  package func answers(_ asked: OperationRequest) -> Bool {
    request.answers(asked) || (preview.isOnCluster && request.answersAnywhere(asked))
  }

  /// The keys that it counts are not there: they are written. See `OperationRequest.writesAbsent`.
  package var writesAbsent: Bool { request.writesAbsent && !preview.restoresLives }

  package var friction: Friction {
    Friction.required(
      environment.environmentClass, radius: preview.keys.upperBound,
      isReloadable: preview.isReloadable, isWholeTier: request.takesEveryKey,
      isServer: request.isAboutServer)
  }
}

/// What the operator has to do to confirm.
package enum Friction: String, Sendable, Hashable, CaseIterable {
  /// One key: `y`, or the key that asked, once more.
  case oneKey
  /// `y`
  case yes
  /// The target's name, then `y`.
  case name
  /// The name and the rounded count, then `y`.
  case nameAndCount

  /// - Parameters:
  ///   - radius: keys at most.
  ///   - isReloadable: every key is known to come back from the database.
  package static func required(
    _ environmentClass: EnvironmentClass, radius: UInt64, isReloadable: Bool, isWholeTier: Bool,
    isServer: Bool = false
  ) -> Friction {
    switch environmentClass {
    case .development: .oneKey
    case .staging: .yes
    case .production:
      if isServer {
        .name
      } else if isWholeTier || radius > 10_000 {
        .nameAndCount
      } else if radius > 10 || !isReloadable {
        .name
      } else {
        .yes
      }
    }
  }

  /// Two digits and a unit: `1.0M`, `12k`, `870`.
  package static func rounded(_ count: UInt64) -> String {
    var value = count
    var power: UInt64 = 1
    while value >= 100 {
      let half = value % 10 >= 5
      value = value / 10 + (half ? 1 : 0)
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    // `value` has at most two digits and stands for `value × power`.
    let whole = value.multipliedReportingOverflow(by: power).partialValue
    for (unit, letter) in [(UInt64(1_000_000_000), "G"), (1_000_000, "M"), (1000, "k")]
    where whole >= unit {
      let tenths = whole / (unit / 10)
      return tenths < 100 ? "\(tenths / 10).\(tenths % 10)\(letter)" : "\(tenths / 10)\(letter)"
    }
    return String(whole)
  }
}
