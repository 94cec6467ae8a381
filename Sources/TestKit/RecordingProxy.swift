private import Glibc
private import Synchronization

/// Stands between a client and a server and keeps every byte that the client sends: what a test of
/// "nothing else reached the server" reads. It may cut what passes into pieces.
package final class RecordingProxy: Sendable {
  package let address: SocketAddress
  private let folder: TemporaryFolder
  private let state: State

  private final class State: Sendable {
    let listener: Int32
    let target: Mutex<SocketAddress>
    let piece: Int
    let recorded = Mutex<[Int: [UInt8]]>([:])
    let isClosed = Mutex(false)

    init(_ listener: Int32, _ target: SocketAddress, _ piece: Int) {
      self.piece = piece
      self.listener = listener
      self.target = Mutex(target)
    }
  }

  /// Listens on a Unix socket of its own, or a free port, and passes everything on to `target`.
  ///
  /// - Parameter piece: bytes at most of each write, in both directions.
  package init(
    to target: SocketAddress, on transport: RedisServer.Transport = .unixSocket,
    piece: Int = .max
  ) throws(TestKitError) {
    folder = try TemporaryFolder()
    let listener: Int32
    switch transport {
    case .unixSocket:
      address = .unix(path: folder.file("proxy.sock"))
      listener = try SocketIO.listen(address)
    case .loopback:
      listener = try SocketIO.listen(.loopback(port: 0))
      address = .loopback(port: try SocketIO.port(of: listener))
    }
    let state = State(listener, target, piece)
    self.state = state
    BackgroundThread.start { Self.serve(state) }
  }

  deinit { state.isClosed.withLock { $0 = true } }

  /// From now on new connections lead there.
  package func retarget(_ target: SocketAddress) { state.target.withLock { $0 = target } }

  package var url: String {
    switch address {
    case .unix(let path): "unix://\(path)"
    case .loopback(let port): "redis://127.0.0.1:\(port)"
    }
  }

  /// Bytes from client to server so far, one array for each connection, oldest first.
  package var bytes: [[UInt8]] {
    state.recorded.withLock { recorded in
      recorded.sorted { $0.key < $1.key }.map { $0.value }
    }
  }

  /// The commands that were sent, decoded; a connection's unfinished last one is left out.
  package var commands: [[String]] { bytes.flatMap(Self.decode) }

  private static func serve(_ state: State) {
    var count = 0
    while !state.isClosed.withLock({ $0 }) {
      guard SocketIO.isReadable(state.listener, within: 0.05) else { continue }
      let client = accept(state.listener, nil, nil)
      guard client >= 0 else { continue }
      count += 1
      let number = count
      BackgroundThread.start {
        if let server = try? SocketIO.connect(state.target.withLock({ $0 })) {
          // Else each piece would wait until the one before it was acknowledged.
          for descriptor in [client, server] where state.piece != .max {
            var on: Int32 = 1
            unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
          }
          pass(state, number, client: client, server: server)
          close(server)
        }
        close(client)
      }
    }
    close(state.listener)
  }

  private static func pass(_ state: State, _ number: Int, client: Int32, server: Int32) {
    while !state.isClosed.withLock({ $0 }) {
      var watch = [
        pollfd(fd: client, events: Int16(POLLIN), revents: 0),
        pollfd(fd: server, events: Int16(POLLIN), revents: 0),
      ]
      guard unsafe poll(&watch, 2, 50) >= 0 || errno == EINTR else { return }
      do throws(TestKitError) {
        if watch[0].revents != 0 {
          guard let bytes = try SocketIO.read(client, within: 0), !bytes.isEmpty else { return }
          state.recorded.withLock { $0[number, default: []] += bytes }
          try write(bytes, to: server, state.piece)
        }
        if watch[1].revents != 0 {
          guard let bytes = try SocketIO.read(server, within: 0), !bytes.isEmpty else { return }
          try write(bytes, to: client, state.piece)
        }
      } catch {
        return
      }
    }
  }

  private static func write(
    _ bytes: [UInt8], to descriptor: Int32, _ piece: Int
  ) throws(TestKitError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(piece))
      try SocketIO.writeAll(descriptor, part, within: 10)
      rest = rest.dropFirst(part.count)
    }
  }

  /// Commands in RESP arrays; anything else ends the decoding.
  private static func decode(_ bytes: [UInt8]) -> [[String]] {
    var commands: [[String]] = []
    var at = 0
    func number(_ prefix: Character) -> Int? {
      guard at < bytes.count, bytes[at] == prefix.asciiValue,
        let end = bytes[at...].firstIndex(of: 13), end + 1 < bytes.count
      else { return nil }
      defer { at = end + 2 }
      return Int(String(decoding: bytes[(at + 1)..<end], as: UTF8.self))
    }
    while let count = number("*") {
      var words: [String] = []
      for _ in 0..<count {
        guard let length = number("$"), length >= 0, at + length + 2 <= bytes.count else {
          return commands
        }
        words.append(String(decoding: bytes[at..<at + length], as: UTF8.self))
        at += length + 2
      }
      commands.append(words)
    }
    return commands
  }
}
