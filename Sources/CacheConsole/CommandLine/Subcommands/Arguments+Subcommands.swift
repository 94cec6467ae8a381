internal import ConsoleModel
private import Documents

extension Arguments {
  /// True for a first word that is a subcommand, or was meant to be one.
  static func subcommand(_ word: String?) throws(UsageError) -> SubcommandName? {
    guard let word, !word.hasPrefix("-") else { return nil }
    if let name = SubcommandName(rawValue: word) { return name }
    let names = SubcommandName.allCases.map(\.rawValue) + [AuditCommand.name]
    guard let hint = Suggestion.closest(to: word, in: names) else { return nil }
    throw UsageError(
      "there is no subcommand '\(Printable.line(word, limit: 60))'; did you mean \(hint)?")
  }

  /// - Parameter words: those after the subcommand.
  init(_ name: SubcommandName, parsing words: [String]) throws(UsageError) {
    self.init()
    // Before anything else can be wrong.
    if words.prefix(while: { $0 != "--" }).contains("--help") {
      command = .subcommandHelp(name)
      return
    }
    let words = try SubcommandWords(words, of: name)
    redisURLs = words.all("--redis")
    sentinels = words.all("--sentinel")
    master = words.value("--master")
    sentinelPasswordFile = words.value("--sentinel-auth")
    environment = words.value("--env")
    configurationFile = words.value("--config")
    passwordFile = words.value("--password-file")
    asksPassword = words.has("--ask-password")
    tls.cacert = words.value("--cacert")
    tls.cert = words.value("--cert")
    tls.key = words.value("--key")
    tls.servername = words.value("--servername")
    tls.insecure = words.has("--tls-insecure")
    isReadOnly = words.has("--read-only")
    if let text = words.value("--role") { role = try Self.role(text) }
    guard environment == nil || redisURLs.isEmpty else {
      throw UsageError("--env and --redis exclude each other: an environment names its servers")
    }
    try checkSentinels()
    try checkPasswords()
    try checkTLS()
    var maps: [(from: String, to: String)] = []
    for text in words.all("--map") { maps.append(try Self.map(text)) }
    guard maps.isEmpty || !sentinels.isEmpty else {
      throw UsageError(
        "--map goes with --sentinel: no other server is found by what others announce")
    }
    try setAddresses(maps)
    command = .subcommand(
      SubcommandCall(subcommand: try Subcommand(words), options: try ActionOptions(words)))
  }
}

extension ActionOptions {
  init(_ words: SubcommandWords) throws(UsageError) {
    self.init()
    nodes = words.all("--node")
    isDryRun = words.has("--dry-run")
    json = words.has("--json")
    isConfirmed = words.has("--yes")
    reason = try words.line("--reason") ?? ""
    confirmation = try words.line("--confirm")
    detaches = words.has("--detach")
    isBreakGlass = words.has("--break-glass")
    if confirmation != nil, !isConfirmed {
      throw UsageError("--confirm TEXT goes with --yes")
    }
    if isDryRun, detaches { throw UsageError("--dry-run starts nothing: leave out --detach") }
  }
}
