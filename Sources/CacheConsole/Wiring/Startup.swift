package import ConsoleModel
private import Documents
package import Operations
private import Storefront

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
  /// Who runs this, and what they may do; fixed for the process's lifetime.
  package let identity: Identity
  package let rights: Rights

  /// - Parameter identity: nobody, if it is left out: no name and no group has a role.
  package init(
    arguments: Arguments, configuration: Configuration?, passwords: PasswordSources,
    identity: Identity = Identity(user: "", uid: .max)
  ) {
    self.arguments = arguments
    self.configuration = configuration
    self.passwords = passwords
    self.identity = identity
    rights = Rights(configuration, identity: identity, asked: arguments.role)
  }

  /// `--redis`, else `--demo`, else the environment asked for, else the demo.
  package func target() throws(StartError) -> Target {
    if arguments.namesServers {
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
      environment, isReadOnly: isReadOnlyEverywhere, reason: readOnlyReason, passwords: passwords,
      reads: arguments.reads)
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

  /// What stands for the demo shop's database.
  var demoLoader: [String] {
    // Options that are wrong are told when the demo starts.
    guard let options = try? DemoOptions(environment: passwords.environment) else { return [] }
    return DemoLoader.words(executable: ProcessEnvironment.executable(), options: options)
  }

  /// Where journals, copies, the audit and identities lie.
  package var stateFolder: String {
    // Without a home there is nowhere to write, which each writer says.
    Folders.state(passwords.environment) ?? "/nonexistent/cacheconsole"
  }

  /// Names of environment variables that hold passwords, whether any server here takes them or not.
  var secretVariables: Set<String> {
    let named = (configuration?.environments ?? []).flatMap(\.passwordVariables)
    return Set(PasswordSources.variables + [PasswordSources.sentinelVariable] + named)
  }

  /// What this process may do in an environment; nil: in the demo, whose server is its own, so that the
  /// role holds there and its list of environments does not.
  package func access(_ plan: EnvironmentPlan?) -> Access {
    let refusal =
      plan.map { rights.refusal(environment: $0.identity.name, definedIn: $0.file) }
      ?? (rights.role == .viewer ? rights.reason : nil)
    let isReadOnly = plan?.isReadOnly ?? isReadOnlyEverywhere
    return Access(
      isReadOnly: isReadOnly || refusal != nil,
      reason: isReadOnly ? plan?.readOnlyReason ?? readOnlyReason : refusal ?? rights.reason,
      mayReveal: plan?.mayReveal ?? true, role: rights.role, limits: rights.limits)
  }

  /// Who acts, for the audit.
  package func author(role: Role) -> OperationAuthor {
    identity.author(role: role, version: Version.text)
  }
}
