private import Documents
private import Operations
private import Storefront
private import Terminal

/// From the command line to an exit code: 0 done, 1 failed, 2 usage.
enum Program {
  static func run(_ words: [String]) -> Int32 {
    let arguments: Arguments
    do throws(UsageError) {
      arguments = try Arguments(parsing: words)
    } catch {
      StandardStreams.complain("\(error.description) (see cacheconsole --help)")
      return 2
    }
    switch arguments.command {
    case .help: return StandardStreams.print(HelpText.make()) ? 0 : 1
    case .version: return StandardStreams.print("cacheconsole \(Version.text)") ? 0 : 1
    case .audit(let command): return command.run(ProcessEnvironment.variables())
    case .demoSupervisor(let rest): return DemoSupervisor.run(arguments: rest)
    case .operationRunner: return RunnerProcess.run(wall: Clocks.wall)
    case .demoLoader(let rest): return DemoLoader.run(arguments: rest)
    case .subcommandHelp(let name): return StandardStreams.print(SubcommandHelp.make(name)) ? 0 : 1
    case .subcommand(let call):
      return start(arguments) { startup throws(StartError) in
        try SubcommandRun(startup: startup, call: call).run()
      }
    case .once(let json):
      return start(arguments) { startup throws(StartError) in
        try OnceRun(startup: startup, json: json).run()
      }
    case .console:
      return start(arguments) { startup throws(StartError) in
        try ConsoleRun(startup: startup).run()
      }
    }
  }

  private static func start(
    _ arguments: Arguments, _ body: (Startup) throws(StartError) -> Int32
  ) -> Int32 {
    let environment = ProcessEnvironment.variables()
    do throws(StartError) {
      let configuration: Configuration?
      do throws(DocumentError) {
        configuration = try ConfigurationLoader(
          explicit: arguments.configurationFile, environment: environment
        ).load()
      } catch {
        throw .failed(error.description)
      }
      var sources = IdentitySources.system(environment: environment)
      // A name service can be slow, and nothing else asks for groups.
      if configuration?.roles == nil { sources.groups = { _, _ in [] } }
      return try body(
        Startup(
          arguments: arguments, configuration: configuration,
          passwords: PasswordSources(environment: environment, ask: PasswordPrompt.ask),
          identity: Identity.discover(sources)))
    } catch {
      StandardStreams.complain(error.message)
      return error.exitCode
    }
  }
}
