internal import CHiredis

/// Why the bytes of a server are no acceptable reply.
package enum ReplyFailure: Error, Sendable, Hashable {
  /// Not RESP2: what hiredis says.
  case malformed(String)
  case tooLong
  case tooManyElements
  case tooDeep
}

/// hiredis' reader, feeding a `ReplyBuilder`. Not thread-safe: one owner, one thread.
@safe
package final class ReplyParser {
  private let reader: UnsafeMutablePointer<redisReader>
  private let sink: UnsafeMutablePointer<chiredis_sink>
  private var builder: ReplyBuilder
  /// Bytes since the last complete reply, of which hiredis buffers a whole bulk string.
  private var incomplete = 0

  /// The longest status, error or length line: hiredis looks through an unfinished line anew each
  /// time that it is fed.
  private static let lineLimit = 64 << 10
  /// hiredis moves what is left after each kilobyte that it consumed: small meals move little.
  private static let mealBytes = 16 << 10

  package init(limits: ReplyBuilder.Limits) {
    builder = ReplyBuilder(limits: limits)
    unsafe sink = UnsafeMutablePointer<chiredis_sink>.allocate(capacity: 1)
    unsafe sink.initialize(to: Self.sinkWithoutContext())
    guard let reader = unsafe chiredis_reader_create(sink) else {
      // Nothing else of the process would work either; Swift's own allocations trap here as well.
      preconditionFailure("out of memory")
    }
    unsafe self.reader = reader
    // Unowned: the parser frees the reader before it goes.
    unsafe sink.pointee.context = Unmanaged.passUnretained(self).toOpaque()
    // Keep the buffer between replies, but give back what one huge reply needed.
    unsafe reader.pointee.maxbuf = 256 << 10
  }

  deinit {
    unsafe redisReaderFree(reader)
    unsafe sink.deallocate()
  }

  /// True while a reply has begun and not ended.
  package var isInReply: Bool { incomplete > 0 }

  /// Feeds bytes and hands out each complete reply with its length on the wire.
  package func feed(
    _ bytes: UnsafeRawBufferPointer, each: (RESPValue, Int) -> Void
  ) throws(ReplyFailure) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let meal = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(Self.mealBytes))
      unsafe rest = rest.dropFirst(meal.count)
      guard
        unsafe redisReaderFeed(
          reader, meal.baseAddress?.assumingMemoryBound(to: CChar.self), meal.count) == REDIS_OK
      else { throw .malformed("out of memory") }
      incomplete += meal.count
      try parse(each)
    }
  }

  private func parse(_ each: (RESPValue, Int) -> Void) throws(ReplyFailure) {
    while true {
      var object: UnsafeMutableRawPointer?
      guard unsafe redisReaderGetReply(reader, &object) == REDIS_OK else { throw failure }
      guard unsafe object != nil else { break }
      let pending = unsafe chiredis_pending(reader)
      let length = incomplete - pending
      incomplete = pending
      if let value = builder.takeComplete() { each(value, length) }
    }
    try checkPending()
  }

  /// Ends what would be too long before it has been buffered.
  private func checkPending() throws(ReplyFailure) {
    guard incomplete <= builder.limits.replyBytes else { throw .tooLong }
    let pending = unsafe chiredis_pending(reader)
    guard pending > 0 else { return }
    // hiredis has taken the type's byte. Of the complete lines only a bulk string's length is left
    // standing, until the string is here: digits and a line end are an announced length.
    let text = unsafe UnsafeBufferPointer(start: chiredis_pending_bytes(reader), count: pending)
    var announced: UInt64 = 0
    var digits = 0
    // 19 digits always fit into 64 bits; hiredis refuses longer lengths.
    while digits < min(pending, 19), unsafe text[digits] >= 0x30, unsafe text[digits] <= 0x39 {
      announced = announced * 10 + UInt64(unsafe text[digits] - 0x30)
      digits += 1
    }
    let isLength = unsafe digits > 0 && text.dropFirst(digits).starts(with: [0x0D, 0x0A])
    if isLength, announced > builder.limits.replyBytes { throw .tooLong }
    if !isLength, pending > Self.lineLimit { throw .tooLong }
  }

  private var failure: ReplyFailure {
    switch builder.refusal {
    case .elements: return .tooManyElements
    case .nesting: return .tooDeep
    case nil: break
    }
    let text = unsafe String(cString: chiredis_error(reader))
    // hiredis 0.14 has its own bound of 8 levels.
    return text.contains("nested multi bulk") ? .tooDeep : .malformed(text)
  }
}

// MARK: What hiredis calls

extension ReplyParser {
  private static func sinkWithoutContext() -> chiredis_sink {
    unsafe chiredis_sink(
      context: nil,
      string: { context, type, bytes, length in
        guard let context = unsafe context else { return 0 }
        let bytes = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
        return unsafe ReplyParser.from(context).addString(type, bytes)
      },
      array: { context, count in
        guard let context = unsafe context else { return 0 }
        return unsafe ReplyParser.from(context).builder.beginArray(count) ? 1 : 0
      },
      integer: { context, value in
        guard let context = unsafe context else { return 0 }
        return unsafe ReplyParser.from(context).builder.add(.integer(value)) ? 1 : 0
      },
      null: { context in
        guard let context = unsafe context else { return 0 }
        return unsafe ReplyParser.from(context).builder.add(.null) ? 1 : 0
      })
  }

  private static func from(_ context: UnsafeMutableRawPointer) -> ReplyParser {
    unsafe Unmanaged<ReplyParser>.fromOpaque(context).takeUnretainedValue()
  }

  private func addString(_ type: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    let value: RESPValue
    switch type {
    case REDIS_REPLY_STRING: value = .bulk(unsafe Array(bytes))
    case REDIS_REPLY_STATUS: value = .simple(unsafe Array(bytes))
    case REDIS_REPLY_ERROR: value = .error(unsafe PlainText.safe(bytes, limit: 400))
    // Verbatim strings and big numbers belong to RESP3.
    default: return 0
    }
    return builder.add(value) ? 1 : 0
  }
}
