import ConsoleModel
import Terminal

/// Closing a connection, as an operation.
enum ClientKill {
  /// - Parameter client: what the list says about it; nil: it is not among the heaviest.
  static func requests(
    _ id: UInt64, _ client: ClientReport.Client?, on node: NodeID, _ context: Context
  ) -> [Request] {
    if client?.isOwn == true {
      return [.toast(Toast(.warning, "kill: this is the console's own connection"))]
    }
    var notes = ["The client loses its connection; most clients open another at once."]
    if let client {
      let name = client.name.isEmpty ? "without a name" : context.safe(client.name, limit: 40)
      notes.insert(
        "\(context.safe(client.address, limit: 60)), \(name), user \(context.safe(client.user, limit: 30)), last command \(context.safe(client.command, limit: 30))",
        at: 0)
    } else {
      notes.insert("The client is not among those that are listed.", at: 0)
    }
    return [.plan(OperationRequest(.clientKill(id: id), .server, nodes: [node]), notes: notes)]
  }
}
