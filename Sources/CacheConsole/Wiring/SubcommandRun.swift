import ConsoleModel

/// Carries out one subcommand.
struct SubcommandRun {
  let startup: Startup
  let call: SubcommandCall

  func run() throws(StartError) -> Int32 {
    let plan: EnvironmentPlan? =
      if case .servers(let plan) = try startup.target() { plan } else { nil }
    if let refusal = call.refusal(startup.access(plan)) { throw .failed(refusal) }
    throw .failed("\(call.subcommand.name.rawValue): not carried out by this version")
  }
}
