import ConsoleModel

/// What is asked before an operation is gone on with: what its plan does, whose it is, where it is.
enum TakeOverQuestion {
  static func request(
    _ plan: OperationPlan, _ status: OperationStatus?, _ context: Context
  ) -> Request {
    .confirm(
      title: "take over \(OperationText.title(plan.request, context, limit: 80))",
      lines: lines(plan, status, context), effect: .takeOver(plan))
  }

  private static func lines(
    _ plan: OperationPlan, _ status: OperationStatus?, _ context: Context
  ) -> [String] {
    let request = plan.request
    let servers = request.nodes.map { node in
      let address = plan.preview.shards.first { $0.node == node }?.address
      return context.safe(node.rawValue, limit: 40)
        + (address.map { " (\(context.safe($0, limit: 60)))" } ?? "")
    }
    let author = plan.author
    var lines = [
      OperationText.title(request, context),
      "on \(servers.prefix(20).joined(separator: ", "))"
        + (servers.count > 20 ? " and \(servers.count - 20) more" : ""),
      "planned by \(context.safe("\(author.user)@\(author.host)", limit: 80)):"
        + " \(OperationText.count(plan.preview.keys, isUnicode: context.isUnicode)) keys",
    ]
    if !request.reason.isEmpty {
      lines.append("reason: \(context.safe(request.reason, limit: 200))")
    }
    switch request.action {
    case .warm(.command(let words)):
      lines.append("by the program \(context.safe(words.joined(separator: " "), limit: 200))")
    case .warm(.dump(let path)): lines.append("from the file \(context.safe(path, limit: 200))")
    case .invalidate, .shorten, .adjust, .restore, .slowlogReset, .clientKill: break
    }
    guard let status else { return lines }
    lines.append(
      status.state == .failed
        ? "It failed: \(context.safe(status.note, limit: 200))"
        : "Its runner, \(context.safe(status.runner, limit: 40)), has not been heard of.")
    lines.append(
      "\(OperationText.percent(status.progress)) are done, \(Format.grouped(status.changed)) keys"
        + " changed. A new runner goes on from the last saved place; the old one is fenced off.")
    return lines
  }
}
