/// The text of `--help`, made from the options.
package enum HelpText {
  package static func make() -> String {
    let left = Option.allCases.map { option in
      option.takesValue ? "\(option.rawValue) \(option.valueName)" : option.rawValue
    }
    let width = (left.map(\.count).max() ?? 0) + 2
    let options = zip(Option.allCases, left).map { option, name in
      "  " + name + String(repeating: " ", count: width - name.count) + option.explanation
    }
    return """
      cacheconsole: a terminal operations console for multi-tier caches

      usage: cacheconsole [--redis URL]... [--env NAME] [--demo] [--read-only] [--once [--json]] ...
             cacheconsole --sentinel HOST:PORT... --master NAME ...
             cacheconsole audit [--verify] [--json] [--limit N]
             cacheconsole SUBCOMMAND ...

      \(options.joined(separator: "\n"))

      Subcommands, each with --help:
      \(SubcommandHelp.list())

      Without servers and without a configuration the demo opens. Passwords come from the
      environment (CACHECONSOLE_PASSWORD, REDISCLI_AUTH; CACHECONSOLE_SENTINEL_PASSWORD for
      Sentinels), a file or a prompt, never from the command line. Configuration:
      $XDG_CONFIG_HOME/cacheconsole/config.json5 and /etc/cacheconsole/config.json5. Keys: press ?
      on the screen.
      Exit codes: 0 done, 1 failed, 2 usage.
      """
  }
}

/// The version, in one place.
package enum Version {
  package static let text = "0.1.0"
}
