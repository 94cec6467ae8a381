package import Redis

/// What people say about TLS: the options `--cacert` … or a server's `tls` section, by the same names.
package struct TLSOptions: Sendable, Hashable {
  package var cacert: String?
  package var cert: String?
  package var key: String?
  package var servername: String?
  package var insecure = false

  package init() {}

  package var isEmpty: Bool { self == TLSOptions() }

  /// Why they make no sense together; nil if they do.
  ///
  /// - Parameter name: how an option is called where it was given: `--cert`, `tls.cert`.
  func problem(_ name: (String) -> String) -> String? {
    if (cert == nil) != (key == nil) {
      return "\(name("cert")) and \(name("key")) go together: a certificate and its private key"
    }
    if insecure, cacert != nil {
      return "\(name("cacert")) has no use with \(name("insecure")), which verifies nothing"
    }
    for (option, value) in [
      ("cacert", cacert), ("cert", cert), ("key", key), ("servername", servername),
    ] {
      guard let value else { continue }
      if value.isEmpty { return "\(name(option)) is empty" }
      if value.utf8.contains(0) { return "\(name(option)) holds a zero byte" }
    }
    if let servername,
      !servername.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
        || servername.utf8.count > 253
    {
      return "\(name("servername")) is no host name: give the name alone, in ASCII"
    }
    return nil
  }

  /// - Parameter folder: what relative paths begin at: operations run in another folder.
  package func settings(in folder: String) -> TLSSettings {
    func full(_ path: String?) -> String? {
      path.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }
    return TLSSettings(
      authorityFile: full(cacert), certificateFile: full(cert), keyFile: full(key),
      serverName: servername, isVerified: !insecure)
  }

  static func isTLS(url: String) -> Bool {
    url.drop { $0.isWhitespace }.lowercased().hasPrefix("rediss://")
  }
}
