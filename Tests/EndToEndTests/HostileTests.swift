import TestKit
import Testing

/// Keys and values made to harm a terminal: only drawable text reaches it.
@Suite(.serialized, .blocking) struct HostileTests {
  static let names: [[UInt8]] = [
    Array("evil:\u{1B}]0;pwned\u{07}".utf8), Array("evil:\u{1B}[2J\u{1B}[H".utf8),
    Array("evil:line\r\nbreak".utf8), [0x65, 0x76, 0x69, 0x6C, 0x3A, 0xFF, 0xFE, 0x80],
    Array("evil:\u{202E}desrever\u{2066}".utf8), Array("evil:zero\u{200D}\u{200B}width".utf8),
    Array("evil:\u{9B}31mC1\u{90}q".utf8), Array("evil:a\u{0301}\u{0301}日本😀".utf8),
    Array("evil:tab\there\u{7F}".utf8),
    Array("evil:".utf8) + [UInt8](repeating: 0x78, count: 10_000),
    Array("evil:".utf8) + [0x00, 0x0E, 0x0F, 0x08],
  ]

  @Test(arguments: ["C.UTF-8", "C"])
  func `hostile keys, values, arguments and errors draw nothing undrawable`(locale: String) throws {
    let home = try TemporaryFolder()
    let server = try RedisServer(arguments: [
      "--maxmemory-policy", "allkeys-lfu", "--slowlog-log-slower-than", "0",
    ])
    let client = try server.connect()
    for name in Self.names {
      try client.command(bytes: [Array("SET".utf8), name, name])
      try client.command(bytes: [Array("GET".utf8), name])
      try client.command(bytes: [Array("HSET".utf8), Array("evil:hash".utf8), name, name])
    }
    let session = try Console.open(
      ["--redis", server.url, "--interval", "0.5"], locale: locale, home: home)
    try session.wait(for: "L2 redis")
    let raw = home.file("raw")
    try session.record(to: raw)
    try session.type(":keys evil:*")
    try session.press("Enter")
    try session.waitUntil("the search's end") { $0.contains("evil:") && $0.contains("12") }
    // Walk the list, and look into each key, as text and in hexadecimal.
    for _ in 0..<Self.names.count + 1 {
      try session.press("Enter")
      try Self.waitForValue(session)
      try session.press("x", "x", "e")
      try session.waitUntil("the exact name") { Self.showsName($0) }
      // One after the other: Esc and what comes in the same read are Alt and a key.
      try session.press("Escape")
      try session.waitUntil("the value again") { !Self.showsName($0) }
      try session.press("Escape")
      try session.waitUntil("the list") { !Self.showsValue($0) && $0.contains("[3]Keys") }
      try session.press("j")
    }
    for panel in ["4", "5", "6", "7", "1"] {
      try session.press(panel)
      try session.wait(for: "[\(panel)]")
    }
    #expect(try session.format("#{pane_title}") != "pwned")
    let written = Array((ChildProcess.readText(raw) ?? "").unicodeScalars)
    #expect(written.count > 1_000)
    expectHarmless(written, locale)
  }

  /// A machine that is busy with other tests may take longer than a read may: then it is read again.
  private static func waitForValue(_ session: TerminalSession) throws {
    for _ in 0..<3 {
      do {
        try session.waitUntil("the value", within: 15) { Self.showsValue($0) }
        return
      } catch {
        try session.press("r")
      }
    }
    try session.waitUntil("the value") { Self.showsValue($0) }
  }

  /// Only a value that was read has its key's length above it.
  private static func showsValue(_ screen: String) -> Bool {
    screen.contains(/key [0-9,]+ B/)
  }

  /// A key's name, or that of an element, byte for byte.
  private static func showsName(_ screen: String) -> Bool {
    screen.contains("the key exactly") || screen.contains(/name +[\[]?text/)
  }

  /// What ncurses may write: text, SGR, cursor movement and erasing; no titles, no C1, no bidi.
  private func expectHarmless(_ written: [Unicode.Scalar], _ locale: String) {
    var at = 0
    while at < written.count {
      let scalar = written[at]
      at += 1
      switch scalar.value {
      case 0x1B:
        guard at < written.count else { break }
        let kind = written[at]
        at += 1
        if kind == "[" {
          while at < written.count, !(0x40...0x7E).contains(written[at].value) { at += 1 }
          at += 1
        } else {
          // Charset selection and keypad modes; an OSC, DCS, APC or PM is not ours.
          #expect(!["]", "P", "X", "^", "_"].contains(kind), "ESC \(kind)")
          if kind == "(" || kind == ")" { at += 1 }
        }
      case 0x07, 0x00: Issue.record("control character \(scalar.value)")
      case 0x7F...0x9F, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2069, 0xFEFF:
        Issue.record("undrawable scalar \(String(scalar.value, radix: 16))")
      case 0x80... where locale == "C": Issue.record("not ASCII: \(scalar)")
      default: break
      }
    }
  }
}
