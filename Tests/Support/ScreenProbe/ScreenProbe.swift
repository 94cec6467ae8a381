import Terminal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program with a screen and nothing else, for tests that end it in every way there is.
///
/// `screen-probe MODE`: `events` paints what it reads until `q`; `dashboard` paints a busy table,
/// `j`/`k` move its selection, `s` scrolls it and `r` changes its figures; the other modes paint once and end as
/// they say.
@main
enum ScreenProbe {
  static func main() {
    let mode = CommandLine.arguments.dropFirst().first ?? "events"
    if mode == "password" {
      print("answer: \(PasswordPrompt.ask("redis") ?? "none")")
      return
    }
    do {
      var options = Screen.Options()
      options.isMouseEnabled = !CommandLine.arguments.contains("--no-mouse")
      let screen = try Screen(options)
      run(mode, screen)
      let end = screen.end.map { "\($0)" } ?? "quit"
      screen.close()
      print("ended: \(end)")
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }

  private static func run(_ mode: String, _ screen: Screen) {
    var lines = ["ready \(screen.capabilities.colorDepth) \(screen.columns)x\(screen.rows)"]
    paint(lines, on: screen)
    switch mode {
    case "events":
      loop(screen) { event in
        lines.append(text(of: event))
        paint(lines, on: screen)
        return event != .key(.character("q"))
      }
    case "dashboard": dashboard(screen)
    case "measure": measure(screen)
    case "return": break
    case "exit": exit(3)
    case "trap": _ = unsafe trap()
    case "abort": abort()
    case "overflow": print(overflow(CommandLine.arguments.count))
    case "error":
      fputs(text: "a library complains\n")
    case "thread":
      var thread = pthread_t()
      _ = unsafe pthread_create(&thread, nil, { _ in unsafe ScreenProbe.trap() }, nil)
      pthread_join(thread, nil)
    case "hang": while true { pause() }
    default: print("unknown mode")
    }
  }

  private static func trap() -> UnsafeMutableRawPointer? {
    let empty: [Int] = []
    print(empty[CommandLine.arguments.count])
    return nil
  }

  private static func loop(_ screen: Screen, _ handle: (InputEvent) -> Bool) {
    while screen.end == nil {
      var descriptors = [
        pollfd(fd: screen.inputDescriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: screen.signalDescriptor, events: Int16(POLLIN), revents: 0),
      ]
      _ = unsafe poll(&descriptors, 2, -1)
      for event in screen.events() {
        if event == .key(.control("z")) { screen.suspend() }
        guard handle(event) else { return }
      }
    }
  }

  private static func paint(_ lines: [String], on screen: Screen) {
    var grid = CellGrid(
      columns: screen.columns, rows: screen.rows, isUnicode: screen.capabilities.isUnicode)
    for (row, line) in lines.suffix(screen.rows).enumerated() {
      grid.put(line, x: 0, y: row, in: grid.bounds, style: Style(row == 0 ? .ok : .normal))
    }
    screen.paint(grid, theme: .dark)
  }

  private static func text(of event: InputEvent) -> String {
    switch event {
    case .key(let key): "key \(key)"
    case .paste(let bytes): "paste \(DrawableText.escape(bytes, isUnicode: false))"
    case .mouse(let mouse): "mouse \(mouse.kind) \(mouse.x),\(mouse.y)"
    case .resize(let columns, let rows): "resize \(columns)x\(rows)"
    }
  }

  private static func fputs(text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe write(2, bytes, bytes.count)
  }

  /// Deep enough for any stack; the result keeps the calls from being turned into a loop.
  private static func overflow(_ depth: Int) -> Int {
    depth < 0 ? depth : overflow(depth + 1) + overflow(depth + 2)
  }

  // MARK: What drawing costs, in microseconds

  private static func measure(_ screen: Screen) {
    var results: [String] = []
    let line = String(repeating: "product:1181 ⣿⣶ 日本 42.1k ", count: 25)
    let plain = String(repeating: "product:1181  42.1k 0.93 ", count: 25)
    for (columns, rows) in [(120, 40), (500, 200)] {
      var grid = CellGrid(columns: columns, rows: rows)
      let size = "\(columns)x\(rows)"
      results.append(time("new grid \(size)") { grid = CellGrid(columns: columns, rows: rows) })
      for (name, text) in [("ASCII", plain), ("mixed", line)] {
        results.append(
          time("put \(name) \(size)") {
            for row in 0..<rows { grid.put(text, x: 0, y: row, in: grid.bounds) }
          })
      }
      results.append(
        time("fill \(size)") { grid.fill(grid.bounds, style: Style(.ok), blank: true) })
      for row in 0..<rows { grid.put(line, x: 0, y: row, in: grid.bounds) }
      var other = CellGrid(columns: columns, rows: rows)
      for row in 0..<rows { other.put(line, x: 0, y: row, in: other.bounds) }
      results.append(time("paint unchanged \(size)") { screen.paint(grid, theme: .dark) })
      var isOther = false
      results.append(
        time("paint unchanged, other grid \(size)") {
          isOther.toggle()
          screen.paint(isOther ? other : grid, theme: .dark)
        })
      other.fill(other.bounds, style: Style(.warning))
      results.append(
        time("paint all changed \(size)") {
          isOther.toggle()
          screen.paint(isOther ? other : grid, theme: .dark)
        })
    }
    let key = [UInt8](repeating: 0x61, count: 40)
    results.append(
      time("escape 40 bytes") { _ = DrawableText.escape(key, isUnicode: true, limit: 60) })
    results.append(
      time("escape 100 MB to 80 columns") {
        _ = DrawableText.escape(repeatElement(0x1B, count: 100_000_000), isUnicode: true, limit: 80)
      })
    screen.close()
    for result in results { print(result) }
  }

  /// The median of many runs.
  private static func time(_ name: String, _ body: () -> Void) -> String {
    var times: [Int] = []
    for _ in 0..<101 {
      let start = now()
      body()
      times.append(now() - start)
    }
    let median = times.sorted()[50]
    return "\(name): \(median / 1000).\(median / 100 % 10) us"
  }

  private static func now() -> Int {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  // MARK: A table as busy as the overview

  private static func dashboard(_ screen: Screen) {
    var selected = 0
    var generator = Generator()
    var first = 0
    var figures = (0..<screen.rows).map { _ in (0..<6).map { _ in generator.next(100_000) } }
    draw(screen, selected, first, figures)
    loop(screen) { event in
      switch event {
      case .key(.down), .key(.character("j")): selected += 1
      case .key(.up), .key(.character("k")): selected -= 1
      case .key(.character("s")):
        // What a cursor key does at the end of a long list: all rows move by one.
        first += 1
        figures.append((0..<6).map { _ in generator.next(100_000) })
        figures.removeFirst()
      case .key(.character("r")):
        // About every third figure moves between two refreshes of a quiet shop.
        for row in figures.indices {
          for column in 0..<6 where generator.next(3) == 0 {
            figures[row][column] += generator.next(200)
          }
        }
      case .key(.character("q")): return false
      default: break
      }
      selected = min(max(0, selected), screen.rows - 4)
      draw(screen, selected, first, figures)
      return true
    }
  }

  private static func draw(
    _ screen: Screen, _ selected: Int, _ first: Int, _ figures: [[Int]]
  ) {
    var grid = CellGrid(
      columns: screen.columns, rows: screen.rows, isUnicode: screen.capabilities.isUnicode)
    let glyphs = Glyphs(level: screen.capabilities.glyphs)
    grid.put(" probe  PRODUCTION", x: 0, y: 0, in: grid.bounds, style: Style(.production))
    grid.put(glyphs.rule(grid.columns), x: 0, y: 1, in: grid.bounds, style: Style(.border))
    for row in 0..<(grid.rows - 3) {
      let style = row == selected ? Style(.selection) : Style()
      let area = Rect(x: 0, y: row + 2, width: grid.columns, height: 1)
      if row == selected { grid.fill(area, style: style, blank: true) }
      grid.put(glyphs.dot(.full), x: 0, y: 0, in: area, style: row == selected ? style : Style(.ok))
      grid.put(
        "product:\((row + first) * 977 % 5000)", x: 2, y: 0, in: area, style: style, limit: 20)
      for column in 0..<6 {
        let value = String(figures[row][column])
        grid.put(value, x: 24 + column * 12 - value.utf8.count, y: 0, in: area, style: style)
      }
      let series = figures[row].map { Double($0 % 1000) }
      grid.put(
        glyphs.sparkline(series, width: 12), x: 90, y: 0, in: area,
        style: row == selected ? style : Style(.graph))
    }
    grid.put(
      "? help  / filter  q quit", x: 0, y: grid.rows - 1, in: grid.bounds, style: Style(.key))
    screen.paint(grid, theme: .dark)
  }

  private struct Generator {
    private var state: UInt64 = 42

    mutating func next(_ bound: UInt64) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33 % bound)
    }
  }
}
