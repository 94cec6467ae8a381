/// Bytes on their way to a socket: appended at the end, sent from the start.
struct OutputBuffer {
  /// Filled beyond `end`, so that appending is one bounds check and plain stores.
  private var storage: [UInt8] = []
  private var start = 0
  private var end = 0

  /// Bytes that are not sent yet.
  var count: Int { end - start }

  var isEmpty: Bool { start == end }

  /// Appends a command as RESP, an array of bulk strings, and tells how many bytes that were.
  mutating func append(_ command: RedisCommand) -> Int {
    let limit = command.encodedSizeLimit
    if storage.count - end < limit { grow(by: limit) }
    let position = end
    var name = command.name
    unsafe storage.withUnsafeMutableBytes { raw in
      var writer = unsafe Writer(raw, position)
      writer.put(UInt8(ascii: "*"), command.arguments.count + 1)
      name.withUTF8 { unsafe writer.put(bulk: UnsafeRawBufferPointer($0)) }
      for argument in command.arguments {
        unsafe argument.withUnsafeBytes { unsafe writer.put(bulk: $0) }
      }
      end = writer.position
    }
    return end - position
  }

  /// Takes the newest bytes back.
  mutating func removeLast(_ count: Int) { end -= count }

  /// Marks bytes as sent.
  mutating func consume(_ count: Int) {
    start += count
    guard isEmpty else { return }
    start = 0
    end = 0
    // Give back what one large command needed.
    if storage.count > 256 << 10 { storage = [] }
  }

  mutating func removeAll() {
    storage = []
    start = 0
    end = 0
  }

  func withUnsentBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    unsafe storage.withUnsafeBytes {
      unsafe body(UnsafeRawBufferPointer(rebasing: $0[start..<end]))
    }
  }

  private mutating func grow(by needed: Int) {
    var larger = [UInt8](
      repeating: 0, count: max(4096, storage.count * 2, (count + needed) * 5 / 4))
    larger.replaceSubrange(0..<count, with: storage[start..<end])
    storage = larger
    end -= start
    start = 0
  }

  /// Writes into memory of which `encodedSizeLimit` bytes are known to be free.
  @safe
  private struct Writer {
    let raw: UnsafeMutableRawBufferPointer
    var position: Int

    init(_ raw: UnsafeMutableRawBufferPointer, _ position: Int) {
      unsafe self.raw = raw
      self.position = position
    }

    /// `mark`, the number in decimal, a line end.
    mutating func put(_ mark: UInt8, _ number: Int) {
      unsafe raw[position] = mark
      position += 1
      var digits = 1
      var bound = 10
      // 19 digits are as many as an Int has.
      while digits < 19, number >= bound {
        digits += 1
        bound = bound.multipliedReportingOverflow(by: 10).partialValue
      }
      var rest = number
      for index in stride(from: position + digits - 1, through: position, by: -1) {
        unsafe raw[index] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
        rest /= 10
      }
      position += digits
      putLineEnd()
    }

    mutating func put(bulk bytes: UnsafeRawBufferPointer) {
      put(UInt8(ascii: "$"), bytes.count)
      if let source = bytes.baseAddress, let target = unsafe raw.baseAddress {
        unsafe (target + position).copyMemory(from: source, byteCount: bytes.count)
      }
      position += bytes.count
      putLineEnd()
    }

    private mutating func putLineEnd() {
      unsafe raw[position] = 0x0D
      unsafe raw[position + 1] = 0x0A
      position += 2
    }
  }
}
