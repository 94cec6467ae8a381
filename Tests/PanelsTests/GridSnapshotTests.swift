import ConsoleModel
import Terminal
import Testing

@testable import Panels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Screens as text files. `RECORD_SNAPSHOTS=1 swift test --filter GridSnapshotTests` writes them.
@Suite("Screens look as recorded")
struct GridSnapshotTests {
  struct Screen: CustomTestStringConvertible, Sendable {
    var name: String
    var keys: [Key]
    var testDescription: String { name }

    init(_ name: String, _ keys: Key...) {
      self.name = name
      self.keys = keys
    }
  }

  static let sizes = [(80, 24), (120, 40), (200, 50), (40, 10)]

  static let screens = [
    Screen("overview"),
    Screen("nodes", .character("2")),
    Screen("node-detail", .character("2"), .enter),
    Screen("commands", .character("6")),
    Screen("help", .character("?")),
    Screen("command-line", .character(":"), .character("s"), .tab),
    Screen("operations", .character("8")),
    Screen("operation", .character("8"), .enter),
    Screen("history", .character("9")),
    Screen("history-entry", .character("9"), .enter),
    Screen(
      "filter", .character("6"), .character("/"), .character("g"), .character("e"),
      .character("t"), .enter),
  ]

  @Test("every screen, at four sizes, in Unicode and ASCII", arguments: screens)
  func looksAsRecorded(screen: Screen) throws {
    for (columns, rows) in Self.sizes {
      for isUnicode in [true, false] {
        var model = Model(context: Fixture.context(columns, rows, isUnicode: isUnicode))
        // The notice of the fixture has been read.
        _ = model.update(
          .tick(Fixture.now, Fixture.wall, utcOffsetSeconds: 3600, zone: "CET"),
          now: Fixture.now.advanced(bySeconds: 30))
        model.context.now = Fixture.now
        _ = model.update(.operations(Plans.report), now: Fixture.now)
        for key in screen.keys { _ = model.update(.input(.key(key)), now: Fixture.now) }
        try expectSnapshot(
          render(model), "\(screen.name)-\(columns)x\(rows)-\(isUnicode ? "unicode" : "ascii")")
      }
    }
  }

  enum Stage: String, CaseIterable { case asked, estimated, named, expired }

  @Test("a dialog as it fills, at every size", arguments: Stage.allCases)
  func dialog(stage: Stage) throws {
    for (columns, rows) in Self.sizes {
      for isUnicode in [true, false] {
        var model = Model(context: Fixture.context(columns, rows, isUnicode: isUnicode))
        model.toast = nil
        _ = model.update(.action(.invalidatePattern, argument: "search:*"), now: Fixture.now)
        let later = Fixture.now.advanced(bySeconds: 2)
        if stage == .estimated {
          model.planned(
            keys: .estimate(low: 980_000, value: 1_000_000, high: 1_020_000), isComplete: false,
            progress: 0.42, at: later, edit: Plans.large)
        } else if stage != .asked {
          model.planned(
            keys: .exact(1_000_000),
            created: WallTime(
              microseconds: Fixture.wall.microseconds - (stage == .expired ? 600_000_000 : 0)),
            at: later, edit: Plans.large)
        }
        if stage == .named {
          type(&model, "wrong prices", at: later.advanced(bySeconds: 2))
          press(&model, .enter, .pageDown, at: later.advanced(bySeconds: 2))
          type(&model, "shop-prod", at: later.advanced(bySeconds: 2))
        }
        let grid = render(model)
        if !isUnicode {
          #expect((0..<rows).allSatisfy { grid.text(row: $0).utf8.allSatisfy { $0 < 0x7F } })
        }
        try expectSnapshot(
          grid,
          "dialog-\(stage.rawValue)-\(columns)x\(rows)-\(isUnicode ? "unicode" : "ascii")")
      }
    }
  }
}

/// Compares `grid` with the recorded text, or records it.
func expectSnapshot(
  _ grid: CellGrid, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let text =
    (0..<grid.rows).map { row in
      var line = Substring(grid.text(row: row))
      while line.last == " " { line.removeLast() }
      return String(line)
    }.joined(separator: "\n") + "\n"
  let folder = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex))
  let path = "\(folder)/Snapshots/\(name).txt"
  if unsafe getenv("RECORD_SNAPSHOTS") != nil {
    try SnapshotFile.write(text, to: path)
    return
  }
  let recorded = try #require(
    SnapshotFile.read(path), "no snapshot \(name): record it with RECORD_SNAPSHOTS=1",
    sourceLocation: sourceLocation)
  guard recorded != text else { return }
  let difference = zip(
    recorded.split(separator: "\n", omittingEmptySubsequences: false),
    text.split(separator: "\n", omittingEmptySubsequences: false)
  ).enumerated().first { $1.0 != $1.1 }
  Issue.record(
    """
    \(name) differs in row \(difference?.offset ?? -1):
    recorded: \(difference?.element.0 ?? "")
    drawn:    \(difference?.element.1 ?? "")
    """, sourceLocation: sourceLocation)
}

/// Whole small files by descriptor: the tests use no Foundation either.
enum SnapshotFile {
  struct Failure: Error { var path: String }

  static func read(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[0..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func write(_ text: String, to path: String) throws {
    let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex))
    _ = unsafe mkdir(folder, 0o755)
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw Failure(path: path) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw Failure(path: path)
    }
  }
}
