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
  private var extended = Extended()

  /// Capabilities by name: what ncurses has added to the classic ones.
  private struct Extended {
    var booleans: [UInt8] = []
    var numbers: [Int32] = []
    /// Values of strings, counted from the start of the table.
    var offsets: [Int16] = []
    /// Names of booleans, numbers, strings, in this order, counted from the end of the values.
    var names: [Int16] = []
    var table: [UInt8] = []

    /// Adds a boolean; false where the table has no room for its name.
    mutating func add(flag: String) -> Bool {
      // Names follow the values, whose end is nowhere written.
      let end = offsets.filter { $0 >= 0 }.reduce(0) { end, offset in
        let rest = table.dropFirst(Int(offset))
        return end + (rest.firstIndex(of: 0) ?? table.endIndex) - rest.startIndex + 1
      }
      guard end <= table.count, let name = Int16(exactly: table.count - end),
        table.count < Int(Int16.max) - 8
      else { return false }
      names.insert(name, at: booleans.count)
      booleans.append(1)
      table += Array(flag.utf8) + [0]
      return true
    }
  }

  /// Positions are frozen by the file format: Caps in the ncurses sources, `CUR Numbers[13]` in
  /// <term.h>.
  private enum Index {
    static let canChange = 27
    static let maximumColors = 13
    static let originalColors = 298
    static let initializeColor = 299
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
    if let header = reader.shorts(5) {
      guard let extended = reader.extended(header, isWide: isWide) else { return nil }
      self.extended = extended
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
    // The palette is the user's: no changes to it, and no reset that would take theirs back.
    offsets[Index.originalColors] = -1
    offsets[Index.initializeColor] = -1
    if booleans.indices.contains(Index.canChange) { booleans[Index.canChange] = 0 }
    // Says that numbers are colours; without it curses would allocate 16 million palette entries.
    return extended.add(flag: "RGB") && table.count <= Int(Int16.max)
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
    align()
    let sizes = [
      extended.booleans.count, extended.numbers.count, extended.offsets.count,
      extended.offsets.count + extended.names.count, extended.table.count,
    ]
    for size in sizes { put(Int16(truncatingIfNeeded: size)) }
    out += extended.booleans
    align()
    put(extended.numbers)
    extended.offsets.forEach(put)
    extended.names.forEach(put)
    out += extended.table
    return out
  }

  private struct Reader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func align() { position += position % 2 }

    mutating func extended(_ header: [Int16], isWide: Bool) -> Extended? {
      var extended = Extended()
      guard let booleans = bytes(header[0]) else { return nil }
      align()
      let (nameCount, isTooMany) = header[0].addingReportingOverflow(header[1])
      guard !isTooMany, nameCount >= 0, header[2] >= 0, nameCount < 4096, header[2] < 4096,
        let numbers = numbers(header[1], isWide: isWide), let offsets = shorts(header[2]),
        let names = shorts(nameCount + header[2]), let table = bytes(header[4])
      else { return nil }
      (extended.booleans, extended.numbers, extended.offsets) = (booleans, numbers, offsets)
      (extended.names, extended.table) = (names, table)
      return extended
    }

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
