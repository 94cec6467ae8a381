/// Why TLS failed, for people. Names in it come from certificates: whoever shows them makes them safe.
package struct TLSFailure: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Reason: Sendable, Hashable, CaseIterable {
    case expired, notYetValid, wrongHost, selfSigned, unknownIssuer
    /// A certificate that is refused for another reason, such as a key that is too short.
    case badCertificate
    case clientCertificateRequired, clientCertificateRefused
    /// What answers speaks something else.
    case notTLS
    /// No version, or no cipher, that both sides know.
    case noCommonVersion
    /// The connection broke: `systemCode` says how.
    case system
    /// A file of ours (trusted roots, certificate, key) cannot be used.
    case file
    case other
  }

  package var reason: Reason
  /// What happened, as a sentence without its full stop.
  package var message: String
  /// What the reader can do about it; empty if there is nothing to say.
  package var nextStep: String
  /// errno, with `system`.
  package var systemCode: Int32

  package init(
    _ reason: Reason, _ message: String, nextStep: String = "", systemCode: Int32 = 0
  ) {
    self.reason = reason
    self.message = message
    self.nextStep = nextStep
    self.systemCode = systemCode
  }

  package var description: String {
    message + (nextStep.isEmpty ? "" : " (\(nextStep))")
  }

  /// True where the certificate itself was refused: waiting does not help, and nothing was sent.
  package var isAboutServerCertificate: Bool {
    switch reason {
    case .expired, .notYetValid, .wrongHost, .selfSigned, .unknownIssuer, .badCertificate: true
    default: false
    }
  }
}
