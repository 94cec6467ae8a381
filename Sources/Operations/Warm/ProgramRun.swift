internal import ConsoleModel
private import EventLoop
private import Glibc
private import Redis

/// Serves a warm-up's program: keys in, records out, until it ends or nobody wants more. For a thread
/// of its own.
struct ProgramRun {
  private let program: WarmProgram
  private let feed: WarmFeed
  private let now: @Sendable () -> WallTime
  private var process: ProgramProcess

  private var lines: LineSplitter
  private var buffer: [UInt8]
  /// Keys that have not been given yet; nil: there is no list.
  private var remaining: Set<KeyName>?
  /// The next key to write, and what is left of those that were made ready.
  private var nextKey = 0
  private var pendingInput: ArraySlice<UInt8> = []
  private var errorText: [UInt8] = []
  private var lastSign = EventLoop.Instant.now()
  private var ended: EventLoop.Instant?

  /// Milliseconds between two looks whether the program has ended while its output stays open.
  private static let lookInterval: Int32 = 100
  /// What a program leaves behind may go on printing with pauses up to this after its own end.
  private static let leftoverPause = Duration.seconds(1)
  private static let chunk = 64 << 10
  /// Bytes of standard error that are kept: the last ones.
  private static let keptErrors = 4096

  /// Runs the program to its end, one way or another, and ends `feed` with what came of it.
  static func serve(
    _ program: WarmProgram, _ feed: WarmFeed, _ now: @escaping @Sendable () -> WallTime
  ) {
    do throws(WarmFailure) {
      var run = try ProgramRun(program, feed, now)
      try run.run()
      feed.finish(nil)
    } catch {
      feed.finish(error)
    }
  }

  private init(
    _ program: WarmProgram, _ feed: WarmFeed, _ now: @escaping @Sendable () -> WallTime
  ) throws(WarmFailure) {
    process = try ProgramProcess(program.command, environment: program.environment)
    self.program = program
    self.feed = feed
    self.now = now
    lines = LineSplitter(limit: program.maximumLine)
    buffer = [UInt8](repeating: 0, count: Self.chunk)
    remaining = program.wanted.map { Set($0) }
    if program.wanted?.isEmpty ?? true { process.closeInput() }
  }

  private mutating func run() throws(WarmFailure) {
    while process.output >= 0 {
      if feed.isCancelled { throw stop(.cancelled) }
      let isFull = feed.isFull
      wait(readsOutput: !isFull)
      // A source that waits for us is not silent.
      if isFull { lastSign = .now() }
      writeInput()
      if !isFull { readOutput() }
      readErrors()
      try checkTime()
    }
    process.closeInput()
    while !process.hasEnded() {
      if feed.isCancelled { throw stop(.cancelled) }
      wait(readsOutput: false)
      readErrors()
      try checkTime()
    }
    try finish()
  }

  private mutating func finish() throws(WarmFailure) {
    let failure = process.reap()
    readErrors()
    if failure == nil { take { $0.finish($1) } }
    let missing = remaining.map { UInt64($0.count) }
    let messages = errorLines
    feed.note { report in
      report.missing = missing
      report.messages = messages
    }
    if let failure { throw self.failure(failure) }
  }

  // MARK: Waiting

  private mutating func wait(readsOutput: Bool) {
    if pendingInput.isEmpty { prepareInput() }
    var watched = [
      pollfd(fd: feed.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: readsOutput ? process.output : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: process.errors, events: Int16(POLLIN), revents: 0),
      pollfd(fd: process.input, events: Int16(POLLOUT), revents: 0),
    ]
    // Ended but not yet at the end of its output: look more often, there is nothing else to wake us.
    let timeout = process.output < 0 ? 10 : Self.lookInterval
    _ = unsafe poll(&watched, nfds_t(watched.count), timeout)
    if watched[0].revents != 0 { feed.clearWakeup() }
  }

