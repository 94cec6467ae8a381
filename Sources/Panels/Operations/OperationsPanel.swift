import ConsoleModel
import Terminal

/// Operations of all consoles of the environment: running, waiting, failed, done.
struct OperationsPanel: Panel {
  static let contexts: [[Scope]] = [[.operations, .table], [.operations, .pager]]
  let id = PanelID.operations

  private var table = Table<OperationStatus, String>(
    columns: OperationColumns.all, identify: { $0.id },
    filterText: {
      "\($0.id) \($0.title) \($0.state.rawValue) \($0.author.user) \($0.reason) \($0.note) \($0.verdict?.text ?? "")"
    })
  /// The operation whose details are open.
  private var opened: String?
  private var sheet = FactSheet()
  private var problems: [String] = []
  private var isRead = false

  var scopes: [Scope] { opened == nil ? [.operations, .table] : [.operations, .pager] }
  var isInDetail: Bool { opened != nil }
  var filter: String { opened == nil ? table.filter : "" }

  mutating func setFilter(_ text: String, in context: Context) {
    if opened == nil { table.setFilter(text) }
  }

  /// The one that keys act on.
  var operationAtHand: OperationStatus? {
    guard let opened else { return table.selected }
    return table.first(where: { $0.id == opened })
  }

  mutating func refresh(_ context: Context) {
    isRead = context.operations != nil
    problems = context.operations?.problems ?? []
    table.setRows(context.operations?.operations ?? [])
    guard opened != nil, let status = operationAtHand else { return }
    sheet.set(OperationFacts.of(status, context), context, in: sheetArea(context.body))
  }

  mutating func reset() { self = OperationsPanel() }

  // MARK: Actions

  mutating func perform(
    _ action: ActionID, argument: String?, in context: Context
  ) -> [Request] {
    switch action {
    case .pauseOperation, .abortOperation, .takeOver:
      guard let status = operationAtHand else {
        return [.toast(Toast(.information, "no operation is selected"))]
      }
      return control(status, action, context)
    case .dismissOperation:
      guard let status = operationAtHand else {
        return [.toast(Toast(.information, "no operation is selected"))]
      }
      return dismiss(status, argument ?? "", context)
    case .open:
      guard opened == nil, let status = table.selected else { return [] }
      opened = status.id
      sheet = FactSheet()
      refresh(context)
    default:
      if opened != nil {
        _ = sheet.perform(action, in: sheetArea(context.body))
      } else {
        _ = table.perform(action, in: listArea(context.body))
      }
    }
    return []
  }

  private func control(
    _ status: OperationStatus, _ action: ActionID, _ context: Context
  ) -> [Request] {
    let title = context.safe(status.title, limit: 60)
    func refuse(_ why: String) -> [Request] { [.toast(Toast(.warning, "\(title): \(why)"))] }
    // What has failed can be gone on with.
    let isOver = action == .takeOver ? status.state.isFinal : status.state.isOver
    if isOver { return refuse("it is over") }
    switch action {
    case .pauseOperation:
      if status.state == .orphaned { return refuse("its runner is gone: T takes it over") }
      let control: OperationControl = status.state == .paused ? .run : .pause
      let word = control == .run ? "goes on" : "is told to pause"
      return [
        .effect(.control(operation: status.id, control)),
        .toast(Toast(.information, "\(title) \(word)")),
      ]
    case .abortOperation:
      return [
        .confirm(
          title: "abort \(title)",
          lines: [
            "\(Format.grouped(status.changed)) keys have been changed and stay so; the rest is left as it is.",
            "By \(context.safe(status.author.user, limit: 30)), for all consoles.",
          ], effect: .control(operation: status.id, .abort))
      ]
    default:
      guard status.state == .orphaned || status.state == .failed else {
        return refuse("its runner is alive")
      }
      // The question shows the plan itself: a status says of itself what it likes.
      return [
        .effect(.examine(operation: status.id)),
        .toast(Toast(.information, "reading the plan of \(title)")),
      ]
    }
  }

  private func dismiss(
    _ status: OperationStatus, _ reason: String, _ context: Context
  ) -> [Request] {
    let title = context.safe(status.title, limit: 60)
    let isTyped = reason.contains { !$0.isWhitespace }
    switch status.state {
    case .done: break
    case .starting, .running, .paused, .verifying:
      return [.toast(Toast(.warning, "\(title): it is at work, A aborts it"))]
    case .failed, .aborted, .orphaned, .partial:
      guard isTyped else {
        return [
          .toast(Toast(.warning, "\(title) was not done. Why is it given up? :dismiss REASON"))
        ]
      }
    }
    return [
      .effect(.dismiss(operation: status.id, reason: reason)),
      .toast(Toast(.information, "\(title) is taken out of the list")),
    ]
  }

  mutating func back(in context: Context) -> Bool {
    guard opened != nil else { return false }
    opened = nil
    return true
  }

  mutating func mouse(_ event: MouseEvent, in context: Context) -> [Request] {
    if opened != nil {
      sheet.mouse(event, in: sheetArea(context.body))
      return []
    }
    return table.mouse(event, in: listArea(context.body)) ? [.perform(.open)] : []
  }

  // MARK: Drawing

  private func listArea(_ area: Rect) -> Rect {
    area.splitTop(min(problems.count, area.headLines)).rest
  }

  private func sheetArea(_ area: Rect) -> Rect { area.splitTop(1).rest }

  func draw(_ context: Context, in area: Rect, into grid: inout CellGrid) {
    if opened != nil {
      guard let status = operationAtHand else {
        grid.put("the operation is not listed any more", x: 1, y: 0, in: area, style: Style(.dim))
        return
      }
      grid.put([Span(context.safe(status.title, limit: 200), .title, .bold)], x: 1, y: 0, in: area)
      sheet.draw(context, in: sheetArea(area), into: &grid)
      return
    }
    Problems.draw(problems, context, in: area, into: &grid)
    table.draw(
      context, in: listArea(area), into: &grid,
      empty: isRead ? "nothing has been operated on" : "operations were not read yet")
  }
}

/// What is wrong with the records, above their list.
enum Problems {
  static func draw(
    _ problems: [String], _ context: Context, in area: Rect, into grid: inout CellGrid
  ) {
    let rows = min(problems.count, area.headLines)
    for (y, problem) in problems.prefix(rows).enumerated() {
      // On the last line the rest is counted.
      let more = y == rows - 1 && problems.count > rows ? " +\(problems.count - rows)" : ""
      let sign = context.isUnicode ? "✖ " : "x "
      grid.put(
        [
          Span(
            sign + context.safe(problem, limit: max(1, area.width - 4 - more.utf8.count)),
            .critical, .bold), Span(more, .mark),
        ], x: 1, y: y, in: area)
    }
  }
}
