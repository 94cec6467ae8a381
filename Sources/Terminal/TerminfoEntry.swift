/// A compiled terminfo entry, taken apart so that its colours can be given 24 bits.
///
/// curses passes a colour's number to the strings `setaf` and `setab` and only checks that it is
/// below `max_colors`. `xterm-direct` and its like are entries with such strings, but they are seldom
/// installed, and name one emulator where `COLORTERM` may come from any. So the user's own entry is
/// taken, with these three capabilities replaced, and handed to curses in `TERMINFO` (term(5),
/// "b64:"): keys and everything else stay as the user has them, the palette stays untouched, and
/// nothing is written to disk.
struct TerminfoEntry {
  private var names: [UInt8]
  private var booleans: [UInt8]
  private var numbers: [Int32]
  private var offsets: [Int16]
  private var table: [UInt8]
  private var extended: Extended?

  private struct Extended {
    var header: [Int16]
    var booleans: [UInt8]
    var numbers: [Int32]
    var rest: [UInt8]
  }

  /// Positions are frozen by the file format: Caps in the ncurses sources, `CUR Numbers[13]` in
  /// <term.h>.
  private enum Index {
    static let maximumColors = 13
    static let setForeground = 359
    static let setBackground = 360
  }

  private static let narrowMagic: Int16 = 0o432
  private static let wideMagic: Int16 = 0o1036

  init?(_ bytes: [UInt8]) {
    var reader = Reader(bytes: bytes)
    guard let magic = reader.short(), magic == Self.narrowMagic || magic == Self.wideMagic,
      let nameSize = reader.short(), let booleanCount = reader.short(),
      let numberCount = reader.short(), let stringCount = reader.short(),
      let tableSize = reader.short(),
      let names = reader.bytes(nameSize), let booleans = reader.bytes(booleanCount)
    else { return nil }
    let isWide = magic == Self.wideMagic
    reader.align()
    guard let numbers = reader.numbers(numberCount, isWide: isWide),
      let offsets = reader.shorts(stringCount), let table = reader.bytes(tableSize)
    else { return nil }
    self.names = names
    self.booleans = booleans
    self.numbers = numbers
    self.offsets = offsets
    self.table = table
    reader.align()
    if let header = reader.shorts(5), let booleans = reader.bytes(header[0]) {
      reader.align()
      guard let numbers = reader.numbers(header[1], isWide: isWide) else { return nil }
      extended = Extended(
        header: header, booleans: booleans, numbers: numbers, rest: reader.remaining)
    }
  }

  var maximumColors: Int {
    numbers.indices.contains(Index.maximumColors) ? Int(numbers[Index.maximumColors]) : 0
  }

  /// False where the entry has no colours at all, or no room for strings.
  mutating func useDirectColor() -> Bool {
    guard maximumColors >= 8, offsets.indices.contains(Index.setBackground) else { return false }
    let components = "%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%dm"
    for (index, code) in [(Index.setForeground, "38"), (Index.setBackground, "48")] {
      guard let offset = Int16(exactly: table.count) else { return false }
      offsets[index] = offset
      table += Array("\u{1B}[\(code);2;\(components)".utf8) + [0]
    }
    numbers[Index.maximumColors] = 1 << 24
    return table.count <= Int(Int16.max)
  }

  /// The entry with wide numbers, as ncurses reads it since 6.1.
  var encoded: [UInt8] {
    var out: [UInt8] = []
    func put(_ value: Int16) {
      out.append(UInt8(truncatingIfNeeded: value))
      out.append(UInt8(truncatingIfNeeded: value >> 8))
    }
    func put(_ values: [Int32]) {
      for value in values {
        put(Int16(truncatingIfNeeded: value))
        put(Int16(truncatingIfNeeded: value >> 16))
      }
    }
    func align() { if out.count % 2 != 0 { out.append(0) } }
    put(Self.wideMagic)
    for count in [names.count, booleans.count, numbers.count, offsets.count, table.count] {
      put(Int16(truncatingIfNeeded: count))
    }
    out += names
    out += booleans
    align()
    put(numbers)
    offsets.forEach(put)
    out += table
    if let extended {
      align()
      extended.header.forEach(put)
      out += extended.booleans
      align()
      put(extended.numbers)
      out += extended.rest
    }
    return out
  }

  private struct Reader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var remaining: [UInt8] { Array(bytes[min(position, bytes.count)...]) }

    mutating func align() { position += position % 2 }

    mutating func bytes(_ count: Int16) -> [UInt8]? {
      guard count >= 0, position + Int(count) <= bytes.count else { return nil }
      defer { position += Int(count) }
      return Array(bytes[position..<(position + Int(count))])
    }

    mutating func short() -> Int16? {
      guard let pair = bytes(2) else { return nil }
      return Int16(bitPattern: UInt16(pair[0]) | UInt16(pair[1]) << 8)
    }

    mutating func shorts(_ count: Int16) -> [Int16]? {
      var values: [Int16] = []
      guard count >= 0 else { return nil }
      for _ in 0..<count {
        guard let value = short() else { return nil }
        values.append(value)
      }
      return values
    }

    mutating func numbers(_ count: Int16, isWide: Bool) -> [Int32]? {
      guard
        let halves = shorts(isWide ? count.multipliedReportingOverflow(by: 2).partialValue : count)
      else { return nil }
      guard isWide else { return halves.map(Int32.init) }
      return stride(from: 0, to: halves.count, by: 2).map {
        Int32(halves[$0 + 1]) << 16 | Int32(UInt16(bitPattern: halves[$0]))
      }
    }
  }
}
