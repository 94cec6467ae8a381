internal import EventLoop
private import Glibc
internal import Synchronization

extension Connection {
  func ready(_ readiness: Readiness, scratch: UnsafeMutableRawBufferPointer) {
    if unsafe readiness.contains(.writable) || needs.writeNeedsRead { flush() }
    if let session = unsafe session {
      unsafe receive(over: session, scratch)
      return
    }
    guard readiness.intersection([.readable, .closed]) != [] else { return }
    // Bounded, so that one fast server does not keep the others waiting.
    for _ in 0..<8 {
      guard let descriptor = state.withLock({ $0.descriptor }) else { return }
      let count = unsafe recv(descriptor.number, scratch.baseAddress, scratch.count, 0)
      if count > 0 {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: scratch.prefix(count))
        guard unsafe take(bytes) else { return }
        // Less than asked for: nothing more is there now.
        if count < scratch.count { return }
      } else if count == 0 {
        end(connectionLost(nil))
        return
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        end(connectionLost(.init("recv", code: errno)))
        return
      }
    }
  }

  /// A caller and what it gets, kept until the lock is released.
  enum Delivery {
    case one(Caller, RESPValue)
    case many(Caller, [RESPValue])
  }

  /// What one read brought.
  struct Harvest {
    var deliveries: [Delivery] = []
    /// For the observer: commands and their replies, in order.
    var seen: [(Observed, index: Int, reply: RESPValue, bytes: Int)] = []
    /// Why the connection cannot go on.
    var error: RedisError?
  }

  /// Parses and gives each reply to the oldest entry. False if the connection has ended.
  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if unsafe firstBytes.count < 64 {
      unsafe firstBytes.append(contentsOf: bytes.prefix(64))
    }
    // Safe: both stay on this thread, and the lock's closure ends before this function does.
    nonisolated(unsafe) let (parser, bytes) = unsafe (parser, bytes)
    let harvest = state.withLock { state -> Harvest in
      var harvest = Harvest()
      let wasWaiting = !state.queue.isEmpty
      do throws(ReplyFailure) {
        var rest = unsafe bytes[...]
        while let (reply, count) = unsafe try parser.nextReply(from: &rest) {
          answer(reply, count, &state, &harvest)
        }
      } catch {
        if harvest.error == nil { harvest.error = self.error(error) }
      }
      if wasWaiting, state.queue.isEmpty { loop.countWaiting(-1) }
      return harvest
    }
    if let observer {
      for (observed, index, reply, bytes) in harvest.seen {
        observer.answered(
          observed.commands[index], reply, bytes: bytes, token: observed.token)
      }
    }
    for delivery in harvest.deliveries {
      switch delivery {
      case .one(.one(let caller), let reply): unsafe caller.resume(returning: .success(reply))
      case .many(.many(let caller), let replies): unsafe caller.resume(returning: .success(replies))
      case .one, .many: break
      }
    }
    if let error = harvest.error { end(error) }
    return harvest.error == nil
  }

  func answer(
    _ reply: consuming RESPValue, _ bytes: Int, _ state: inout State, _ harvest: inout Harvest
  ) {
    guard harvest.error == nil else { return }
    guard !state.queue.isEmpty else {
      harvest.error = uninvited(reply)
      return
    }
    if state.queue[0].isLogin, case .bulk = reply, state.queue[0].replies.isEmpty {
      // Redis 7.2 to 8.2 at least drop AUTH's refusal when the reply to an earlier command waits to be
      // sent (github.com/redis/redis/issues/15640). From here on each reply would go to the wrong caller.
      harvest.error = droppedRefusal
      return
    }
    state.inFlight -= 1
    if state.isEstablished { state.hasServed = true }
    if let observed = state.queue[0].observed {
      let index = observed.commands.count - state.queue[0].missing
      harvest.seen.append((observed, index, reply, bytes))
    }
    state.queue[0].missing -= 1
    state.queue[0].budget -= bytes
    switch state.queue[0].caller {
    case .many(let caller):
      state.queue[0].replies.append(reply)
      if state.queue[0].missing == 0 {
        let replies = state.queue.popFirst()?.replies ?? []
        harvest.deliveries.append(unsafe .many(.many(caller), replies))
        return
      }
    case .one(let caller):
      _ = state.queue.popFirst()
      harvest.deliveries.append(unsafe .one(.one(caller), reply))
      return
    case .nobody:
      if state.queue[0].missing == 0 {
        _ = state.queue.popFirst()
        return
      }
    }
    if state.queue[0].budget < 0 {
      harvest.error = error(.tooLong)
    }
  }

  private var droppedRefusal: RedisError {
    RedisError(
      kind: .auth, endpoint: endpoint, action: "renewing the token",
      message: "the server refused the token, without a word",
      nextStep: "is it for this server and this user, and are the clocks right?")
  }
}
