package import ConsoleModel

extension SubcommandCall {
  /// The request that is planned; nil for what is not planned (`inspect`, `operations`, `hot`).
  ///
  /// - Parameters:
  ///   - nodes: the servers that are meant (`ActionOptions.nodes(of:)`).
  ///   - loader: the environment's; empty: it has none.
  ///   - folder: the current one, for relative paths: the run has another.
  ///   - readKeys: reads a list.
  package func request(
    nodes: [NodeID], loader: [String], folder: String,
    readKeys: (String) throws(StartError) -> [KeyName] = KeyListFile.keys
  ) throws(StartError) -> OperationRequest? {
    func target(_ keys: Subcommand.Keys) throws(StartError) -> OperationRequest.Target {
      switch keys {
      case .named(let keys): return .keys(keys)
      case .pattern(let glob): return .pattern(glob)
      case .list(let path): return .keys(try readKeys(path))
      }
    }
    var request: OperationRequest
    switch subcommand {
    case .invalidate(let keys, let soft, let sessions, let keepsCopy, let copiesGuarded, let pace):
      let action: OperationRequest.Action =
        if let soft { .shorten(seconds: soft) } else { .invalidate }
      request = OperationRequest(
        action, try target(keys), nodes: nodes, includesSessions: sessions, keepsCopy: keepsCopy,
        copiesGuarded: copiesGuarded, pace: pace)
    case .ttl(let keys, let seconds):
      request = OperationRequest(.adjust(seconds: seconds), .keys(keys), nodes: nodes)
    case .warm(.dump(let path), _, let pace):
      let full = path.hasPrefix("/") ? path : "\(folder)/\(path)"
      request = OperationRequest(.warm(.dump(path: full)), .server, nodes: nodes, pace: pace)
    case .warm(.program(let words), let keys, let pace):
      let program = try Self.program(words ?? loader, folder)
      let wanted: OperationRequest.Target = if let keys { try target(keys) } else { .server }
      request = OperationRequest(.warm(.command(program)), wanted, nodes: nodes, pace: pace)
    case .undo(let operation):
      request = OperationRequest(.restore(operation: operation), .keys([]), nodes: nodes)
    case .slowlogReset: request = OperationRequest(.slowlogReset, .server, nodes: nodes)
    case .clientKill(let id):
      // Each server counts its clients for itself.
      guard nodes.count == 1 else {
        throw .usage(
          "client-kill: an ID is one server's; say which with --node NAME"
            + " (\(Printable.line(nodes.map(\.rawValue).joined(separator: ", "))))")
      }
      request = OperationRequest(.clientKill(id: id), .server, nodes: nodes)
    case .inspect, .operations, .hot, .keyspace: return nil
    }
    request.reason = options.reason
    return request
  }

  private static func program(
    _ words: [String], _ folder: String
  ) throws(StartError) -> [String] {
    guard let first = words.first else {
      throw .usage(
        "warm: this environment has no loader: set 'loader' in its configuration, or give --command"
      )
    }
    guard first.contains("/"), !first.hasPrefix("/") else { return words }
    return ["\(folder)/\(first)"] + words.dropFirst()
  }
}
