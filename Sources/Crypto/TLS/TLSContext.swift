internal import COpenSSL
private import Glibc

/// What one or many TLS sessions have in common: who is trusted, and who we are.
///
/// Sole owner of an `SSL_CTX`. Making one with the system's roots reads and parses some 140
/// certificates or opens a folder: off the loop.
@safe
package final class TLSContext: Sendable {
  package struct Options: Sendable, Hashable {
    /// PEM file of the trusted certificates; nil: the system's.
    package var authorityFile: String?
    /// PEM file of our certificate, then those between it and the root.
    package var certificateFile: String?
    /// PEM file of its private key; others must not be able to read it.
    package var keyFile: String?
    /// False: whoever answers is taken for the server.
    package var isVerified: Bool

    package init(
      authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil,
      isVerified: Bool = true
    ) {
      self.authorityFile = authorityFile
      self.certificateFile = certificateFile
      self.keyFile = keyFile
      self.isVerified = isVerified
    }

    /// What tells that one of the files was replaced.
    package var stamp: [[Int64]?] {
      [authorityFile, certificateFile, keyFile].map { $0.flatMap(TLSFile.stamp) }
    }
  }

  package let options: Options
  /// Safe: nothing changes it after `init`, and OpenSSL counts its users with atomics.
  nonisolated(unsafe) let pointer: OpaquePointer

  package init(_ options: Options) throws(TLSFailure) {
    self.options = options
    guard let pointer = unsafe SSL_CTX_new(TLS_client_method()) else {
      throw TLSFailure(.other, "OpenSSL gives no TLS context: \(OpenSSLErrors.takeText())")
    }
    // Owned from here on: a throw below runs deinit.
    unsafe self.pointer = pointer
    guard unsafe copenssl_require_tls12(pointer) == 1 else {
      throw TLSFailure(.other, "OpenSSL does not offer TLS 1.2: \(OpenSSLErrors.takeText())")
    }
    unsafe copenssl_set_modes(pointer)
    unsafe copenssl_set_options(pointer)
    // Without it, an encrypted key would have OpenSSL ask on the terminal.
    unsafe SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in 0 }
    unsafe SSL_CTX_set_client_cert_cb(pointer) { session, _, _ in
      unsafe TLSFindings.of(session)?.isCertificateRequested = true
      return 0
    }
    if options.isVerified { try trust() }
    try identify()
  }

  deinit { unsafe SSL_CTX_free(pointer) }

  // MARK: Whom we trust

  private func trust() throws(TLSFailure) {
    guard let path = options.authorityFile else {
      guard unsafe SSL_CTX_set_default_verify_paths(pointer) == 1 else {
        throw TLSFailure(
          .file, "the system's trusted certificates cannot be read: \(OpenSSLErrors.takeText())",
          nextStep: "install ca-certificates, or name a CA file")
      }
      return
    }
    let certificates = try certificates(TLSFile(path, .authority), .authority)
    let store = unsafe SSL_CTX_get_cert_store(pointer)
    for certificate in certificates {
      guard unsafe X509_STORE_add_cert(store, certificate.pointer) == 1 else {
        throw TLSFile.failure(.authority, path, "was refused: \(OpenSSLErrors.takeText())")
      }
    }
    // Whoever names a file has chosen what is in it: a server's own certificate or one between it and
    // the root may stand for itself.
    unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
  }

  private func certificates(
    _ file: TLSFile, _ kind: TLSFile.Kind
  ) throws(TLSFailure) -> [Certificate] {
    let found = Certificate.all(in: file.bytes)
    guard !found.isEmpty else {
      throw TLSFile.failure(kind, file.path, "holds no certificate in PEM form")
    }
    return found
  }

  // MARK: Who we are

  private func identify() throws(TLSFailure) {
    guard let path = options.certificateFile else {
      guard options.keyFile == nil else {
        throw TLSFailure(.file, "a private key was given without its certificate")
      }
      return
    }
    guard let keyPath = options.keyFile else {
      throw TLSFailure(.file, "the certificate \(path) was given without its private key")
    }
    let chain = try certificates(TLSFile(path, .certificate), .certificate)
    ERR_clear_error()
    guard unsafe SSL_CTX_use_certificate(pointer, chain[0].pointer) == 1 else {
      throw TLSFile.failure(.certificate, path, "was refused: \(OpenSSLErrors.takeText())")
    }
    for certificate in chain.dropFirst() {
      guard unsafe copenssl_add_chain(pointer, certificate.pointer) == 1 else {
        throw TLSFile.failure(.certificate, path, "was refused: \(OpenSSLErrors.takeText())")
      }
    }
    let file = try TLSFile(keyPath, .key)
    guard let key = PrivateKey(pem: file.bytes) else {
      let isEncrypted = String(decoding: file.bytes.prefix(4096), as: UTF8.self).contains(
        "ENCRYPTED")
      throw TLSFile.failure(
        .key, keyPath,
        isEncrypted
          ? "is encrypted: decrypt it into a file that only you can read"
          : "is no private key in PEM form")
    }
    guard unsafe SSL_CTX_use_PrivateKey(pointer, key.pointer) == 1,
      unsafe SSL_CTX_check_private_key(pointer) == 1
    else {
      ERR_clear_error()
      throw TLSFile.failure(.key, keyPath, "does not belong to the certificate \(path)")
    }
  }
}

/// A private key, while a context takes it.
@safe
private struct PrivateKey: ~Copyable {
  let pointer: OpaquePointer

  init?(pem: [UInt8]) {
    // The bytes must not move while OpenSSL reads them.
    let key = unsafe pem.withUnsafeBytes { raw -> OpaquePointer? in
      let source = unsafe BIO_new_mem_buf(raw.baseAddress, Int32(clamping: raw.count))
      defer { unsafe BIO_free(source) }
      return unsafe PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in 0 }, nil)
    }
    ERR_clear_error()
    guard let key = unsafe key else { return nil }
    unsafe pointer = key
  }

  deinit { unsafe EVP_PKEY_free(pointer) }
}
