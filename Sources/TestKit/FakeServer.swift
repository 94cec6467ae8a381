private import Glibc
private import Synchronization

/// A listener that plays a fixed script to each client: what no real server does on request.
package final class FakeServer: Sendable {
  /// One thing that it does on a connection, in order; at the end of the script it closes.
  package enum Step: Sendable {
    /// Waits until the client has sent something (and takes it).
    case awaitRequest
    case send([UInt8])
    /// Sends `block` again and again until `count` bytes are out or the client is gone.
    case repeatBlock([UInt8], count: Int)
    /// Answers whatever comes, the n-th time with the n-th reply, until the client is gone.
    case answer(@Sendable (_ number: Int) -> [UInt8])
    /// Says nothing more and keeps the connection until the client closes it.
    case hang
    /// Resets the connection (RST) instead of closing it.
    case reset
  }

  package let address: SocketAddress
  private let folder: TemporaryFolder
  private let state: State

  private final class State: Sendable {
    let listener: Int32
    let script: [Step]
    let accepted = Mutex(0)
    let isClosed = Mutex(false)

    init(_ listener: Int32, _ script: [Step]) {
      self.listener = listener
      self.script = script
    }
  }

  package init(_ transport: RedisServer.Transport = .loopback, script: [Step])
    throws(TestKitError)
  {
    folder = try TemporaryFolder()
    let listener: Int32
    switch transport {
    case .unixSocket:
      address = .unix(path: folder.file("fake.sock"))
      listener = try SocketIO.listen(address)
    case .loopback:
      listener = try SocketIO.listen(.loopback(port: 0))
      address = .loopback(port: try SocketIO.port(of: listener))
    }
    let state = State(listener, script)
    self.state = state
    BackgroundThread.start { Self.serve(state) }
  }

  deinit { state.isClosed.withLock { $0 = true } }

  /// Connections accepted so far.
  package var connections: Int { state.accepted.withLock { $0 } }

  /// `redis://127.0.0.1:1234` or `unix:///tmp/…`
  package var url: String {
    switch address {
    case .unix(let path): return "unix://\(path)"
    case .loopback(let port): return "redis://127.0.0.1:\(port)"
    }
  }

  // MARK: Scripts that several tests need

  /// An HTTP server that does not understand the request.
  package static let http: [Step] = [
    .awaitRequest,
    .send(
      Array(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nBad"
          .utf8)),
  ]
  /// Half a reply, then the end of the connection.
  package static let dropMidReply: [Step] = [.awaitRequest, .send(Array("$1000\r\nabc".utf8))]
  /// A bulk string of 512 MB, really sent.
  package static let hugeReply: [Step] = [
    .awaitRequest, .send(Array("$536870912\r\n".utf8)),
    .repeatBlock([UInt8](repeating: UInt8(ascii: "x"), count: 65_536), count: 536_870_912),
    .send([13, 10]), .hang,
  ]
  /// An array in an array, 10,000 deep.
  package static let deepReply: [Step] = [
    .awaitRequest, .repeatBlock(Array("*1\r\n".utf8), count: 40_000), .send(Array(":1\r\n".utf8)),
    .hang,
  ]
  /// An array that claims to have a thousand million elements.
  package static let wideReply: [Step] = [
    .awaitRequest, .send(Array("*1000000000\r\n".utf8)), .hang,
  ]
  /// Accepts and never answers.
  package static let silent: [Step] = [.hang]

  private static func serve(_ state: State) {
    while !state.isClosed.withLock({ $0 }) {
      guard SocketIO.isReadable(state.listener, within: 0.05) else { continue }
      let client = accept(state.listener, nil, nil)
      guard client >= 0 else { continue }
      state.accepted.withLock { $0 += 1 }
      BackgroundThread.start {
        play(state, client)
        close(client)
      }
    }
    close(state.listener)
  }

  private static func play(_ state: State, _ client: Int32) {
    for step in state.script {
      do throws(TestKitError) {
        switch step {
        case .awaitRequest:
          guard try SocketIO.read(client, within: 30)?.isEmpty == false else { return }
        case .send(let bytes): try SocketIO.writeAll(client, bytes, within: 30)
        case .repeatBlock(let block, let count):
          var sent = 0
          while sent < count {
            let part = Array(block.prefix(count - sent))
            try SocketIO.writeAll(client, part, within: 30)
            sent += part.count
          }
        case .answer(let reply):
          var number = 0
          while !state.isClosed.withLock({ $0 }) {
            guard let request = try SocketIO.read(client, within: 0.05) else { continue }
            if request.isEmpty { return }
            try SocketIO.writeAll(client, reply(number), within: 30)
            number += 1
          }
        case .hang:
          while !state.isClosed.withLock({ $0 }) {
            if try SocketIO.read(client, within: 0.05)?.isEmpty == true { return }
          }
        case .reset:
          var abort = linger(l_onoff: 1, l_linger: 0)
          unsafe setsockopt(
            client, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
          return
        }
      } catch {
        return  // The client is gone: the script is over.
      }
    }
  }
}
