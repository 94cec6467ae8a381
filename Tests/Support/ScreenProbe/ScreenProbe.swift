import Terminal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program with a screen and nothing else, for tests that end it in every way there is.
///
/// `screen-probe MODE`: `events` paints what it reads until `q`; `dashboard` paints a busy table,
/// `j`/`k` move its selection and `r` changes its figures; the other modes paint once and end as
/// they say.
@main
enum ScreenProbe {
  static func main() {
    let mode = CommandLine.arguments.dropFirst().first ?? "events"
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
    case "return": break
    case "exit": exit(3)
    case "trap":
      let empty: [Int] = []
      print(empty[CommandLine.arguments.count])
    case "abort": abort()
    case "overflow": print(overflow(CommandLine.arguments.count))
    case "error":
      fputs(text: "a library complains\n")
    case "hang": while true { pause() }
    default: print("unknown mode")
    }
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

  // MARK: A table as busy as the overview

  private static func dashboard(_ screen: Screen) {
    var selected = 0
    var generator = Generator()
    var figures = (0..<screen.rows).map { _ in (0..<6).map { _ in generator.next(100_000) } }
    draw(screen, selected, figures)
    loop(screen) { event in
      switch event {
      case .key(.down), .key(.character("j")): selected += 1
      case .key(.up), .key(.character("k")): selected -= 1
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
      draw(screen, selected, figures)
      return true
    }
  }

  private static func draw(_ screen: Screen, _ selected: Int, _ figures: [[Int]]) {
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
      grid.put("product:\(row * 977 % 5000)", x: 2, y: 0, in: area, style: style, limit: 20)
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
