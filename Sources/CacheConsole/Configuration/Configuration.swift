package import ConsoleModel
package import Redis

/// What the configuration files say, merged and checked.
package struct Configuration: Sendable, Hashable {
  package static let schema = "cacheconsole.config"
  package static let version = 1

  package var environments: [Environment] = []
  package var defaultEnvironment: String?
  package var theme: String?
  package var mouse: Bool?
  /// Seconds between polls.
  package var interval: Double?
  package var isReadOnly = false
  package var personalPatterns: [String]?
  /// Only the system's file has them.
  package var roles: Roles?
  /// The role that a file lowers its readers to, and the file.
  package var role: LoweredRole?

  package init() {}

  /// One environment: a name, how careful to be with it, and its servers.
  package struct Environment: Sendable, Hashable {
    package var name: String
    package var environmentClass: EnvironmentClass
    package var isReadOnly: Bool
    /// The right to unmask personal data there.
    package var mayReveal: Bool
    package var servers: [Server]
    /// A program and its arguments that prints the values of keys for a warm-up; empty: there is none.
    package var loader: [String]
    /// Where servers are reached that announce other addresses; replicas and nodes of clusters do.
    package var addresses = AddressMap()
    /// The file that defines it.
    package var file: String
  }

  /// One Redis server. The password's source is kept, not the password, unless the URL holds it.
  package struct Server: Sendable, Hashable {
    package var name: String
    package var url: String
    package var passwordFile: String?
    package var passwordEnvironment: String?
    package var asksPassword: Bool
    /// A program, and its arguments, that prints a token; empty: there is none.
    package var tokenCommand: [String] = []
    /// For a `rediss://` url only.
    package var tls = TLSOptions()
  }

  package struct LoweredRole: Sendable, Hashable {
    package var role: Role
    package var file: String
  }

  package func environment(named name: String) -> Environment? {
    environments.first { $0.name == name }
  }

  /// Adds a file that was read later: it may add and replace environments, but rights only shrink.
  package mutating func merge(_ later: Configuration) {
    for environment in later.environments {
      var added = environment
      if let index = environments.firstIndex(where: { $0.name == environment.name }) {
        let earlier = environments.remove(at: index)
        added.isReadOnly = added.isReadOnly || earlier.isReadOnly
        added.mayReveal = added.mayReveal && earlier.mayReveal
        added.environmentClass = .stricter(
          added.environmentClass, earlier.environmentClass)
      }
      environments.append(added)
    }
    defaultEnvironment = later.defaultEnvironment ?? defaultEnvironment
    theme = later.theme ?? theme
    mouse = later.mouse ?? mouse
    interval = later.interval ?? interval
    isReadOnly = isReadOnly || later.isReadOnly
    // What is masked only grows: the first file, which the system's is, may replace the standard ones.
    if let patterns = later.personalPatterns {
      personalPatterns = (personalPatterns ?? PersonalDataPolicy.standardPatterns) + patterns
    }
    if let lower = later.role, role.map({ lower.role < $0.role }) ?? true { role = lower }
  }

  /// Takes a file that the user named instead of the usual ones: what is left of the system's are
  /// the rights, which no file of the user's can get around.
  package mutating func replace(by named: Configuration) {
    (defaultEnvironment, theme, mouse, interval) = (nil, nil, nil, nil)
    merge(named)
    environments.removeAll { named.environment(named: $0.name) == nil }
  }

  /// The keys whose values are masked: the standard ones unless the files say otherwise.
  package var personalData: PersonalDataPolicy {
    personalPatterns.map { PersonalDataPolicy(patterns: $0.map { Array($0.utf8) }) } ?? .standard
  }
}
