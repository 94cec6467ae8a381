/// Turns the bytes of a terminal into events: a machine without descriptors or clocks.
///
/// curses has a decoder too, but one that loses bytes of a UTF-8 sequence cut by the network, cannot
/// tell a pasted ESC from a typed one, and takes what it does not know for single keys: here an
/// unknown sequence, or a letter with Alt, is no key at all, because half a sequence read as a
/// letter might be a command.
struct InputDecoder {
  /// Whether bytes above 0x7F are UTF-8; else they are dropped.
  private let isUnicode: Bool
  /// The most bytes of one paste that are kept; what goes beyond is dropped.
  private let pasteLimit: Int
  private var keys: KeySequences
  private var mouse: MouseDecoder
  private var pending: [UInt8] = []
  /// What was pasted so far, while a bracketed paste is open.
  private var paste: [UInt8]?
  private var lastFeed: UInt64 = 0

  /// A control string or parameter list longer than this is not one.
  private static let longestSequence = 4096
  private static let pasteEnd: [UInt8] = Array("\u{1B}[201~".utf8)
  /// A paste whose end got lost must not take the keyboard with it: after so many milliseconds of
  /// silence a lone Esc or Ctrl-C ends it.
  private static let pasteSilence: UInt64 = 1000

  init(
    keys: KeySequences = KeySequences(), isUnicode: Bool, isMouseEnabled: Bool = false,
    pasteLimit: Int = 64 * 1024
  ) {
    self.keys = keys
    self.isUnicode = isUnicode
    self.pasteLimit = pasteLimit
    self.mouse = MouseDecoder(isEnabled: isMouseEnabled)
  }

  /// Something has begun that the next bytes, or ``flush()`` after the Esc delay, will end.
  var isPending: Bool { paste == nil && !pending.isEmpty }

  /// - Parameter milliseconds: a monotonic clock's reading.
  mutating func feed(_ bytes: some Sequence<UInt8>, milliseconds: UInt64) -> [InputEvent] {
    let silence = milliseconds >= lastFeed ? milliseconds - lastFeed : 0
    lastFeed = milliseconds
    let before = pending.count
    pending.append(contentsOf: bytes)
    var events: [InputEvent] = []
    if paste != nil, silence >= Self.pasteSilence, pending.count == before + 1,
      let last = pending.last, last == 0x1B || last == 0x03
    {
      closePaste(into: &events)
      pending.removeAll(keepingCapacity: true)
      return events
    }
    var index = 0
    while index < pending.count {
      if paste != nil {
        guard let next = readPaste(from: index, into: &events) else {
          index = pending.count
          return events
        }
        index = next
        continue
      }
      switch decode(pending[index...], milliseconds: milliseconds) {
      case .events(let decoded, let length):
        events += decoded
        index += length
      case .pasteBegins(let length):
        paste = []
        index += length
      case .incomplete:
        pending.removeFirst(index)
        return events
      }
    }
    pending.removeAll(keepingCapacity: true)
    return events
  }

  /// The Esc delay has passed: what is pending was an Esc key, or nothing that is known.
  mutating func flush() -> [InputEvent] {
    guard isPending else { return [] }
    let escapes = pending.allSatisfy { $0 == 0x1B } ? pending.count : 0
    pending.removeAll(keepingCapacity: true)
    return Array(repeating: .key(.escape), count: escapes)
  }

  // MARK: Paste

  /// Moves bytes into the paste; the index after its end mark, or nil when all bytes are used up.
  private mutating func readPaste(from start: Int, into events: inout [InputEvent]) -> Int? {
    let bytes = pending[start...]
    var index = start
    while let escape = bytes[index...].firstIndex(of: 0x1B) {
      let candidate = bytes[escape...].prefix(Self.pasteEnd.count)
      if candidate.elementsEqual(Self.pasteEnd) {
        append(bytes[start..<escape])
        closePaste(into: &events)
        return escape + Self.pasteEnd.count
      }
      if Self.pasteEnd.starts(with: candidate) {
        append(bytes[start..<escape])
        pending = Array(candidate)
        return nil
      }
      index = escape + 1
    }
    append(bytes)
    pending.removeAll(keepingCapacity: true)
    return nil
  }

  private mutating func append(_ bytes: ArraySlice<UInt8>) {
    let room = max(0, pasteLimit - (paste?.count ?? 0))
    paste?.append(contentsOf: bytes.prefix(room))
  }

  private mutating func closePaste(into events: inout [InputEvent]) {
    if let paste, !paste.isEmpty { events.append(.paste(paste)) }
    paste = nil
  }

  // MARK: Keys

  private enum Step {
    case events([InputEvent], length: Int)
    case pasteBegins(length: Int)
    case incomplete
  }

  private mutating func decode(_ bytes: ArraySlice<UInt8>, milliseconds: UInt64) -> Step {
    let first = bytes[bytes.startIndex]
    switch first {
    case 0x1B: return decodeEscape(bytes, milliseconds: milliseconds)
    case 0x0D, 0x0A: return .events([.key(.enter)], length: 1)
    case 0x09: return .events([.key(.tab)], length: 1)
    case 0x08, 0x7F: return .events([.key(.backspace)], length: 1)
    case 0x00: return .events([.key(.control(" "))], length: 1)
    case 0x01...0x1A:
      return .events([.key(.control(Unicode.Scalar(first + 0x60)))], length: 1)
    case 0x1C...0x1F:
      return .events([.key(.control(Unicode.Scalar(first + 0x40)))], length: 1)
    case 0x20..<0x7F: return .events([.key(.character(Unicode.Scalar(first)))], length: 1)
    default: return decodeUTF8(bytes)
    }
  }

