private import Documents
private import Operations
package import ConsoleModel

/// What the program was told to watch, from command line and configuration together.
package struct Startup: Sendable {
  /// What to open first.
  package enum Target: Sendable {
    case servers(EnvironmentPlan)
    case demo
  }

  package var arguments: Arguments
  package var configuration: Configuration?
  package var passwords: PasswordSources

  package init(
    arguments: Arguments, configuration: Configuration?, passwords: PasswordSources
  ) {
    self.arguments = arguments
    self.configuration = configuration
    self.passwords = passwords
  }

  /// `--redis`, else `--demo`, else the environment asked for, else the demo.
  package func target() throws(StartError) -> Target {
    if !arguments.redisURLs.isEmpty {
      return .servers(
        try EnvironmentPlan(
          arguments: arguments, isReadOnly: isReadOnlyEverywhere, passwords: passwords))
    }
    if arguments.isDemo { return .demo }
    if let name = arguments.environment { return .servers(try plan(named: name)) }
    guard let configuration, let first = configuration.environments.min(by: { $0.name < $1.name })
    else { return .demo }
    return .servers(try plan(named: configuration.defaultEnvironment ?? first.name))
  }

  package func plan(named name: String) throws(StartError) -> EnvironmentPlan {
    guard let configuration else {
      throw .usage("--env \(Printable.line(name)): there is no configuration file")
    }
    guard let environment = configuration.environment(named: name) else {
      let names = configuration.environments.map(\.name)
      let hint = Suggestion.closest(to: name, in: names).map { "; did you mean '\($0)'?" } ?? ""
      throw .usage(
        "no environment '\(Printable.line(name))'\(hint) (there are: \(names.sorted().joined(separator: ", ")))"
      )
    }
    return try EnvironmentPlan(
      environment, isReadOnly: isReadOnlyEverywhere, reason: readOnlyReason, passwords: passwords)
  }

  /// Environments that `:env` offers.
  package var environments: [EnvironmentIdentity] {
    (configuration?.environments ?? []).map {
      EnvironmentIdentity(name: $0.name, environmentClass: $0.environmentClass)
    }.sorted { $0.name < $1.name }
  }

  package var isReadOnlyEverywhere: Bool {
    arguments.isReadOnly || configuration?.isReadOnly == true
  }

  package var readOnlyReason: String {
    arguments.isReadOnly ? "started with --read-only" : "read_only in the configuration"
  }

  package var interval: Double { arguments.interval ?? configuration?.interval ?? 2 }

  package var themeName: String { arguments.theme ?? configuration?.theme ?? "dark" }

  package var mouse: Bool { arguments.mouse && configuration?.mouse != false }

  package var personalData: PersonalDataPolicy { configuration?.personalData ?? .standard }

  package static let demo = EnvironmentIdentity(name: "demo", environmentClass: .development)

  /// Where journals, copies, the audit and identities lie.
  package var stateFolder: String {
    // Without a home there is nowhere to write, which each writer says.
    Folders.state(passwords.environment) ?? "/nonexistent/cacheconsole"
  }

  /// Who acts.
  package func author(_ access: Access) -> OperationAuthor {
    Identity.discover(.system(environment: passwords.environment)).author(
      role: access.role, version: Version.text)
  }

  /// What this process may do in an environment.
  package func access(_ plan: EnvironmentPlan?) -> Access {
    guard let plan else {
      return Access(isReadOnly: isReadOnlyEverywhere, reason: readOnlyReason, mayReveal: true)
    }
    return Access(
      isReadOnly: plan.isReadOnly, reason: plan.readOnlyReason, mayReveal: plan.mayReveal)
  }
}
