internal import Crypto

/// How a server is recognised and how we prove who we are; holds paths, no secrets.
package struct TLSSettings: Sendable, Hashable {
  /// PEM file of the certificates that are trusted; nil: the system's.
  package var authorityFile: String?
  /// PEM file of our certificate, then those that signed it.
  package var certificateFile: String?
  /// PEM file of its private key.
  package var keyFile: String?
  /// The name that the server's certificate must have; nil: the host that we connect to.
  package var serverName: String?
  /// False: whoever answers is taken for the server. The console says so all the time.
  package var isVerified: Bool

  package init(
    authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil,
    serverName: String? = nil, isVerified: Bool = true
  ) {
    self.authorityFile = authorityFile
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.serverName = serverName
    self.isVerified = isVerified
  }

  var contextOptions: TLSContext.Options {
    TLSContext.Options(
      authorityFile: authorityFile, certificateFile: certificateFile, keyFile: keyFile,
      isVerified: isVerified)
  }

  /// Reads the files that were named, so that a mistake is told before anything is connected to.
  /// The system's roots, which take longer, are left to the first connection.
  package func check() throws(TLSFileError) {
    var options = contextOptions
    if options.authorityFile == nil { options.isVerified = false }
    do throws(TLSFailure) {
      _ = try TLSContext(options)
    } catch {
      throw TLSFileError(description: PlainText.safe(error.description, limit: 400))
    }
  }
}

/// A file for TLS that cannot be used, in words.
package struct TLSFileError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
}
