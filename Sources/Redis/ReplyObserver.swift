/// Sees what a client exchanges with its server, in the server's order.
package protocol ReplyObserver: AnyObject, Sendable {
  /// A batch of this many bytes was handed to the connection.
  func sent(bytes: Int)

  /// The server answered `command`, whether or not somebody still waits for it.
  ///
  /// `token` is what the sender gave to tell its command from others, 0 for none.
  func answered(_ command: RedisCommand, _ reply: RESPValue, bytes: Int, token: UInt64)
}
