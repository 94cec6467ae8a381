package import ConsoleModel
package import Terminal

/// What every panel may see: the world as of this frame, without any panel's own state.
///
/// `update` fills it, `draw` only reads it; neither asks a clock or a server.
package struct Context: Sendable {
  /// nil until the first collector has answered.
  package var snapshot: Snapshot?
  package var now: MonotonicTime
  package var wall: WallTime
  /// When `wall` was read: what ties civil times to the monotonic clock.
  package var wallTaken: MonotonicTime
  package var utcOffsetSeconds: Int
  /// Abbreviation of the local zone, as the header shows it.
  package var zone: String
  package var environment: EnvironmentIdentity
  /// Every environment that `:env` can switch to.
  package var environments: [EnvironmentIdentity]
  package var access: Access
  package var capabilities: Capabilities
  /// Signs that the terminal's font has.
  package var glyphs: Glyphs
  package var columns: Int
  package var rows: Int
  /// Seconds between two polls.
  package var interval: Double
  package var isPaused = false
  /// Personal data is shown in the clear; only ever true with `access.mayReveal`.
  package var isRevealed = false
  package var theme: String
  package var themes: [String]
  /// The server that node-wise panels look at; nil: all, or the first where one is needed.
  package var node: NodeID?
  /// Program and arguments that `warm` loads keys with; empty: none is configured.
  package var loader: [String] = []
  /// Operations of all consoles and the audit; nil until they were read.
  package var operations: OperationsReport?
  /// Commands of the plans that were confirmed here, by operation; bounded.
  package var confirmedCommands: [String: [String]] = [:]
  /// Keys that were set aside, by identity.
  package var marks = Marks()
  /// Why operations are run, as it was last given: an incident has one reason.
  package var incidentReason = ""

  package init(
    environment: EnvironmentIdentity, access: Access, capabilities: Capabilities,
    glyphs: Glyphs? = nil, columns: Int, rows: Int, interval: Double = 2,
    now: MonotonicTime = MonotonicTime(nanoseconds: 0),
    wall: WallTime = WallTime(microseconds: 0), utcOffsetSeconds: Int = 0, zone: String = "UTC",
    environments: [EnvironmentIdentity] = [], theme: String = "dark", themes: [String] = ["dark"],
    snapshot: Snapshot? = nil
  ) {
    self.snapshot = snapshot
    self.now = now
    self.wall = wall
    wallTaken = now
    self.utcOffsetSeconds = utcOffsetSeconds
    self.zone = zone
    self.environment = environment
    self.environments = environments
    self.access = access
    self.capabilities = capabilities
    self.glyphs = glyphs ?? Glyphs(level: capabilities.glyphs)
    self.columns = min(max(1, columns), CellGrid.maximumColumns)
    self.rows = min(max(1, rows), CellGrid.maximumRows)
    self.interval = interval
    self.theme = theme
    self.themes = themes
  }

  package var isUnicode: Bool { capabilities.isUnicode }

  /// Where the active panel draws.
  package var body: Rect { Frame(self).body }

  package func node(_ id: NodeID) -> NodeStatus? { snapshot?.nodes.first { $0.id == id } }

  /// The server to ask when one is needed: the chosen one, else the primary that Sentinels name, else
  /// the first.
  package var targetNode: NodeID? {
    if let node, self.node(node) != nil { return node }
    if let primary = sentinelPrimaries.first { return primary.node }
    return (snapshot?.nodes.first { !$0.isSentinel } ?? snapshot?.nodes.first)?.id
  }

  /// The servers that a search or an analysis walks: the chosen one, else all that together hold each
  /// key once.
  package var searchedNodes: [NodeID] {
    if let node, self.node(node) != nil { return [node] }
    return snapshot?.keyspaceNodes ?? []
  }

  /// A civil time on the monotonic clock, as of the last tick.
  package func monotonic(_ time: WallTime) -> MonotonicTime {
    let (micros, overflow) = time.microseconds.subtractingReportingOverflow(wall.microseconds)
    // Ten years either way are beyond every history.
    let bounded = overflow ? 0 : max(-315_360_000_000_000, min(micros, 315_360_000_000_000))
    return MonotonicTime(nanoseconds: wallTaken.nanoseconds &+ bounded &* 1000)
  }

  /// Local time of day: `12:04:31`.
  package func clock(_ time: WallTime) -> String {
    CivilTime(time, offsetSeconds: utcOffsetSeconds).clock
  }

  /// Text from a server, escaped so that it can be drawn, in at most `limit` columns.
  package func safe(_ bytes: some Collection<UInt8>, limit: Int = .max) -> String {
    DrawableText.escape(bytes, isUnicode: isUnicode, limit: limit)
  }

  package func safe(_ text: String, limit: Int = .max) -> String {
    DrawableText.escape(text, isUnicode: isUnicode, limit: limit)
  }

  /// A latency in microseconds.
  package func latency(_ microseconds: Double?) -> String {
    Format.microseconds(microseconds, isUnicode: isUnicode)
  }

  /// True where a live server's reading is older than three polls: this part of it stopped coming.
  package func isOld(_ time: MonotonicTime?) -> Bool {
    time.map { now.seconds(since: $0) > max(10, 3 * interval) } ?? false
  }

  /// How long ago `time` was: `4s`; nil if never.
  package func age(_ time: MonotonicTime?) -> String? {
    time.map { Format.age(seconds: now.seconds(since: $0)) }
  }
}
