internal import Crypto
internal import EventLoop

extension Handshake {
  /// The TLS session over a connected socket; nil for a server without TLS.
  func secure(
    _ descriptor: Descriptor, on loop: EventLoop, until deadline: EventLoop.Instant
  ) async throws(RedisError) -> sending TLSSession? {
    guard endpoint.isTLS, case .tcp(let host, _) = endpoint.address else { return nil }
    let settings = access.tls
    let context: TLSContext
    do throws(TLSContexts.Failure) {
      context = try await TLSContexts.shared.context(
        settings.contextOptions, on: loop, until: deadline)
    } catch {
      switch error {
      case .tls(let failure): throw .tls(failure, endpoint: endpoint.description)
      case .timeout: throw tlsTimeout("the trusted certificates could not be read in time", "")
      case .cancelled: throw cancelled
      }
    }
    let session: TLSSession
    do throws(TLSFailure) {
      session = try TLSSession(
        context, descriptor: descriptor.number, host: settings.serverName ?? host)
    } catch {
      throw .tls(error, endpoint: endpoint.description)
    }
    switch await TLSOpening.shake(session, descriptor, on: loop, until: deadline) {
    case .open: return session
    case .failed(let failure): throw .tls(failure, endpoint: endpoint.description)
    case .closed:
      throw RedisError(
        kind: .tls, endpoint: endpoint.description, action: "connecting",
        message: "the server closed the connection during the TLS handshake",
        nextStep: "does this port speak TLS? If not, use redis://")
    case .timeout:
      throw tlsTimeout(
        "connected, but the server does not answer the TLS handshake",
        "use redis:// if this port speaks Redis without TLS; else the server hangs")
    case .cancelled: throw cancelled
    case .system(let error):
      throw RedisError(
        kind: .unreachable, endpoint: endpoint.description, action: "connecting",
        message: "cannot watch the socket: " + error.reason)
    }
  }

  private func tlsTimeout(_ message: String, _ nextStep: String) -> RedisError {
    RedisError(
      kind: .timeout, endpoint: endpoint.description, action: "connecting", message: message,
      nextStep: nextStep)
  }

  private var cancelled: RedisError {
    RedisError(
      kind: .cancelled, endpoint: endpoint.description, action: "connecting", message: "cancelled")
  }
}

extension RedisError {
  static func tls(
    _ failure: TLSFailure, endpoint: String, action: String = "connecting"
  ) -> RedisError {
    if failure.reason == .system {
      return RedisError(
        kind: .unreachable, endpoint: endpoint, action: action,
        message: "the connection broke: " + failure.message.lowercased())
    }
    // Names in it come from the certificate.
    return RedisError(
      kind: .tls, endpoint: endpoint, action: action,
      message: PlainText.safe(failure.message, limit: 400),
      nextStep: PlainText.safe(failure.nextStep, limit: 400))
  }
}
