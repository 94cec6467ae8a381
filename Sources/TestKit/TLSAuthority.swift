/// A certificate authority of the tests: makes certificates of every kind, good and bad, with the
/// `openssl` program. Keys are ECDSA P-256, which take no time to make.
package final class TLSAuthority: Sendable {
  /// A certificate and its private key, as files.
  package struct Identity: Sendable, Hashable {
    package var certificate: String
    package var key: String
  }

  package let folder: TemporaryFolder
  /// The file with the authority's own certificate.
  package let file: String
  /// For 127.0.0.1, ::1, localhost and cache.example.
  package let server: Identity
  /// A client's.
  package let client: Identity
  /// Ended on 2020-01-02.
  package let expired: Identity
  /// Begins on 2098-01-01.
  package let future: Identity
  /// For a.example, b.example and 192.0.2.7 only.
  package let wrongHost: Identity
  /// Signed by itself, for 127.0.0.1.
  package let selfSigned: Identity

  /// One for all tests of a process that need no other.
  package static let shared: Result<TLSAuthority, TestKitError> = Result {
    () throws(TestKitError) in try TLSAuthority("Test CA")
  }

  private static let local = "DNS:localhost,DNS:cache.example,IP:127.0.0.1,IP:::1"

  package init(_ name: String) throws(TestKitError) {
    folder = try TemporaryFolder()
    try folder.write(
      "ca.cnf",
      """
      [ca]
      default_ca = authority
      [authority]
      dir = \(folder.path)
      database = $dir/index.txt
      serial = $dir/serial
      new_certs_dir = $dir
      certificate = $dir/ca.crt
      private_key = $dir/ca.key
      default_md = sha256
      policy = anything
      unique_subject = no
      [anything]
      commonName = supplied
      [req]
      distinguished_name = name
      [name]
      """)
    try folder.write("index.txt", "")
    try folder.write("serial", "01\n")
    file = folder.file("ca.crt")
    let path = folder.path
    try Self.openssl(
      folder,
      ["req", "-x509", "-days", "3650", "-subj", "/CN=\(name)"]
        + Self.newKey("\(path)/ca.key")
        + [
          "-addext", "basicConstraints=critical,CA:true", "-addext",
          "keyUsage=critical,keyCertSign,cRLSign", "-out", file,
        ])
    server = try Self.sign(folder, "server", Self.local)
    client = try Self.sign(folder, "client", nil, usage: "clientAuth")
    expired = try Self.sign(
      folder, "expired", Self.local, from: "20200101000000Z", to: "20200102030405Z")
    future = try Self.sign(
      folder, "future", Self.local, from: "20980101000000Z", to: "20990101000000Z")
    wrongHost = try Self.sign(folder, "wronghost", "DNS:a.example,DNS:b.example,IP:192.0.2.7")
    selfSigned = Identity(certificate: "\(path)/self.crt", key: "\(path)/self.key")
    try Self.openssl(
      folder,
      ["req", "-x509", "-days", "3650", "-subj", "/CN=self"] + Self.newKey(selfSigned.key)
        + ["-addext", "subjectAltName=\(Self.local)", "-out", selfSigned.certificate])
  }

  /// A server's certificate with these alternative names.
  ///
  /// - Parameter usage: nodes of a cluster are each other's clients, too: `serverAuth,clientAuth`.
  package func sign(
    _ name: String, names: String, usage: String = "serverAuth"
  ) throws(TestKitError) -> Identity {
    try Self.sign(folder, name, names, usage: usage)
  }

  private static func newKey(_ file: String) -> [String] {
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file]
  }

  private static func sign(
    _ folder: TemporaryFolder, _ name: String, _ alternatives: String?,
    usage: String = "serverAuth", from: String = "20200101000000Z", to: String = "20991231235959Z"
  ) throws(TestKitError) -> Identity {
    let base = folder.file(name)
    let identity = Identity(certificate: "\(base).crt", key: "\(base).key")
    try openssl(
      folder,
      ["req", "-new", "-subj", "/CN=\(name)", "-out", "\(base).csr"] + newKey(identity.key))
    let names = alternatives.map { "subjectAltName=\($0)\n" } ?? ""
    try folder.write("\(name).ext", "extendedKeyUsage=\(usage)\n" + names)
    try openssl(
      folder,
      [
        "ca", "-batch", "-notext", "-config", folder.file("ca.cnf"), "-startdate", from,
        "-enddate", to, "-extfile", "\(base).ext", "-in", "\(base).csr", "-out",
        identity.certificate,
      ])
    return identity
  }

  private static func openssl(
    _ folder: TemporaryFolder, _ words: [String]
  ) throws(TestKitError) {
    let result = try ChildProcess.run("openssl", words, within: 60)
    guard result.exit == .code(0) else {
      throw TestKitError("openssl \(words.joined(separator: " ")): \(result.error)")
    }
  }
}
