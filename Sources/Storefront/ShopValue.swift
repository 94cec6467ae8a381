/// What stands under a key.
package enum ShopValue: Sendable, Hashable {
  case string([UInt8])
  case hash([Pair])
  case list([[UInt8]])
  case sortedSet([Scored])

  package struct Pair: Sendable, Hashable {
    package var field: String
    package var value: [UInt8]
  }

  package struct Scored: Sendable, Hashable {
    package var member: String
    package var score: Int
  }

  /// Payload: of a hash its fields and values, of a sorted set its members and 8 bytes a score.
  package var byteCount: Int {
    switch self {
    case .string(let bytes): bytes.count
    case .hash(let pairs): pairs.reduce(0) { $0 + $1.field.utf8.count + $1.value.count }
    case .list(let elements): elements.reduce(0) { $0 + $1.count }
    case .sortedSet(let members): members.reduce(0) { $0 + $1.member.utf8.count + 8 }
    }
  }
}
