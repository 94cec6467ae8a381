package import Redis

/// One SLOWLOG entry as the server sent it; its arguments may hold personal data and must go
/// through ``ArgumentMask`` before they are kept.
package struct SlowlogItem: Sendable, Hashable {
  package var id: UInt64
  /// Unix time of the server.
  package var seconds: UInt64
  package var microseconds: UInt64
  package var arguments: [[UInt8]]
  package var client: String
  package var clientName: String

  package init(
    id: UInt64, seconds: UInt64, microseconds: UInt64, arguments: [[UInt8]], client: String = "",
    clientName: String = ""
  ) {
    self.id = id
    self.seconds = seconds
    self.microseconds = microseconds
    self.arguments = arguments
    self.client = client
    self.clientName = clientName
  }

  /// Servers cut a command to 32 arguments of 128 bytes; a hostile one may not.
  private static let maximumArguments = 64
  private static let maximumBytes = 512

  /// An entry of the reply to SLOWLOG GET.
  package init(_ row: SlowlogRow) {
    func text(_ bytes: [UInt8]) -> String {
      String(decoding: bytes.prefix(Self.maximumBytes), as: UTF8.self)
    }
    self.init(
      id: row.id, seconds: row.timestamp, microseconds: row.microseconds,
      arguments: row.arguments.prefix(Self.maximumArguments).map {
        Array($0.prefix(Self.maximumBytes))
      }, client: text(row.client), clientName: text(row.clientName))
  }
}
