import Glibc
import Synchronization
import TestKit

/// Stands between a runner and its server and does, once, what networks do at the worst moment.
final class TortureProxy: Sendable {
  enum Trouble: Sendable {
    case none
    /// What contains the word does not reach the server, and nothing after it on that connection.
    case holdRequest(String)
    /// It reaches the server; the answers do not come back.
    case holdReply(String)
    /// It reaches the server, and the client's connection is reset before an answer.
    case reset(String)
    /// Each time, before it reaches the server, another client says this.
    case others(String, say: [String])
    /// The server says something else, each time; of the same length.
    case answer(String, with: String)
  }

  let address: SocketAddress
  private let folder: TemporaryFolder
  private let state: State

  private final class State: Sendable {
    let listener: Int32
    let target: SocketAddress
    let trouble: Mutex<(trouble: Trouble, after: Int)>
    let hasHappened = Flag()
    let isClosed = Flag()

    init(_ listener: Int32, _ target: SocketAddress, _ trouble: Trouble, _ after: Int) {
      self.listener = listener
      self.target = target
      self.trouble = Mutex((trouble, after))
    }

    /// The trouble that these bytes are in for; it happens once.
    func look(_ bytes: [UInt8]) -> Trouble {
      trouble.withLock { state in
        let word: String
        switch state.trouble {
        case .none: return .none
        case .holdRequest(let text), .holdReply(let text), .reset(let text): word = text
        case .others(let text, _): word = text
        case .answer: return .none
        }
        guard bytes.firstRange(of: Array(word.utf8)) != nil else { return .none }
        if case .others = state.trouble { return state.trouble }
        state.after -= 1
        guard state.after < 0 else { return .none }
        defer { state.trouble = .none }
        return state.trouble
      }
    }
  }

  /// - Parameter after: the word is let through so many times first.
  init(to target: SocketAddress, _ trouble: Trouble, after: Int = 0) throws {
    folder = try TemporaryFolder()
    address = .unix(path: folder.file("proxy.sock"))
    let state = State(try SocketIO.listen(address), target, trouble, after)
    self.state = state
    BackgroundThread.start(name: "proxy") { Self.serve(state) }
  }

  deinit { state.isClosed.set() }

  var hasHappened: Bool { state.hasHappened.isSet }

  private static func serve(_ state: State) {
    while !state.isClosed.isSet {
      guard SocketIO.isReadable(state.listener, within: 0.05) else { continue }
      let client = accept(state.listener, nil, nil)
      guard client >= 0 else { continue }
      BackgroundThread.start(name: "proxied") {
        if let server = try? SocketIO.connect(state.target) {
          pass(state, client: client, server: server)
          close(server)
        }
        close(client)
      }
    }
    close(state.listener)
  }

  private static func pass(_ state: State, client: Int32, server: Int32) {
    var isHeld = false
    while !state.isClosed.isSet {
      var watch = [
        pollfd(fd: client, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isHeld ? -1 : server, events: Int16(POLLIN), revents: 0),
      ]
      guard unsafe poll(&watch, 2, 50) >= 0 || errno == EINTR else { return }
      do throws(TestKitError) {
        if watch[0].revents != 0 {
          guard let bytes = try SocketIO.read(client, within: 0), !bytes.isEmpty else { return }
          if !isHeld {
            switch state.look(bytes) {
            case .others(_, let words):
              try RedisConnection(state.target, password: nil, within: 5).command(words)
              state.hasHappened.set()
              try SocketIO.writeAll(server, bytes, within: 10)
            case .none, .answer: try SocketIO.writeAll(server, bytes, within: 10)
            case .holdRequest:
              isHeld = true
              state.hasHappened.set()
            case .holdReply:
              isHeld = true
              try SocketIO.writeAll(server, bytes, within: 10)
              state.hasHappened.set()
            case .reset:
              try SocketIO.writeAll(server, bytes, within: 10)
              // Done there before the client hears of its end.
              _ = SocketIO.isReadable(server, within: 5)
              state.hasHappened.set()
              return
            }
          }
        }
        if watch[1].revents != 0 {
          guard var bytes = try SocketIO.read(server, within: 0), !bytes.isEmpty else { return }
          if case .answer(let old, let new) = state.trouble.withLock({ $0.trouble }) {
            bytes.replace(Array(old.utf8), with: Array(new.utf8))
          }
          try SocketIO.writeAll(client, bytes, within: 10)
        }
      } catch {
        return
      }
    }
  }
}
