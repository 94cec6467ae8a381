import ConsoleModel
import Terminal

extension Model {
  mutating func handle(_ event: InputEvent) -> [Effect] {
    switch event {
    case .resize(let columns, let rows):
      context.columns = min(max(1, columns), CellGrid.maximumColumns)
      context.rows = min(max(1, rows), CellGrid.maximumRows)
      refreshActive()
      return []
    case .paste(let bytes):
      // Never keys: text inputs take it, everything else, dialogs above all, ignores it.
      guard dialog == nil, input != nil else { return [] }
      input?.paste(bytes)
      return inputChanged()
    case .mouse(let mouse): return handle(mouse)
    case .key(let key):
      // These are the terminal's, whatever is open.
      if key == .control("z") { return perform(.suspend) }
      if key == .control("l") { return perform(.redraw) }
      if Frame(context).isTooSmall {
        // Nothing can be seen: nothing can be done but leave.
        return key == .character("q") || key == .control("c") ? perform(.quit) : []
      }
      if dialog != nil { return handleDialog(key) }
      if input != nil { return handleInput(key) }
      guard let action = Action.forKey(key, in: scopes) else { return [] }
      lastKey = key
      defer { lastKey = nil }
      return perform(action.id)
    }
  }

  private mutating func handle(_ mouse: MouseEvent) -> [Effect] {
    guard dialog == nil, input == nil, !Frame(context).isTooSmall else { return [] }
    let frame = Frame(context)
    if mouse.kind == .press || mouse.kind == .doublePress,
      frame.tabs.contains(x: mouse.x, y: mouse.y)
    {
      if let id = TabBar.hit(x: mouse.x, self, in: frame.tabs) { return perform(id.action) }
      return []
    }
    guard frame.body.contains(x: mouse.x, y: mouse.y) else { return [] }
    return run(
      withPanel(active) { panel, context in panel.mouse(mouse, in: context) } ?? [])
  }

  // MARK: Dialog

  private mutating func handleDialog(_ key: Key) -> [Effect] {
    guard var open = dialog else { return [] }
    let view = DialogView(open, context)
    let outcome = open.take(
      key, now: context.now, wall: context.wall, page: view.page, lines: view.lines)
    dialog = open
    switch outcome {
    case .stay: return []
    case .copy(let text):
      say(.information, "copied the commands")
      return [.copy(text)]
    case .planAgain:
      guard let request = open.request else { return [] }
      dialog?.planAgain(now: context.now)
      return [.cancelPlan, .plan(request)]
    case .cancel:
      say(.information, "cancelled: nothing was changed")
      return (open.request == nil ? [] : [.cancelPlan]) + closeDialog()
    case .confirm(let effect):
      // Checked again here: nothing that was refused becomes possible by a dialog.
      if context.access.isReadOnly, effect.isChange {
        say(.warning, "read-only: \(context.access.reason)")
        return [.cancelPlan] + closeDialog()
      }
      confirmed(effect)
      return [effect] + closeDialog()
    }
  }

  // MARK: Text input

  private mutating func handleInput(_ key: Key) -> [Effect] {
    guard var line = input else { return [] }
    switch line.take(key, history: history, model: self) {
    case .stay:
      input = line
      return inputChanged()
    case .cancel:
      input = nil
      if line.kind == .filter {
        _ = withPanel(active) { panel, context in panel.setFilter("", in: context) }
      }
      return []
    case .submit(let text):
      input = nil
      switch line.kind {
      case .filter: return []
      case .prompt(_, let action): return perform(action, argument: text)
      case .command:
        remember(text)
        return runCommand(text)
      }
    }
  }

  /// A filter works while it is typed.
  private mutating func inputChanged() -> [Effect] {
    if let input, input.kind == .filter {
      let text = input.field.text
      _ = withPanel(active) { panel, context in panel.setFilter(text, in: context) }
    }
    return []
  }

  private mutating func remember(_ text: String) {
    guard !text.isEmpty, history.last != text else { return }
    history.append(text)
    if history.count > 100 { history.removeFirst() }
  }

  private mutating func runCommand(_ text: String) -> [Effect] {
    switch CommandParser.parse(text) {
    case .empty: return []
    case .action(let id, let argument): return perform(id, argument: argument)
    case .error(let message):
      say(.warning, message)
      return []
    }
  }
}
