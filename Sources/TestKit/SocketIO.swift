private import Glibc
private import Synchronization

/// Where a fixture listens or connects.
package enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
  case unix(path: String)
  /// On 127.0.0.1 only.
  case loopback(port: UInt16)

  package var description: String {
    switch self {
    case .unix(let path): return path
    case .loopback(let port): return "127.0.0.1:\(port)"
    }
  }
}

/// Blocking sockets with deadlines: all that the fixtures need of them.
package enum SocketIO {
  /// A connected socket; close it.
  package static func connect(_ address: SocketAddress) throws(TestKitError) -> Int32 {
    let descriptor = try make(address)
    guard unsafe call(address, descriptor, Glibc.connect) == 0 else {
      let code = errno
      close(descriptor)
      throw .system("connecting to \(address)", code)
    }
    return descriptor
  }

  /// A listening socket; close it.
  package static func listen(_ address: SocketAddress) throws(TestKitError) -> Int32 {
    let descriptor = try make(address)
    var on: Int32 = 1
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    guard unsafe call(address, descriptor, Glibc.bind) == 0, Glibc.listen(descriptor, 64) == 0
    else {
      let code = errno
      close(descriptor)
      throw .system("listening on \(address)", code)
    }
    return descriptor
  }

  /// The port that the system chose for a listener on port 0.
  package static func port(of descriptor: Int32) throws(TestKitError) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    guard code == 0 else { throw .system("reading a socket's port") }
    return UInt16(bigEndian: address.sin_port)
  }

  private static let givenPorts = Mutex<Set<UInt16>>([])

  /// A port on which nothing listened a moment ago.
  package static func freePort() throws(TestKitError) -> UInt16 {
    // Below the system's own range, which begins at 32,768: nobody's outgoing connection gets it
    // meanwhile, nor what is 10,000 above, which is left to the buses of clusters. A port is given once:
    // servers that start at the same moment would find the same one free.
    for _ in 0..<200 {
      let port = UInt16.random(in: 15_000..<22_700)
      guard givenPorts.withLock({ $0.insert(port).inserted }),
        let descriptor = try? listen(.loopback(port: port))
      else { continue }
      close(descriptor)
      return port
    }
    let descriptor = try listen(.loopback(port: 0))
    defer { close(descriptor) }
    return try port(of: descriptor)
  }

  /// True when `descriptor` can be read (or has ended) before the deadline.
  package static func isReadable(_ descriptor: Int32, within seconds: Double) -> Bool {
    wait(descriptor, Int16(POLLIN), Deadline(within: seconds))
  }

  /// The next bytes, empty at the end of the stream, nil at the deadline.
  package static func read(_ descriptor: Int32, upTo limit: Int = 65_536, within seconds: Double)
    throws(TestKitError) -> [UInt8]?
  {
    guard isReadable(descriptor, within: seconds) else { return nil }
    var buffer = [UInt8](repeating: 0, count: limit)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, limit)
      if count >= 0 { return Array(buffer.prefix(count)) }
      if errno == ECONNRESET || errno == EIO { return [] }
      guard errno == EINTR else { throw .system("reading") }
    }
  }

  /// Writes all of `bytes` or throws; a closed peer is an error, never SIGPIPE on sockets.
  package static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], within seconds: Double)
    throws(TestKitError)
  {
    let deadline = Deadline(within: seconds)
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { raw in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: raw[written...])
        let sent = unsafe send(
          descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        guard sent < 0, errno == ENOTSOCK else { return sent }
        return unsafe write(descriptor, rest.baseAddress, rest.count)
      }
      if count >= 0 {
        written += count
      } else if errno == EAGAIN {
        guard wait(descriptor, Int16(POLLOUT), deadline) else {
          throw TestKitError("writing: not all taken within \(seconds) s")
        }
      } else if errno != EINTR {
        throw .system("writing")
      }
    }
  }

  private static func wait(_ descriptor: Int32, _ events: Int16, _ deadline: Deadline) -> Bool {
    while true {
      var watch = pollfd(fd: descriptor, events: events, revents: 0)
      let count = unsafe poll(&watch, 1, deadline.milliseconds)
      if count > 0 { return true }
      if count == 0 || errno != EINTR { return false }
    }
  }

  private static func make(_ address: SocketAddress) throws(TestKitError) -> Int32 {
    let family: Int32
    if case .unix = address { family = AF_UNIX } else { family = AF_INET }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, type, 0)
    guard descriptor >= 0 else { throw .system("making a socket") }
    return descriptor
  }

  private static func call(
    _ address: SocketAddress, _ descriptor: Int32,
    _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    switch address {
    case .loopback(let port):
      var inet = sockaddr_in()
      inet.sin_family = sa_family_t(AF_INET)
      inet.sin_port = port.bigEndian
      inet.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      return unsafe withUnsafePointer(to: &inet) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    case .unix(let path):
      var local = sockaddr_un()
      local.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(path.utf8)
      let fits = unsafe withUnsafeMutableBytes(of: &local.sun_path) { target in
        guard bytes.count < target.count else { return false }
        unsafe target.copyBytes(from: bytes)
        return true
      }
      guard fits else {
        errno = ENAMETOOLONG
        return -1
      }
      return unsafe withUnsafePointer(to: &local) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
  }
}
