private import CNcurses

/// The sequences that curses does not send by itself, and the bytes that undo all of them.
struct ScreenSwitches {
  let on: [UInt8]
  let off: [UInt8]
  let hasMouse: Bool
  /// Everything, for a process that dies: what curses' `endwin` would send, and `off`.
  let undo: [UInt8]

  /// After curses has read the terminal's entry.
  init(isMouseEnabled: Bool) {
    let leave = Self.capability("rmcup")
    let isXtermLike = leave.starts(with: Array("\u{1B}[?".utf8))
    hasMouse = isMouseEnabled && !Self.capability("kmous").isEmpty
    // 1000: presses and the wheel. 1006: coordinates as numbers, without a bound of 223.
    var on = hasMouse ? "\u{1B}[?1000h\u{1B}[?1006h" : ""
    var off = hasMouse ? "\u{1B}[?1006l\u{1B}[?1000l" : ""
    if isXtermLike {
      on += "\u{1B}[?2004h"
      off += "\u{1B}[?2004l"
    }
    self.on = Array(on.utf8)
    self.off = Array(off.utf8)
    // CAN ends a sequence that the process died in.
    undo =
      [0x18] + self.off + Self.capability("sgr0") + Self.capability("op")
      + Self.capability("cnorm") + Self.capability("rmkx") + leave
      + (leave.isEmpty ? Array("\r\n".utf8) : [])
  }

  /// A capability without its padding (`$<5>`), which only serial lines needed.
  static func capability(_ name: String) -> [UInt8] {
    guard let value = unsafe cncurses_capability(name) else { return [] }
    var bytes: [UInt8] = []
    var rest = unsafe Substring(String(cString: value)).utf8
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "$"), rest.first == UInt8(ascii: "<"),
        let close = rest.firstIndex(of: UInt8(ascii: ">"))
      {
        rest = rest[rest.index(after: close)...]
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }
}
