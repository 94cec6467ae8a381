internal import COpenSSL
private import Glibc

/// One TLS client session over a connected, non-blocking socket, which stays its caller's.
///
/// Sole owner of an `SSL`. Not thread-safe: one thread at a time. SIGPIPE must be blocked or ignored.
@safe
package final class TLSSession {
  /// What became of one step. A step that wants something is repeated once it is there.
  package enum Step: Sendable, Hashable {
    /// Bytes read or written; 0 for a handshake.
    case done(Int)
    case wantsRead
    case wantsWrite
    /// The other side has ended the session or the connection.
    case closed
    case failed(TLSFailure)
  }

  private let session: OpaquePointer
  private let findings = TLSFindings()
  private let host: String
  private var isEstablished = false
  /// After a fatal error OpenSSL must not be asked to say goodbye.
  private var isBroken = false

  /// - Parameter host: the name or address that the certificate must be for; also sent as SNI
  ///   (RFC 6066) if it is a name.
  package init(_ context: TLSContext, descriptor: Int32, host: String) throws(TLSFailure) {
    self.host = host
    guard let session = unsafe SSL_new(context.pointer) else {
      throw TLSFailure(.other, "OpenSSL gives no TLS session: \(OpenSSLErrors.takeText())")
    }
    unsafe self.session = session
    guard unsafe SSL_set_fd(session, descriptor) == 1,
      unsafe SSL_set_ex_data(
        session, TLSFindings.index, Unmanaged.passUnretained(findings).toOpaque()) == 1
    else { throw TLSFailure(.other, OpenSSLErrors.takeText()) }
    unsafe SSL_set_connect_state(session)
    if context.options.isVerified {
      unsafe SSL_set_verify(session, SSL_VERIFY_PEER, TLSFindings.verify)
    } else {
      unsafe SSL_set_verify(session, SSL_VERIFY_NONE, nil)
    }
    try name(isVerified: context.options.isVerified)
  }

  deinit { unsafe SSL_free(session) }

  private func name(isVerified: Bool) throws(TLSFailure) {
    // A zone belongs to this machine, the root's dot to the DNS: neither is in a certificate.
    var name = String(host.prefix { $0 != "%" })
    if name.hasSuffix(".") { name.removeLast() }
    let isSet: Bool
    if Self.isAddress(name) {
      isSet =
        unsafe !isVerified || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name) == 1
    } else {
      unsafe SSL_set_hostflags(session, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      isSet =
        unsafe copenssl_set_host_name(session, name) == 1
        && (!isVerified || SSL_set1_host(session, name) == 1)
    }
    guard isSet, !name.isEmpty else {
      ERR_clear_error()
      throw TLSFailure(.other, "'\(host.prefix(64))' is no name that a certificate could have")
    }
  }

  /// A literal IPv4 or IPv6 address without a zone.
  private static func isAddress(_ text: String) -> Bool {
    var four = in_addr()
    var six = in6_addr()
    return unsafe inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
  }

  // MARK: Steps

  /// Until `.done`.
  package func handshake() -> Step {
    let step = unsafe step(SSL_do_handshake(session))
    if case .done = step {
      isEstablished = true
      return .done(0)
    }
    return step
  }

  /// Reads at most one record, of at most 16 KiB. With a smaller buffer the rest of a record waits
  /// inside, where no readiness of the socket tells of it.
  package func read(into buffer: UnsafeMutableRawBufferPointer) -> Step {
    let count = Int32(clamping: buffer.count)
    return unsafe step(SSL_read(session, buffer.baseAddress, count))
  }

  /// Writes some of `bytes`, which are not empty. When it is repeated, they must begin with the same ones.
  package func write(_ bytes: UnsafeRawBufferPointer) -> Step {
    let count = Int32(clamping: bytes.count)
    return unsafe step(SSL_write(session, bytes.baseAddress, count))
  }

  /// Says goodbye, if that is possible without waiting.
  package func close() {
    guard isEstablished, !isBroken else { return }
    isBroken = true
    ERR_clear_error()
    _ = unsafe SSL_shutdown(session)
    ERR_clear_error()
  }

  /// `TLSv1.3`
  package var version: String { unsafe String(cString: SSL_get_version(session)) }

  private func step(_ result: @autoclosure () -> Int32) -> Step {
    ERR_clear_error()
    errno = 0
    let result = result()
    let code = errno
    if result > 0 { return .done(Int(result)) }
    switch unsafe SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    case SSL_ERROR_ZERO_RETURN:
      if !isEstablished { isBroken = true }
      return .closed
    case SSL_ERROR_SYSCALL:
      isBroken = true
      ERR_clear_error()
      guard code != 0 else { return .closed }
      let reason = unsafe String(cString: strerror(code))
      return .failed(TLSFailure(.system, reason, systemCode: code))
    default:
      isBroken = true
      return .failed(failure())
    }
  }

  private func failure() -> TLSFailure {
    let (reasons, text) = OpenSSLErrors.take()
    if let failure = findings.failure(host: host) { return failure }
    for reason in reasons {
      if let failure = TLSFailure(
        sslReason: reason, hasHandshake: isEstablished,
        wasAskedForCertificate: findings.isCertificateRequested)
      {
        return failure
      }
    }
    return TLSFailure(.other, "TLS failed: \(text.isEmpty ? "no reason given" : text)")
  }
}

extension TLSFailure {
  /// What libssl's reason (SSL_R_…) means for people; nil: nothing better than its own text.
  fileprivate init?(sslReason: Int32, hasHandshake: Bool, wasAskedForCertificate: Bool) {
    let giveCertificate = "give one (--cert and --key, tls.cert and tls.key)"
    switch sslReason {
    case SSL_R_WRONG_VERSION_NUMBER, SSL_R_UNKNOWN_PROTOCOL, SSL_R_HTTP_REQUEST,
      SSL_R_PACKET_LENGTH_TOO_LONG:
      guard !hasHandshake else { return nil }
      self.init(
        .notTLS, "what answers at this port does not speak TLS",
        nextStep: "use redis:// if the server speaks Redis without TLS here, else check the port")
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
      SSL_R_NO_PROTOCOLS_AVAILABLE:
      self.init(
        .noCommonVersion, "the server speaks neither TLS 1.2 nor TLS 1.3",
        nextStep: "older versions are not safe: have the server offer TLS 1.2 or newer")
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      self.init(
        .clientCertificateRequired, "the server demands a client certificate",
        nextStep: giveCertificate)
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE where wasAskedForCertificate:
      self.init(
        .clientCertificateRequired, "the server demands a client certificate",
        nextStep: giveCertificate)
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      self.init(
        .noCommonVersion, "the server refused the handshake: no common cipher or version",
        nextStep: "compare the server's tls-ciphers and tls-protocols")
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      self.init(
        .clientCertificateRefused, "the server does not know who signed our client certificate",
        nextStep: "use one that the server's CA has signed")
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      self.init(
        .clientCertificateRefused, "the server says that our client certificate has expired",
        nextStep: "renew it")
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      self.init(
        .clientCertificateRefused, "the server says that our client certificate was revoked")
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
      SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SSL_R_TLSV1_ALERT_ACCESS_DENIED,
      SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      self.init(
        .clientCertificateRefused, "the server refused our client certificate",
        nextStep: "is it signed by the server's CA, and made for clients?")
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
      self.init(
        .wrongHost, "the server does not know the name that we asked for",
        nextStep: "give the right one (--servername, tls.servername)")
    default: return nil
    }
  }
}
