internal import COpenSSL
private import Glibc

/// An X.509 certificate and what people want to know of it. Owns one reference to an `X509`.
@safe
final class Certificate {
  let pointer: OpaquePointer

  /// Takes over the caller's reference.
  init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

  /// Keeps it for itself, beside its owner.
  init(sharing pointer: OpaquePointer) {
    unsafe X509_up_ref(pointer)
    unsafe self.pointer = pointer
  }

  deinit { unsafe X509_free(pointer) }

  /// Those of a PEM file, in its order.
  static func all(in pem: [UInt8]) -> [Certificate] {
    var found: [Certificate] = []
    unsafe pem.withUnsafeBytes { raw in
      let source = unsafe BIO_new_mem_buf(raw.baseAddress, Int32(clamping: raw.count))
      defer { unsafe BIO_free(source) }
      while let pointer = unsafe PEM_read_bio_X509(source, nil, { _, _, _, _ in 0 }, nil) {
        unsafe found.append(Certificate(owning: pointer))
      }
    }
    // The end of the file is an error to OpenSSL.
    ERR_clear_error()
    return found
  }

  /// `2026-01-02 03:04 UTC`
  var notBefore: String { unsafe Self.text(X509_get0_notBefore(pointer)) }
  var notAfter: String { unsafe Self.text(X509_get0_notAfter(pointer)) }

  var subject: String { unsafe Self.text(X509_get_subject_name(pointer)) }
  var issuer: String { unsafe Self.text(X509_get_issuer_name(pointer)) }

  /// The hosts that it is for: DNS names and addresses, or the common name where there are none.
  var hosts: [String] {
    var hosts: [String] = []
    if let names = unsafe copenssl_alternative_names(pointer) {
      defer { unsafe GENERAL_NAMES_free(names) }
      for index in 0..<(unsafe copenssl_name_count(names)) {
        var bytes: UnsafePointer<UInt8>?
        var length: Int32 = 0
        let kind = unsafe copenssl_name(names, index, &bytes, &length)
        guard kind != 0, let start = unsafe bytes else { continue }
        let value = unsafe Array(UnsafeBufferPointer(start: start, count: Int(max(0, length))))
        if let host = kind == 1 ? String(decoding: value, as: UTF8.self) : Self.address(value) {
          hosts.append(host)
        }
      }
    }
    if hosts.isEmpty, let name = unsafe Self.commonName(X509_get_subject_name(pointer)) {
      hosts = [name]
    }
    return hosts
  }

  private static func address(_ bytes: [UInt8]) -> String? {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    guard unsafe inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func text(_ time: UnsafePointer<ASN1_TIME>?) -> String {
    var parts = unsafe tm()
    guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else {
      return "an unreadable date"
    }
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
    let (hour, minute) = unsafe (parts.tm_hour, parts.tm_min)
    return "\(year)-\(two(month))-\(two(day)) \(two(hour)):\(two(minute)) UTC"
  }

  private static func text(_ name: OpaquePointer?) -> String {
    if let common = unsafe commonName(name) { return common }
    var line = [CChar](repeating: 0, count: 160)
    guard unsafe X509_NAME_oneline(name, &line, Int32(line.count)) != nil else { return "?" }
    return String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func commonName(_ name: OpaquePointer?) -> String? {
    var text = [CChar](repeating: 0, count: 128)
    let length = unsafe X509_NAME_get_text_by_NID(name, NID_commonName, &text, Int32(text.count))
    guard length > 0 else { return nil }
    return String(
      decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
