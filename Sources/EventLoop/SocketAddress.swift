internal import CLinux
internal import Glibc

/// Where a stream socket connects to: what `getaddrinfo` found, a literal address or a path.
package struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
  /// A sockaddr of the family below, in the kernel's layout.
  let bytes: [UInt8]
  let family: Int32

  /// `[::1]:6379`, `127.0.0.1:6379`, `/run/redis.sock`
  package let description: String

  package var isIPv6: Bool { family == AF_INET6 }

  /// Copies a sockaddr; nil for families other than IPv4 and IPv6.
  init?(copying address: UnsafePointer<sockaddr>, length: Int) {
    family = unsafe Int32(address.pointee.sa_family)
    guard family == AF_INET || family == AF_INET6 else { return nil }
    let raw = unsafe UnsafeRawBufferPointer(start: address, count: length)
    bytes = unsafe Array(raw)
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: 32)
    let result = unsafe getnameinfo(
      address, socklen_t(length), &host, socklen_t(host.count), &service, socklen_t(service.count),
      NI_NUMERICHOST | NI_NUMERICSERV)
    guard result == 0 else { return nil }
    let name = Self.text(host)
    let port = Self.text(service)
    description = family == AF_INET6 ? "[\(name)]:\(port)" : "\(name):\(port)"
  }

  /// A Unix socket; nil if the path does not fit into a sockaddr.
  package init?(path: String) {
    var address = sockaddr_un()
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    let path = Array(path.utf8)
    guard !path.isEmpty, path.count < capacity, !path.contains(0) else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    bytes = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
    family = AF_UNIX
    description = String(decoding: path, as: UTF8.self)
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