  private mutating func checkTime() throws(WarmFailure) {
    let time = EventLoop.Instant.now()
    if ended == nil, process.hasEnded() { ended = time }
    let silence = lastSign.duration(to: time)
    if let ended {
      // Something that it started holds the pipe open: it may finish, not stay.
      if silence > Self.leftoverPause, ended.duration(to: time) > Self.leftoverPause {
        process.closeOutput()
      }
    } else if silence > .seconds(program.silenceSeconds) {
      throw stop(
        failure(
          "gave no sign of life for \(Int(program.silenceSeconds.rounded(.up))) s and was ended"))
    }
  }

  private mutating func stop(_ failure: WarmFailure) -> WarmFailure {
    process.end()
    _ = process.reap()
    return failure
  }

  // MARK: Its input

  private mutating func prepareInput() {
    guard process.input >= 0, let wanted = program.wanted else { return }
    var text: [UInt8] = []
    while nextKey < wanted.count, text.count < Self.chunk {
      text += RecordText.escape(wanted[nextKey].bytes)
      text.append(0x0A)
      nextKey += 1
    }
    pendingInput = text[...]
    if text.isEmpty { process.closeInput() }
  }

  private mutating func writeInput() {
    guard process.input >= 0, !pendingInput.isEmpty else { return }
    switch ProgramProcess.write(process.input, pendingInput) {
    case .bytes(let count):
      pendingInput = pendingInput.dropFirst(count)
      lastSign = .now()
    case .later: break
    case .closed: process.closeInput()
    }
  }

  // MARK: Its output

  private mutating func readOutput() {
    guard process.output >= 0 else { return }
    switch ProgramProcess.read(process.output, &buffer) {
    case .bytes(let count):
      lastSign = .now()
      let bytes = buffer[..<count]
      take { $0.append(bytes, $1) }
    case .later: break
    case .closed: process.closeOutput()
    }
  }

  /// Lets the splitter give its lines and hands their records on.
  private mutating func take(
    _ split: (inout LineSplitter, (LineSplitter.Line) -> Void) -> Void
  ) {
    var entries: [WarmFeed.Entry] = []
    var bad: [(Int, String)] = []
    var unwanted: UInt64 = 0
    let time = now().microseconds / 1000
    var left = remaining
    remaining = nil
    split(&lines) { line in
      switch line {
      case .tooLong(let number):
        bad.append((number, "the line is over \(program.maximumLine >> 20) MiB"))
      case .text(let text, let number):
        do throws(RecordTextError) {
          let record = try RecordText.record(text)
          let isOurs = record.key.bytes.starts(with: OperationRequest.ownPrefix)
          if isOurs || (left != nil && left?.remove(record.key) == nil) {
            unwanted += 1
          } else {
            let expiry = record.timeToLive.map { time + $0 }
            entries.append(
              WarmFeed.Entry(key: record.key, expiresAt: expiry, value: record.value))
          }
        } catch {
          bad.append((number, error.reason))
        }
      }
    }
    remaining = left
    if !bad.isEmpty || unwanted > 0 {
      feed.note { report in
        report.unwanted += unwanted
        report.records += unwanted
        for (number, reason) in bad { report.addBadLine(number, reason) }
      }
    }
    feed.put(entries)
  }

  // MARK: Its errors

  private mutating func readErrors() {
    while process.errors >= 0 {
      switch ProgramProcess.read(process.errors, &buffer) {
      case .bytes(let count):
        lastSign = .now()
        errorText += buffer[..<count]
        if errorText.count > 2 * Self.keptErrors {
          errorText.removeFirst(errorText.count - Self.keptErrors)
        }
        // One piece a turn: who floods the errors must not keep us from the records.
        return
      case .later: return
      case .closed: process.closeErrors()
      }
    }
  }

  /// The last lines, in one.
  private var errorLines: String {
    errorText.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).suffix(3)
      .map { PlainText.safe($0, limit: 160) }.joined(separator: " / ")
  }

  private func failure(_ what: String) -> WarmFailure {
    let said = errorLines.isEmpty ? "it wrote nothing to standard error" : "it said: \(errorLines)"
    return WarmFailure(.program, "warming: the program '\(process.name)' \(what); \(said)")
  }
}
