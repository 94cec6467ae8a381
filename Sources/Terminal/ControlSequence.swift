/// A control sequence (`ESC [ … final`) taken apart, and the key that it stands for.
struct ControlSequence {
  /// A private marker (`<`, `=`, `>`, `?`), or nil.
  let marker: UInt8?
  /// Missing parameters are 0; subparameters and numbers above 99,999 are left out.
  let parameters: [Int]
  let final: UInt8

  init(_ body: ArraySlice<UInt8>, final: UInt8) {
    var body = body
    if let first = body.first, (0x3C...0x3F).contains(first) {
      marker = first
      body = body.dropFirst()
    } else {
      marker = nil
    }
    self.final = final
    parameters = body.split(
      separator: UInt8(ascii: ";"), maxSplits: 7, omittingEmptySubsequences: false
    ).map { part in
      let digits = part.prefix { (0x30...0x39).contains($0) }
      guard digits.count <= 5 else { return 0 }
      return digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }
  }

  /// Shift and Control are ignored, so that a modified cursor key still moves; with Alt it is no
  /// key, as letters with Alt are none.
  var key: Key? {
    guard marker == nil else { return nil }
    if parameters.count > 1, parameters[1] > 0, (parameters[1] - 1) & 2 != 0 { return nil }
    switch final {
    case UInt8(ascii: "A"), UInt8(ascii: "a"): return .up
    case UInt8(ascii: "B"), UInt8(ascii: "b"): return .down
    case UInt8(ascii: "C"), UInt8(ascii: "c"): return .right
    case UInt8(ascii: "D"), UInt8(ascii: "d"): return .left
    case UInt8(ascii: "H"): return .home
    case UInt8(ascii: "F"): return .end
    case UInt8(ascii: "Z"): return .backTab
    case UInt8(ascii: "P"): return .function(1)
    case UInt8(ascii: "Q"): return .function(2)
    case UInt8(ascii: "R") where parameters.count < 2 || parameters[0] == 1: return .function(3)
    case UInt8(ascii: "S"): return .function(4)
    case UInt8(ascii: "~"), UInt8(ascii: "^"), UInt8(ascii: "$"), UInt8(ascii: "@"):
      return Self.numberedKey(parameters.first ?? 0)
    default: return nil
    }
  }

  /// Application mode's keys: `ESC O x`.
  static func singleShiftKey(_ byte: UInt8) -> Key? {
    switch byte {
    case UInt8(ascii: "A"), UInt8(ascii: "a"): .up
    case UInt8(ascii: "B"), UInt8(ascii: "b"): .down
    case UInt8(ascii: "C"), UInt8(ascii: "c"): .right
    case UInt8(ascii: "D"), UInt8(ascii: "d"): .left
    case UInt8(ascii: "H"): .home
    case UInt8(ascii: "F"): .end
    case UInt8(ascii: "M"): .enter
    case UInt8(ascii: "P")...UInt8(ascii: "S"): .function(Int(byte) - 0x4F)
    case UInt8(ascii: "X"): .character("=")
    // The number pad: its characters lie 0x40 above their ASCII twins.
    case UInt8(ascii: "j")...UInt8(ascii: "y"): .character(Unicode.Scalar(byte - 0x40))
    default: nil
    }
  }

  private static func numberedKey(_ number: Int) -> Key? {
    switch number {
    case 1, 7: .home
    case 2: .insert
    case 3: .delete
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    case 11...15: .function(number - 10)
    case 17...21: .function(number - 11)
    case 23...24: .function(number - 12)
    default: nil
    }
  }
}
