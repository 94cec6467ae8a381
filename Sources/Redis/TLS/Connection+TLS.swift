internal import Crypto
internal import EventLoop
private import Glibc
internal import Synchronization

/// What a TLS step waits for beside its own direction; used on the loop's thread only.
struct TLSNeeds {
  /// A write goes on once something was read.
  var writeNeedsRead = false
  /// A read goes on once something was written.
  var readNeedsWrite = false
}

extension Connection {
  /// As `flush`, over TLS.
  func flush(over session: TLSSession) {
    // Safe: it stays on this thread, and the lock's closure ends before this function does.
    nonisolated(unsafe) let session = session
    let broken = state.withLock { state -> TLSSession.Step? in
      state.isFlushScheduled = false
      guard let descriptor = state.descriptor else { return nil }
      unsafe needs.writeNeedsRead = false
      while !state.out.isEmpty {
        let step = unsafe state.out.withUnsentBytes { unsafe session.write($0) }
        switch step {
        case .done(let count):
          state.out.consume(count)
          state.sent += UInt64(count)
        case .wantsWrite:
          setWantsWrite(true, &state, descriptor)
          return nil
        case .wantsRead:
          unsafe needs.writeNeedsRead = true
          setWantsWrite(unsafe needs.readNeedsWrite, &state, descriptor)
          return nil
        case .closed, .failed: return step
        }
      }
      setWantsWrite(unsafe needs.readNeedsWrite, &state, descriptor)
      return nil
    }
    switch broken {
    case .failed(let failure): end(unsafe lastWords(session, failure))
    case nil: break
    default: end(connectionLost(nil))
    }
  }

  /// A server that refuses us says why and closes: our write then fails before we have read it.
  private func lastWords(_ session: TLSSession, _ failure: TLSFailure) -> RedisError {
    guard failure.reason == .system else { return error(failure) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    for _ in 0..<4 {
      switch unsafe buffer.withUnsafeMutableBytes({ unsafe session.read(into: $0) }) {
      case .done: continue
      case .failed(let reason) where reason.reason != .system: return error(reason)
      case .wantsRead, .wantsWrite, .closed, .failed: return error(failure)
      }
    }
    return error(failure)
  }

  /// As the end of `ready`, over TLS.
  func receive(over session: TLSSession, _ scratch: UnsafeMutableRawBufferPointer) {
    unsafe needs.readNeedsWrite = false
    // A step brings one record of at most 16 KiB, all of it, since the buffer is larger: nothing stays
    // inside the session that the socket's readiness would not tell of.
    for _ in 0..<32 {
      guard let descriptor = state.withLock({ $0.descriptor }) else { return }
      switch unsafe session.read(into: scratch) {
      case .done(let count):
        guard unsafe take(UnsafeRawBufferPointer(rebasing: scratch.prefix(count))) else { return }
      case .wantsRead: return
      case .wantsWrite:
        unsafe needs.readNeedsWrite = true
        state.withLock { setWantsWrite(true, &$0, descriptor) }
        return
      case .closed:
        end(connectionLost(nil))
        return
      case .failed(let failure):
        end(error(failure))
        return
      }
    }
  }

  private func error(_ failure: TLSFailure) -> RedisError {
    failure.reason == .system
      ? connectionLost(SystemError("TLS", code: failure.systemCode))
      : .tls(failure, endpoint: endpoint, action: "")
  }
}
