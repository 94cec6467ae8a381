/// Mouse reports in both encodings, and what makes a double press.
struct MouseDecoder {
  let isEnabled: Bool
  private var lastPress: (x: Int, y: Int, milliseconds: UInt64)?

  /// As long as desktops take by default; curses takes 166 ms, which is short over SSH.
  private static let doublePress: UInt64 = 400

  init(isEnabled: Bool) { self.isEnabled = isEnabled }

  /// `ESC [ < button ; x ; y M` (press) or `m` (release), counted from 1.
  mutating func extended(_ sequence: ControlSequence, milliseconds: UInt64) -> MouseEvent? {
    guard isEnabled, sequence.parameters.count == 3, sequence.final == UInt8(ascii: "M") else {
      return nil
    }
    let parameters = sequence.parameters
    return event(
      button: parameters[0], x: parameters[1] - 1, y: parameters[2] - 1, milliseconds: milliseconds)
  }

  /// `ESC [ M` and three bytes, each 32 above its value: terminals that know no 1006.
  mutating func legacy(_ bytes: [UInt8], milliseconds: UInt64) -> MouseEvent? {
    guard isEnabled, bytes.count == 3 else { return nil }
    return event(
      button: Int(bytes[0]) - 32, x: Int(bytes[1]) - 33, y: Int(bytes[2]) - 33,
      milliseconds: milliseconds)
  }

  private mutating func event(button: Int, x: Int, y: Int, milliseconds: UInt64) -> MouseEvent? {
    guard x >= 0, y >= 0 else { return nil }
    // Bits 2 to 4 are Shift, Alt and Control; bit 5 is motion.
    switch button & ~0b1_1100 {
    case 0:
      defer { lastPress = (x, y, milliseconds) }
      if let last = lastPress, last.x == x, last.y == y, milliseconds >= last.milliseconds,
        milliseconds - last.milliseconds <= Self.doublePress
      {
        return MouseEvent(kind: .doublePress, x: x, y: y)
      }
      return MouseEvent(kind: .press, x: x, y: y)
    case 64: return MouseEvent(kind: .scrollUp, x: x, y: y)
    case 65: return MouseEvent(kind: .scrollDown, x: x, y: y)
    default: return nil
    }
  }
}