  private func decodeUTF8(_ bytes: ArraySlice<UInt8>) -> Step {
    guard isUnicode else { return .events([], length: 1) }
    let expected =
      switch bytes[bytes.startIndex] {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 1
      }
    let available = bytes.prefix(expected)
    var scanner = UTF8Scanner(available)
    guard let unit = scanner.next() else { return .incomplete }
    guard let scalar = unit.scalar else {
      let couldGoOn =
        available.count < expected && available.dropFirst().allSatisfy { $0 & 0xC0 == 0x80 }
      return couldGoOn ? .incomplete : .events([], length: 1)
    }
    guard scalar.value >= 0xA0 else { return .events([], length: unit.length) }
    return .events([.key(.character(scalar))], length: unit.length)
  }

  private mutating func decodeEscape(
    _ bytes: ArraySlice<UInt8>, milliseconds: UInt64
  ) -> Step {
    let start = bytes.startIndex
    if let known = keys.match(bytes) { return .events([.key(known.key)], length: known.length) }
    guard bytes.count > 1 else { return .incomplete }
    switch bytes[start + 1] {
    case UInt8(ascii: "["):
      return decodeControlSequence(bytes, milliseconds: milliseconds)
    case UInt8(ascii: "O"):
      return decodeSingleShift(bytes)
    case 0x1B:
      // Alt with a cursor key, as rxvt sends it; else two Escs.
      guard bytes.count > 2 else { return .incomplete }
      let isSequence =
        bytes[start + 2] == UInt8(ascii: "[") || bytes[start + 2] == UInt8(ascii: "O")
      guard isSequence else { return .events([.key(.escape)], length: 1) }
      switch decodeEscape(bytes.dropFirst(), milliseconds: milliseconds) {
      case .events(_, let length), .pasteBegins(let length): return .events([], length: length + 1)
      case .incomplete: return .incomplete
      }
    case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"),
      UInt8(ascii: "X"):
      return skipControlString(bytes)
    case 0x00..<0x20:
      // Alt with Control; a plain Esc and then a control key are told apart by time only.
      return .events([], length: 2)
    case 0x80...:
      switch decodeUTF8(bytes.dropFirst()) {
      case .events(_, let length): return .events([], length: length + 1)
      default: return .incomplete
      }
    default:
      return .events([], length: 2)
    }
  }

  private mutating func decodeControlSequence(
    _ bytes: ArraySlice<UInt8>, milliseconds: UInt64
  ) -> Step {
    let start = bytes.startIndex
    if bytes.count > 2, bytes[start + 2] == UInt8(ascii: "[") {
      // The Linux console's F1 to F5: ESC [ [ A.
      guard bytes.count > 3 else { return .incomplete }
      let number = Int(bytes[start + 3]) - 0x40
      return .events((1...5).contains(number) ? [.key(.function(number))] : [], length: 4)
    }
    if mouse.isEnabled, bytes.count > 2, bytes[start + 2] == UInt8(ascii: "M") {
      guard bytes.count > 5 else { return .incomplete }
      let event = mouse.legacy(Array(bytes[(start + 3)..<(start + 6)]), milliseconds: milliseconds)
      return .events(event.map { [.mouse($0)] } ?? [], length: 6)
    }
    for index in (start + 2)..<bytes.endIndex {
      let byte = bytes[index]
      let length = index - start + 1
      switch byte {
      case 0x40...0x7E:
        return finish(
          ControlSequence(bytes[(start + 2)..<index], final: byte), length: length,
          milliseconds: milliseconds)
      case UInt8(ascii: "$")
      where index > start + 2 && (0x30...0x39).contains(bytes[start + 2]):
        // rxvt ends shifted keys in a dollar sign, which is no final byte anywhere else.
        return finish(
          ControlSequence(bytes[(start + 2)..<index], final: byte), length: length,
          milliseconds: milliseconds)
      case 0x20..<0x40 where length < Self.longestSequence: continue
      default: return .events([], length: index - start)
      }
    }
    return .incomplete
  }

  private mutating func finish(
    _ sequence: ControlSequence, length: Int, milliseconds: UInt64
  ) -> Step {
    if sequence.final == UInt8(ascii: "~"), sequence.parameters.first == 200 {
      return .pasteBegins(length: length)
    }
    if sequence.marker == UInt8(ascii: "<") {
      let event = mouse.extended(sequence, milliseconds: milliseconds)
      return .events(event.map { [.mouse($0)] } ?? [], length: length)
    }
    return .events(sequence.key.map { [.key($0)] } ?? [], length: length)
  }

  private func decodeSingleShift(_ bytes: ArraySlice<UInt8>) -> Step {
    let start = bytes.startIndex
    var index = start + 2
    // Modified keys of some emulators: ESC O 5 A.
    while index < bytes.endIndex, (0x30...0x39).contains(bytes[index]), index - start < 5 {
      index += 1
    }
    guard index < bytes.endIndex else { return .incomplete }
    guard bytes[index] >= 0x20 else { return .events([], length: index - start) }
    let key = ControlSequence.singleShiftKey(bytes[index])
    return .events(key.map { [.key($0)] } ?? [], length: index - start + 1)
  }

  /// Answers of the terminal that nobody asked for: up to BEL or ST.
  private func skipControlString(_ bytes: ArraySlice<UInt8>) -> Step {
    let start = bytes.startIndex
    for index in (start + 2)..<bytes.endIndex {
      if bytes[index] == 0x07 { return .events([], length: index - start + 1) }
      if bytes[index] == UInt8(ascii: "\\"), bytes[index - 1] == 0x1B {
        return .events([], length: index - start + 1)
      }
      if index - start >= Self.longestSequence { return .events([], length: index - start) }
    }
    return .incomplete
  }
}
