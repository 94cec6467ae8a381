internal import COpenSSL

/// What OpenSSL's callbacks learn in the course of a handshake. Used on the session's thread only.
final class TLSFindings {
  /// X509_V_ERR_…; 0: none.
  var verifyError: Int32 = 0
  /// 0: the server's own certificate; above: one that signed it.
  var depth: Int32 = 0
  var certificate: Certificate?
  /// The server asked for a certificate, and we have none.
  var isCertificateRequested = false

  /// Index 0 of a session's extra data belongs to the application (SSL_set_app_data(3)).
  static let index: Int32 = 0

  static func of(_ session: OpaquePointer?) -> TLSFindings? {
    guard let session = unsafe session, let raw = unsafe SSL_get_ex_data(session, index) else {
      return nil
    }
    return unsafe Unmanaged<TLSFindings>.fromOpaque(raw).takeUnretainedValue()
  }

  /// For SSL_set_verify: keeps the first error and ends the handshake there.
  static let verify: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isGood, store in
    guard isGood == 0, let store = unsafe store else { return isGood }
    let session = unsafe OpaquePointer(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()))
    if let findings = unsafe TLSFindings.of(session), findings.verifyError == 0 {
      findings.verifyError = unsafe X509_STORE_CTX_get_error(store)
      findings.depth = unsafe X509_STORE_CTX_get_error_depth(store)
      findings.certificate = unsafe X509_STORE_CTX_get_current_cert(store).map {
        unsafe Certificate(sharing: $0)
      }
    }
    return 0
  }

  /// The failure that they stand for; nil: the certificate was not refused.
  func failure(host: String) -> TLSFailure? {
    guard verifyError != 0 else { return nil }
    let whose =
      depth == 0
      ? "the server's certificate"
      : "the certificate of '\(Self.short(certificate?.subject ?? "?"))', which signed the server's,"
    switch verifyError {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return TLSFailure(
        .expired, "\(whose) expired on \(certificate?.notAfter ?? "an unknown date")",
        nextStep: "renew it on the server")
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TLSFailure(
        .notYetValid, "\(whose) is not valid before \(certificate?.notBefore ?? "a later date")",
        nextStep: "is this machine's clock right?")
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
      return TLSFailure(
        .wrongHost, "the server's certificate is for \(hostList), not for \(Self.short(host))",
        nextStep: "connect by a name that it has, or give that name as the server's"
          + " (--servername, tls.servername)")
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return TLSFailure(
        .selfSigned, "the server's certificate is self-signed and not among the trusted ones",
        nextStep: "trust it by naming its file (--cacert, tls.cacert)")
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      let issuer = Self.short(certificate?.issuer ?? "?")
      return TLSFailure(
        .unknownIssuer, "the server's certificate was signed by '\(issuer)', who is not trusted",
        nextStep: "name the file with the signer's certificate (--cacert, tls.cacert)")
    default:
      let text = unsafe String(cString: X509_verify_cert_error_string(Int(verifyError)))
      return TLSFailure(.badCertificate, "\(whose) was refused: \(text)")
    }
  }

  private var hostList: String {
    let hosts = certificate?.hosts ?? []
    guard !hosts.isEmpty else { return "no host" }
    let more = hosts.count > 3 ? " and \(hosts.count - 3) more" : ""
    return hosts.prefix(3).map { Self.short($0) }.joined(separator: ", ") + more
  }

  private static func short(_ text: String) -> String { String(text.prefix(64)) }
}
