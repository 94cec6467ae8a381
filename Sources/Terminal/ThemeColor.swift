/// A colour as a theme names it.
package enum ThemeColor: Sendable, Hashable {
  /// Whatever the terminal uses where nothing is set.
  case standard
  /// A palette entry: 0–15 are the user's own colours, 16–255 the fixed cube and greys of xterm.
  case indexed(UInt8)
  case rgb(red: UInt8, green: UInt8, blue: UInt8)

  /// The sixteen palette colours by the names that themes use.
  package static let names: [String] = {
    let plain = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
    return plain + plain.map { "bright-\($0)" }
  }()

  /// `#rrggbb`, `#rgb`, `default` or one of ``names``; else nil.
  package init?(parsing text: String) {
    if text == "default" {
      self = .standard
    } else if let index = Self.names.firstIndex(of: text) {
      self = .indexed(UInt8(index))
    } else {
      let digits = text.utf8.dropFirst()
      guard text.utf8.first == UInt8(ascii: "#"), digits.count == 3 || digits.count == 6,
        digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
        let value = UInt32(text.dropFirst(), radix: 16)
      else { return nil }
      if digits.count == 6 {
        self = .rgb(
          red: UInt8(value >> 16 & 0xFF), green: UInt8(value >> 8 & 0xFF), blue: UInt8(value & 0xFF)
        )
      } else {
        self = .rgb(
          red: UInt8(value >> 8 & 0xF) * 17, green: UInt8(value >> 4 & 0xF) * 17,
          blue: UInt8(value & 0xF) * 17)
      }
    }
  }

  /// The colour as the nearest that a terminal of that depth has.
  package func reduced(to depth: Capabilities.ColorDepth) -> ThemeColor {
    switch (self, depth) {
    case (.standard, _), (_, .trueColor): self
    case (_, .mono): .standard
    case (.indexed(let index), .indexed256): .indexed(index)
    case (.indexed(let index), .ansi16):
      index < 16 ? self : .indexed(Self.ansi(Self.rgb(ofIndex: index)))
    case (.rgb(let red, let green, let blue), .indexed256):
      .indexed(Self.nearestIndex(Components(red: red, green: green, blue: blue)))
    case (.rgb(let red, let green, let blue), .ansi16):
      .indexed(Self.ansi(Components(red: red, green: green, blue: blue)))
    }
  }

  /// A palette entry as the colour that xterm gives it.
  var approximated: ThemeColor {
    guard case .indexed(let index) = self else { return self }
    let color = Self.rgb(ofIndex: index)
    return .rgb(red: color.red, green: color.green, blue: color.blue)
  }

  /// From 0 (black) to 255 (white), as the eye weighs it (ITU-R BT.601); nil where nobody knows.
  var luminance: Int? {
    let color: Components
    switch self {
    case .standard: return nil
    case .indexed(let index): color = Self.rgb(ofIndex: index)
    case .rgb(let red, let green, let blue): color = Components(red: red, green: green, blue: blue)
    }
    return (299 * Int(color.red) + 587 * Int(color.green) + 114 * Int(color.blue)) / 1000
  }

  private struct Components {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    func distance(to other: Components) -> Int {
      // Weighted as "redmean" does: plain RGB distance takes greys for pale greens.
      let mean = (Int(red) + Int(other.red)) / 2
      let deltaRed = Int(red) - Int(other.red)
      let deltaGreen = Int(green) - Int(other.green)
      let deltaBlue = Int(blue) - Int(other.blue)
      return (512 + mean) * deltaRed * deltaRed / 256 + 4 * deltaGreen * deltaGreen
        + (767 - mean) * deltaBlue * deltaBlue / 256
    }
  }

  /// xterm's default palette; users change the first sixteen, so these are estimates.
  private static func rgb(ofIndex index: UInt8) -> Components {
    switch index {
    case 7: return Components(red: 229, green: 229, blue: 229)
    case 8: return Components(red: 127, green: 127, blue: 127)
    case 0..<8:
      return Components(
        red: index & 1 != 0 ? 205 : 0, green: index & 2 != 0 ? 205 : 0,
        blue: index & 4 != 0 ? 205 : 0)
    case 8..<16:
      return Components(
        red: index & 1 != 0 ? 255 : 0, green: index & 2 != 0 ? 255 : 0,
        blue: index & 4 != 0 ? 255 : 0)
    case 16..<232:
      let steps: [UInt8] = [0, 95, 135, 175, 215, 255]
      let cube = Int(index) - 16
      return Components(
        red: steps[cube / 36], green: steps[cube / 6 % 6], blue: steps[cube % 6])
    default:
      let level = 8 + 10 * (index - 232)
      return Components(red: level, green: level, blue: level)
    }
  }

  /// Among the fixed colours only: what the user made of the first sixteen is unknown.
  private static func nearestIndex(_ color: Components) -> UInt8 {
    var best: UInt8 = 16
    var least = Int.max
    for index in UInt8(16)...255 {
      let distance = color.distance(to: rgb(ofIndex: index))
      if distance < least { (best, least) = (index, distance) }
    }
    return best
  }

  /// By hue, not by distance: the nearest of sixteen to any pastel is a grey, which would lose the
  /// meaning that the colour carries.
  private static func ansi(_ color: Components) -> UInt8 {
    let red = Int(color.red)
    let green = Int(color.green)
    let blue = Int(color.blue)
    let high = max(red, green, blue)
    let low = min(red, green, blue)
    if high - low < 40 || high < 48 {
      switch (high + low) / 2 {
      case ..<64: return 0
      case ..<150: return 8
      case ..<220: return 7
      default: return 15
      }
    }
    let threshold = (high + low) / 2
    var index: UInt8 = 0
    if red > threshold { index |= 1 }
    if green > threshold { index |= 2 }
    if blue > threshold { index |= 4 }
    return high >= 208 ? index + 8 : index
  }
}
