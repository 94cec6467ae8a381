import ConsoleModel
import Terminal

/// One key under the glass: what is known of it, its value a page at a time, and its name exactly.
///
/// Asks for one page at a time and drops answers to what is no longer asked. Personal data stays
/// masked until its own action reveals it, and is forgotten as soon as it is masked again.
struct KeyInspector: Sendable {
  let node: NodeID
  let key: KeyName
  /// Answers with another id are stale.
  private(set) var requestID: UInt64
  private(set) var trail = PageTrail()
  private(set) var page: KeyInspection?
  /// When the page on screen arrived: its time to live runs from here.
  private(set) var arrived = MonotonicTime(nanoseconds: 0)
  /// When the page that is awaited was asked for.
  private(set) var asked: MonotonicTime?
  private(set) var content = Content.none
  /// The key's own bytes, while they are on screen.
  private(set) var name: ByteViewer?
  private(set) var reveals: Bool
  private var preferred: ByteMode?

  enum Content: Sendable {
    case none
    case bytes(ByteViewer)
    case elements(ElementList)
  }

  /// - Parameter requestID: of the first page's request, which `firstRequest` is.
  init(node: NodeID, key: KeyName, requestID: UInt64, reveals: Bool, now: MonotonicTime) {
    self.node = node
    self.key = key
    self.requestID = requestID
    self.reveals = reveals
    asked = now
  }

  var request: KeyInspectionRequest {
    KeyInspectionRequest(
      id: requestID, node: node, key: key, page: trail.current, reveal: reveals)
  }

  var scopes: [Scope] {
    if name != nil { return [.bytes, .keyValue, .pager] }
    switch content {
    case .none: return [.keyValue, .pager]
    case .bytes: return [.bytes, .keyValue, .pager]
    case .elements(let list):
      return list.isOpen ? [.bytes, .keyValue, .pager] : [.keyValue, .elements, .table]
    }
  }

  /// Every value of `scopes`.
  static let contexts: [[Scope]] = [
    [.keyValue, .pager], [.bytes, .keyValue, .pager], [.keyValue, .elements, .table],
  ]

  // MARK: Answers

  mutating func receive(_ inspection: KeyInspection, _ context: Context, in area: Rect) {
    guard inspection.id == requestID, inspection.summary.key == key else { return }
    asked = nil
    arrived = context.now
    page = inspection
    // What was not asked for in the clear is never kept, whatever was sent.
    if inspection.summary.isPersonal, !reveals { page?.value = .masked }
    let form = RowForm(width: area.indented.width, isUnicode: context.isUnicode)
    guard let page, page.fault == nil else {
      content = .none
      return
    }
    if case .string(let bytes) = page.value {
      let base: UInt64 = if case .offset(let offset) = page.page { offset } else { 0 }
      content = .bytes(
        ByteViewer(
          bytes, base: base, total: page.length, goesOn: page.nextPage != nil,
          preferred: preferred, form: form))
    } else if let elements = ValueElements(page.value, first: trail.before) {
      content = .elements(
        ElementList(
          count: elements.count, labelTitle: elements.labelTitle,
          contentTitle: elements.bytesTitle
        ) { elements[$0]?.element })
    } else {
      content = .none
    }
  }

  /// Forgets what was shown in the clear and asks for the masked page.
  mutating func mask(requestID: UInt64, now: MonotonicTime) {
    reveals = false
    forgetPage()
    ask(requestID, now)
  }

  mutating func reveal(requestID: UInt64, now: MonotonicTime) {
    reveals = true
    ask(requestID, now)
  }

  /// The present page once more, from the server.
  mutating func readAgain(requestID: UInt64, now: MonotonicTime) { ask(requestID, now) }

  private mutating func forgetPage() {
    page?.value = .masked
    content = .none
  }

  private mutating func ask(_ id: UInt64, _ now: MonotonicTime) {
    requestID = id
    asked = now
  }

