/// A RESP2 reply as a test compares it.
package indirect enum RedisReply: Sendable, Hashable {
  case simple(String)
  case error(String)
  case integer(Int64)
  case bulk([UInt8])
  case array([RedisReply])
  case null

  /// Text of a simple or bulk string, digits of an integer; nil for anything else.
  package var text: String? {
    switch self {
    case .simple(let text): return text
    case .bulk(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .integer(let value): return String(value)
    case .error, .array, .null: return nil
    }
  }

  package var integer: Int64? {
    if case .integer(let value) = self { return value }
    return nil
  }

  package var array: [RedisReply]? {
    if case .array(let items) = self { return items }
    return nil
  }

  package var errorText: String? {
    if case .error(let text) = self { return text }
    return nil
  }
}
