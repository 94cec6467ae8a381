private import ConsoleModel

/// The texts of `cacheconsole SUBCOMMAND --help` and of the list in `--help`.
package enum SubcommandHelp {
  package static func make(_ name: SubcommandName) -> String {
    var parts = [
      "cacheconsole \(name.rawValue): \(name.summary)",
      name.usage.enumerated().map { index, form in
        (index == 0 ? "usage: " : "       ") + "cacheconsole \(form)"
      }.joined(separator: "\n"),
    ]
    for (title, options) in [
      ("", name.ownOptions), ("Confirming and running:", name.isPlanned ? OptionSpec.acting : []),
      ("Servers:", name.connectionOptions),
    ] where !options.isEmpty {
      parts.append((title.isEmpty ? "" : title + "\n") + table(options))
    }
    if name.reach == .change {
      parts.append(
        name == .operations ? "Viewers may list." : "Viewers are refused.")
    }
    if name == .invalidate || name == .warm {
      parts.append(
        """
        A list has one key a line; \\t \\n \\r \\\\ and \\xHH stand for bytes that cannot stand for
        themselves. A key on the command line is taken as it is.
        """)
    }
    parts.append("Exit codes: 0 done, 1 failed, 2 usage.")
    return parts.joined(separator: "\n\n")
  }

  /// Every subcommand in one line.
  static func list() -> String {
    let width = (SubcommandName.allCases.map(\.rawValue.count).max() ?? 0) + 2
    return SubcommandName.allCases.map {
      "  " + padded($0.rawValue, width) + $0.summary
    }.joined(separator: "\n")
  }

  private static func table(_ options: [OptionSpec]) -> String {
    let width = (OptionSpec.connection + OptionSpec.acting + options).map(\.label.count).max() ?? 0
    return options.map { "  " + padded($0.label, width + 2) + $0.explanation }
      .joined(separator: "\n")
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