  // MARK: Keys

  /// What a key led to, beyond a change of what is shown.
  enum Step: Sendable, Hashable {
    case done, ignored
    /// `request` has to be sent.
    case asks
    case says(String)
  }

  mutating func perform(
    _ action: ActionID, nextID: UInt64, _ context: Context, in area: Rect
  ) -> Step {
    let inner = contentArea(context, area)
    if action == .exactName, !isElementSelected {
      name =
        name == nil
        ? ByteViewer(
          key.bytes, form: RowForm(width: area.indented.width, isUnicode: context.isUnicode)) : nil
      return .done
    }
    if var viewer = name {
      let outcome = viewer.perform(action, in: inner.indented)
      name = viewer
      return outcome == .ignored ? .ignored : .done
    }
    let outcome: ViewerOutcome
    switch content {
    case .bytes(var viewer):
      outcome = viewer.perform(action, in: inner.indented)
      if action == .viewMode { preferred = viewer.mode }
      content = .bytes(viewer)
    case .elements(var list):
      outcome = list.perform(action, isUnicode: context.isUnicode, in: inner)
      content = .elements(list)
    case .none: outcome = .ignored
    }
    switch outcome {
    case .done: return .done
    case .ignored: return .ignored
    case .wantsNext: return nextPage(nextID, context.now)
    case .wantsPrevious: return previousPage(nextID, context.now)
    }
  }

  /// `e` on a selected part shows that part's name, not the key's.
  private var isElementSelected: Bool {
    if case .elements(let list) = content, !list.isOpen, name == nil { return list.hasLabels }
    return false
  }

  private mutating func nextPage(_ id: UInt64, _ now: MonotonicTime) -> Step {
    if asked != nil { return .says("the page is being read") }
    guard let page else { return .done }
    guard let next = page.nextPage else { return .says("this is the last page") }
    trail.advance(to: next, past: page.value.pageCount)
    ask(id, now)
    return .asks
  }

  private mutating func previousPage(_ id: UInt64, _ now: MonotonicTime) -> Step {
    if asked != nil { return .says("the page is being read") }
    guard trail.back() else { return .says("this is the first page") }
    ask(id, now)
    return .asks
  }

  /// Leaves the key's name or an open part; false where only the value is shown.
  mutating func back() -> Bool {
    if name != nil {
      name = nil
      return true
    }
    if case .elements(var list) = content, list.back() {
      content = .elements(list)
      return true
    }
    return false
  }

  var filter: String {
    if name == nil, case .elements(let list) = content { return list.filter }
    return ""
  }

  mutating func setFilter(_ text: String) {
    guard case .elements(var list) = content else { return }
    list.setFilter(text)
    content = .elements(list)
  }

  mutating func mouse(_ event: MouseEvent, _ context: Context, in area: Rect) {
    let inner = contentArea(context, area)
    let step = event.kind == .scrollUp ? -3 : event.kind == .scrollDown ? 3 : 0
    if var viewer = name {
      viewer.scroll(step, in: inner.indented)
      name = viewer
      return
    }
    switch content {
    case .bytes(var viewer):
      viewer.scroll(step, in: inner.indented)
      content = .bytes(viewer)
    case .elements(var list):
      list.mouse(event, isUnicode: context.isUnicode, in: inner)
      content = .elements(list)
    case .none: break
    }
  }

  mutating func fit(_ context: Context, in area: Rect) {
    let form = RowForm(width: area.indented.width, isUnicode: context.isUnicode)
    name?.fit(form)
    switch content {
    case .bytes(var viewer):
      viewer.fit(form)
      content = .bytes(viewer)
    case .elements(var list):
      list.fit(form)
      content = .elements(list)
    case .none: break
    }
  }
}

extension ValueElements.Row {
  var element: ElementRow {
    ElementRow(label: label, content: isHeading ? .heading : .bytes(bytes), isNested: isNested)
  }
}
