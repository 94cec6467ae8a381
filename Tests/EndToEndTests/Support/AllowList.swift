import TestKit

@testable import Redis

/// What a viewer's connections may send: the reviewed lists of the product, and what a connection sends
/// by itself while it is made.
enum AllowList {
  /// docs/security.md, "While a connection is made".
  static let handshake: Set<String> = ["auth", "select", "client|setname", "command|info"]

  private static let forms = CommandGate.serverReads + CommandGate.newerReads + CommandGate.keyReads

  /// As in `INFO commandstats`.
  static let names = handshake.union(forms.map(\.statName))

  /// As in `INFO commandstats`: `client|list`.
  static func name(_ words: [String]) -> String { command(words).statName }

  private static func command(_ words: [String]) -> RedisCommand {
    RedisCommand(words.first ?? "", Array(words.dropFirst()))
  }

  /// Those commands that have none of the permitted forms.
  static func strangers(_ commands: [[String]]) -> [[String]] {
    commands.filter { words in
      let command = command(words)
      if handshake.contains(command.statName), command.statName != "command|info" { return false }
      return !forms.contains {
        $0.statName == command.statName && $0.admits(command.arguments)
      }
    }
  }

  /// What the server carried out, or refused, between two looks and should not have been asked.
  static func strangers(
    from before: CommandStatistics, to after: CommandStatistics
  ) -> Set<String> {
    Set(after.calls.filter { before.calls[$0.key] != $0.value }.keys).subtracting(names)
  }
}

/// How often each command was called, as the server counts.
struct CommandStatistics {
  private(set) var calls: [String: String] = [:]

  /// Asks on a connection of the test's own, so that only its `INFO` is counted.
  init(_ connection: RedisConnection) throws {
    let text = try connection.command(["INFO", "commandstats"]).text ?? ""
    for line in text.split(separator: "\r\n") where line.hasPrefix("cmdstat_") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      // Times differ by chance only where calls differ, too: the whole line is compared.
      calls[String(line[..<colon].dropFirst("cmdstat_".count))] = String(line[colon...])
    }
    guard text.hasPrefix("# Commandstats") else {
      throw TestKitError("no commandstats: \(text)")
    }
  }
}
