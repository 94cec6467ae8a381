private import CLinux
private import Glibc
private import Synchronization

/// Why a host name has no address.
package enum ResolveError: Error, Sendable, Hashable {
  /// What getaddrinfo said: "Name or service not known".
  case failed(String)
  case timeout
  case cancelled
  /// Too many names are being looked up already.
  case busy
}

/// Looks names up on a few threads of its own: getaddrinfo blocks, at times for half a minute,
/// and cannot be interrupted. A caller leaves at its deadline; the thread finishes when libc does.
package final class Resolver: Sendable {
  /// Threads at most; they end when no name waits.
  private static let threadLimit = 4
  private static let queueLimit = 256

  private struct Request {
    var id: UInt64
    var host: String
    var port: UInt16
  }

  fileprivate typealias Answer = Result<[SocketAddress], ResolveError>

  @safe
  private struct State {
    var lastID: UInt64 = 0
    var threads = 0
    var queue: [Request] = []
    var callers: [UInt64: UnsafeContinuation<Answer, Never>] = unsafe [:]
  }

  private let loop: EventLoop
  private let state = Mutex(State())

  package init(loop: EventLoop) { self.loop = loop }

  /// All addresses of a host, families alternating, in the order of the system's preference.
  package func addresses(
    of host: String, port: UInt16, until deadline: EventLoop.Instant
  ) async throws(ResolveError) -> [SocketAddress] {
    // A literal address needs no thread.
    if case .success(let literal) = Self.lookUp(host, port, numericOnly: true) { return literal }
    guard EventLoop.Instant.now() < deadline else { throw .timeout }
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    let timer = loop.schedule(at: deadline) { self.answer(id, .failure(.timeout)) }
    defer { loop.cancel(timer) }
    let answer = await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Answer, Never>) in
        unsafe start(Request(id: id, host: host, port: port), continuation)
        if Task.isCancelled { self.answer(id, .failure(.cancelled)) }
        if deadline <= .now() { self.answer(id, .failure(.timeout)) }
      }
    } onCancel: {
      self.answer(id, .failure(.cancelled))
    }
    return try answer.get()
  }

  private func start(_ request: Request, _ caller: UnsafeContinuation<Answer, Never>) {
    enum Next { case wait, thread, refuse }
    let next: Next = state.withLock { state in
      guard state.queue.count < Self.queueLimit else { return .refuse }
      unsafe state.callers[request.id] = caller
      state.queue.append(request)
      guard state.threads < Self.threadLimit else { return .wait }
      state.threads += 1
      return .thread
    }
    switch next {
    case .wait: break
    case .refuse: unsafe caller.resume(returning: .failure(.busy))
    case .thread:
      do {
        try Thread.start(name: "resolver", stackBytes: 512 << 10) { self.serve() }
      } catch {
        state.withLock { $0.threads -= 1 }
        answer(request.id, .failure(.failed(error.description)))
      }
    }
  }

  private func serve() {
    while true {
      let request: Request? = state.withLock { state in
        // Names that nobody waits for any more are not looked up.
        while let first = state.queue.first {
          state.queue.removeFirst()
          let isWanted = unsafe state.callers[first.id] != nil
          if isWanted { return first }
        }
        state.threads -= 1
        return nil
      }
      guard let request else { return }
      answer(request.id, Self.lookUp(request.host, request.port, numericOnly: false))
    }
  }

  private func answer(_ id: UInt64, _ answer: Answer) {
    let caller = unsafe state.withLock { unsafe $0.callers.removeValue(forKey: id) }
    unsafe caller?.resume(returning: answer)
  }

  private static func lookUp(_ host: String, _ port: UInt16, numericOnly: Bool) -> Answer {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICSERV | (numericOnly ? AI_NUMERICHOST : 0)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else {
      if code == EAI_SYSTEM { return .failure(.failed(SystemError.last("getaddrinfo").reason)) }
      return .failure(.failed(unsafe String(cString: gai_strerror(code))))
    }
    defer { unsafe freeaddrinfo(list) }
    var six: [SocketAddress] = []
    var four: [SocketAddress] = []
    var sixFirst = false
    var next = unsafe list
    while let entry = unsafe next {
      let length = unsafe Int(entry.pointee.ai_addrlen)
      if let raw = unsafe entry.pointee.ai_addr,
        let address = unsafe SocketAddress(copying: raw, length: length)
      {
        if six.isEmpty, four.isEmpty { sixFirst = address.isIPv6 }
        if address.isIPv6 { six.append(address) } else { four.append(address) }
      }
      unsafe next = entry.pointee.ai_next
    }
    // A name may have hundreds of addresses; one connect tries a few.
    let first = (sixFirst ? six : four).prefix(4)
    let second = (sixFirst ? four : six).prefix(4)
    var result: [SocketAddress] = []
    for index in 0..<max(first.count, second.count) {
      if index < first.count { result.append(first[index]) }
      if index < second.count { result.append(second[index]) }
    }
    return result.isEmpty ? .failure(.failed("the name has no address")) : .success(result)
  }
}
