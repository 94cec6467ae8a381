extension RedisError {
  /// What a server's error reply means and what to do about it.
  ///
  /// `text` is the reply without its minus sign, already safe to draw.
  static func server(
    _ text: String, endpoint: String, action: String, command: String = ""
  ) -> RedisError {
    func error(_ kind: Kind, _ message: String, _ nextStep: String = "") -> RedisError {
      RedisError(
        kind: kind, endpoint: endpoint, action: action, message: message, nextStep: nextStep)
    }
    let code = text.prefix { $0 != " " }
    switch code {
    case "NOAUTH":
      return error(
        .auth, "a password is needed",
        "set CACHECONSOLE_PASSWORD, or use --ask-password or password_file in the configuration")
    case "WRONGPASS":
      return error(
        .auth, "the user or the password is wrong", "check CACHECONSOLE_PASSWORD and the user name")
    case "NOPERM":
      let what = command.isEmpty ? "" : " " + commandText(command)
      return error(
        .denied, "the server's ACL does not permit it: " + text,
        "grant" + (what.isEmpty ? " it" : " +" + command) + " to the user")
    case "DENIED":
      return error(
        .denied, "the server is in protected mode and takes local connections only",
        "give it a password or bind it to a local address")
    case "LOADING":
      return error(.server, "the server is loading its data", "wait until it has finished")
    case "BUSY":
      return error(.server, "the server is busy running a script", "wait, or stop the script")
    case "MASTERDOWN":
      return error(.server, "the replica has lost its primary and refuses stale reads")
    case "CLUSTERDOWN":
      return error(.server, "the cluster is down: " + text)
    case "MOVED", "ASK":
      return error(
        .unsupported, "the key is on another node: " + text, "connect to that node")
    case "READONLY":
      return error(.denied, "the server is a read-only replica", "connect to the primary")
    default:
      break
    }
    let lower = text.lowercased()
    if lower.hasPrefix("err unknown command") || lower.hasPrefix("err unknown subcommand")
      || lower.hasPrefix("err unknown or disabled command")
    {
      let name = command.isEmpty ? "the command" : commandText(command)
      return error(.unsupported, "the server does not know " + name)
    }
    if lower.hasPrefix("err max number of clients") {
      return error(
        .limit, "the server takes no more connections (maxclients reached)",
        "close idle clients or raise maxclients")
    }
    if lower.hasPrefix("err invalid password") {
      return error(.auth, "the password is wrong", "check CACHECONSOLE_PASSWORD")
    }
    if lower.hasPrefix("err wrong number of arguments for 'auth'") {
      return error(
        .unsupported, "the server knows no users (it is older than Redis 6)",
        "leave the user name out")
    }
    if lower.hasPrefix("err db index is out of range") || lower.hasPrefix("err invalid db index") {
      return error(.server, "the database does not exist on this server", "use a lower number")
    }
    return error(.server, text.isEmpty ? "the server sent an empty error" : text)
  }

  /// `CLIENT LIST` of `client|list`.
  static func commandText(_ statName: String) -> String {
    PlainText.safe(
      statName.uppercased().utf8.map { $0 == UInt8(ascii: "|") ? 0x20 : $0 }, limit: 60)
  }

  /// True if the server refuses the command to this user whatever its arguments are: it does not know it, or
  /// its ACL does not permit it. (A key that the ACL does not permit says nothing about other keys.)
  static func refusesCommand(_ text: String) -> Bool {
    let lower = text.lowercased()
    return lower.hasPrefix("err unknown command") || lower.hasPrefix("err unknown subcommand")
      || lower.hasPrefix("err unknown or disabled command")
      || lower.hasPrefix("noperm") && lower.contains("no permissions to run the")
  }

  /// True for errors that say that the command was refused before it ran: the server counts it in
  /// `rejected_calls`, not in `calls`.
  static func isRejection(_ text: String) -> Bool {
    let codes = [
      "NOAUTH", "NOPERM", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "MOVED", "ASK",
      "READONLY", "OOM", "MISCONF", "NOREPLICAS", "DENIED",
    ]
    if codes.contains(String(text.prefix { $0 != " " })) { return true }
    let lower = text.lowercased()
    return lower.hasPrefix("err unknown command") || lower.hasPrefix("err unknown subcommand '")
      || lower.hasPrefix("err unknown or disabled command")
      || lower.hasPrefix("err wrong number of arguments")
  }
}
