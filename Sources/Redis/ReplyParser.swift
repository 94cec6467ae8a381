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
  /// In memory of its own: hiredis' calls change it in the middle of ours.
  private let builder: UnsafeMutablePointer<ReplyBuilder>
  private let limits: ReplyBuilder.Limits
  /// Bytes since the last complete reply, of which hiredis buffers a whole bulk string.
  private var incomplete = 0

  /// The longest status, error or length line: hiredis looks through an unfinished line anew each
  /// time that it is fed.
  private static let lineLimit = 64 << 10
  /// hiredis moves what is left after each kilobyte that it consumed: small meals move little.
  private static let mealBytes = 16 << 10

  package init(limits: ReplyBuilder.Limits) {
    self.limits = limits
    unsafe builder = UnsafeMutablePointer<ReplyBuilder>.allocate(capacity: 1)
    unsafe builder.initialize(to: ReplyBuilder(limits: limits))
    unsafe sink = UnsafeMutablePointer<chiredis_sink>.allocate(capacity: 1)
    unsafe sink.initialize(to: Self.sink(for: builder))
    guard let reader = unsafe chiredis_reader_create(sink) else {
      // Nothing else of the process would work either; Swift's own allocations trap here as well.
      preconditionFailure("out of memory")
    }
    unsafe self.reader = reader
    // Keep the buffer between replies, but give back what one huge reply needed.
    unsafe reader.pointee.maxbuf = max(1, limits.keptBytes)
  }

  deinit {
    unsafe redisReaderFree(reader)
    unsafe sink.deallocate()
    unsafe builder.deinitialize(count: 1)
    unsafe builder.deallocate()
  }

  /// True while a reply has begun and not ended.
  package var isInReply: Bool { incomplete > 0 }

  /// The next complete reply and its length on the wire, from what was taken before and from the
  /// front of `bytes`; nil once all of `bytes` is taken and no reply is complete.
  package func nextReply(
    from bytes: inout Slice<UnsafeRawBufferPointer>
  ) throws(ReplyFailure) -> (RESPValue, Int)? {
    while true {
      var object: UnsafeMutableRawPointer?
      guard unsafe redisReaderGetReply(reader, &object) == REDIS_OK else { throw failure }
      if unsafe object != nil, let value = unsafe builder.pointee.takeComplete() {
        let pending = unsafe chiredis_pending(reader)
        let length = incomplete - pending
        incomplete = pending
        return (value, length)
      }
      try checkPending()
      if unsafe bytes.isEmpty { return nil }
      let meal = unsafe UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.mealBytes))
      unsafe bytes = bytes.dropFirst(meal.count)
      let start = unsafe meal.baseAddress?.assumingMemoryBound(to: CChar.self)
      guard unsafe redisReaderFeed(reader, start, meal.count) == REDIS_OK else {
        throw .malformed("out of memory")
      }
      incomplete += meal.count
    }
  }

  /// Ends what would be too long before it has been buffered.
  private func checkPending() throws(ReplyFailure) {
    guard incomplete <= limits.replyBytes else { throw .tooLong }
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
    if isLength, announced > limits.replyBytes { throw .tooLong }
    if !isLength, pending > Self.lineLimit { throw .tooLong }
  }

  private var failure: ReplyFailure {
    switch unsafe builder.pointee.refusal {
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
  /// The sink refers to the builder without owning it: the reader goes first.
  private static func sink(for builder: UnsafeMutablePointer<ReplyBuilder>) -> chiredis_sink {
    unsafe chiredis_sink(
      context: UnsafeMutableRawPointer(builder),
      string: { context, type, bytes, length in
        let bytes = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
        return unsafe ReplyParser.add(ReplyParser.value(type, bytes), to: context)
      },
      array: { context, count in
        let builder = unsafe context?.assumingMemoryBound(to: ReplyBuilder.self)
        return unsafe builder?.pointee.beginArray(count) == true ? 1 : 0
      },
      integer: { context, value in unsafe ReplyParser.add(.integer(value), to: context) },
      null: { context in unsafe ReplyParser.add(.null, to: context) })
  }

  private static func add(_ value: consuming RESPValue?, to context: UnsafeMutableRawPointer?)
    -> Int32
  {
    guard let value = consume value,
      let builder = unsafe context?.assumingMemoryBound(to: ReplyBuilder.self)
    else { return 0 }
    return unsafe builder.pointee.add(value) ? 1 : 0
  }

  private static func value(_ type: Int32, _ bytes: UnsafeRawBufferPointer) -> RESPValue? {
    switch type {
    case REDIS_REPLY_STRING: .bulk(unsafe Array(bytes))
    case REDIS_REPLY_STATUS: .simple(unsafe Array(bytes))
    case REDIS_REPLY_ERROR: .error(unsafe PlainText.safe(bytes, limit: 400))
    // Verbatim strings and big numbers belong to RESP3.
    default: nil
    }
  }
}
