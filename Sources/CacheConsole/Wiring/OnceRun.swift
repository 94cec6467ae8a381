struct OnceRun {
  let startup: Startup
  let json: Bool
  func run() throws(StartError) -> Int32 { 1 }
}
