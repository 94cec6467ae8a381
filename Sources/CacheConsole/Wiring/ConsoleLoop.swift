import ConsoleModel
import EventLoop
import Glibc
import Panels
import Terminal

/// The one loop that owns the screen: input, mail and time in, at most one paint out.
///
/// It never waits for a server: backends post into the mailbox, which wakes the `poll`.
final class ConsoleLoop {
  enum End: Sendable {
    case quit
    case ended(Screen.End)
    case failed(String)
  }

  let startup: Startup
  let screen: Screen
  let mailbox: Mailbox
  let loop: EventLoop
  let themes: ThemeFiles
  var theme: Theme
  var model: Model
  var session: Session?
  var identities: IdentityKeeper
  private var end: End?
  private let target: Startup.Target
  private var lastPaint = MonotonicTime(nanoseconds: 0)
  private var nextTick = MonotonicTime(nanoseconds: 0)
  private var isDirty = true
  private var pace = ConsoleLoop.calm

  /// Seconds between two paints that nobody asked for: what several servers and the clock say within
  /// a quarter of a second becomes one frame, which a slow line and a tired eye are grateful for.
  private static let calm = 0.27
  /// Seconds between two paints while answers to the user's own requests come in.
  private static let brisk = 0.033

  init(
    startup: Startup, target: Startup.Target, screen: Screen, themes: ThemeFiles, theme: Theme
  ) throws(SystemError) {
    self.startup = startup
    self.target = target
    self.screen = screen
    self.themes = themes
    self.theme = theme
    loop = try EventLoop()
    mailbox = try Mailbox()
    identities = IdentityKeeper(environment: startup.passwords.environment)
    let identity: EnvironmentIdentity
    let access: Access
    switch target {
    case .demo: (identity, access) = (Startup.demo, startup.access(nil))
    case .servers(let plan): (identity, access) = (plan.identity, startup.access(plan))
    }
    model = Model(
      context: Context(
        environment: identity, access: access, capabilities: screen.capabilities,
        columns: screen.columns, rows: screen.rows, interval: startup.interval,
        now: Clocks.monotonic(), environments: startup.environments, theme: theme.name,
        themes: themes.names()))
  }

  func run() -> End {
    tick(Clocks.monotonic())
    paint()
    do throws(SystemError) {
      try loop.start()
    } catch {
      return .failed("\(error)")
    }
    open(target)
    while end == nil {
      wait()
      let now = Clocks.monotonic()
      // Keys first: what the person does is never behind what the servers say.
      var hasInput = false
      for event in screen.events() {
        hasInput = true
        apply(.input(event), now)
      }
      if let lost = screen.end { end = end ?? .ended(lost) }
      for message in mailbox.take() {
        switch message {
        case .snapshot(let snapshot): identities.check(snapshot, mailbox)
        case .notice, .operations, .accessChanged: break
        default: pace = Self.brisk
        }
        apply(message, now)
      }
      session?.pollDemo()
      if now >= nextTick { tick(now) }
      if isDirty, end == nil, hasInput || now.seconds(since: lastPaint) >= pace { paint() }
    }
    session?.close()
    return end ?? .quit
  }

  // MARK: Steps

  private func wait() {
    let now = Clocks.monotonic()
    var due = nextTick.seconds(since: now)
    if isDirty { due = min(due, pace - now.seconds(since: lastPaint)) }
    var watched = [
      pollfd(fd: screen.inputDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: screen.signalDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: mailbox.wakeup.fileDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: session?.demoDescriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    let milliseconds = Int32(max(0, min(60_000, (due * 1000).rounded(.up))))
    // An interrupted wait is only a short one.
    _ = unsafe poll(&watched, nfds_t(watched.count), milliseconds)
  }

  private func tick(_ now: MonotonicTime) {
    let wall = Clocks.wall()
    let zone = Clocks.zone(at: wall)
    apply(.tick(now, wall, utcOffsetSeconds: zone.offsetSeconds, zone: zone.name), now)
    // The next full second, so that the clock in the header does not drift.
    let rest = 1 - Double(wall.microseconds % 1_000_000) / 1e6
    nextTick = now.advanced(bySeconds: max(0.001, rest))
  }

  private func paint() {
    screen.paint(render(model), theme: theme)
    lastPaint = Clocks.monotonic()
    isDirty = false
    pace = Self.calm
  }

  func apply(_ message: Message, _ now: MonotonicTime = Clocks.monotonic()) {
    isDirty = true
    for effect in model.update(message, now: now) { perform(effect) }
  }

  func finish(_ reason: End) { end = end ?? reason }
}
