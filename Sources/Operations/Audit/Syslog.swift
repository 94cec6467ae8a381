internal import ConsoleModel
private import Documents
private import Glibc

/// Datagrams to the system's log, as RFC 3164 has them on the machine itself.
///
/// By hand and not syslog(3): that says nothing when there is no log, and holds one connection and
/// one format for the whole process.
struct Syslog: Sendable {
  let socket: String
  /// authpriv (10) and notice (5).
  private static let priority = 10 * 8 + 5
  /// rsyslog keeps 8 KiB of a message, journald more.
  private static let maximumBytes = 8000
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  func send(_ line: String, entry: AuditEntry) throws(AuditProblem) {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | socketFlags, 0)
    guard descriptor >= 0 else { throw failed(errno) }
    defer { close(descriptor) }
    // A log that does not read must not hold up an operation for long.
    var patience = timeval(tv_sec: 2, tv_usec: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(socket.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw failed(ENAMETOOLONG)
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    let code = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard code == 0 else { throw failed(errno) }
    let header = "<\(Self.priority)>\(Self.timestamp()) cacheconsole[\(getpid())]: "
    var message = Array((header + line).utf8)
    if message.count > Self.maximumBytes { message = Array((header + short(entry)).utf8) }
    while unsafe Glibc.send(descriptor, message, message.count, Int32(MSG_NOSIGNAL)) < 0 {
      guard errno == EINTR else { throw failed(errno) }
    }
  }

  private var socketFlags: Int32 { Int32(SOCK_CLOEXEC.rawValue) }

  /// What names the line, where the whole is too long for the log.
  private func short(_ entry: AuditEntry) -> String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("schema", AuditLine.schema)
      json.field("version", UInt64(AuditLine.version))
      json.field("seq", entry.sequence)
      json.field("at", CivilTime.rfc3339(entry.at))
      for (name, value) in [
        ("event", entry.event), ("operation", entry.operation), ("title", entry.title),
        ("environment", entry.environment), ("user", entry.user), ("from", entry.from),
        ("reason", entry.reason), ("result", entry.result),
      ] { json.field(name, String(value.unicodeScalars.prefix(120))) }
      json.field("shortened", true)
      json.field("hash", entry.hash)
    }
    return writer.text
  }

  /// `Nov 22 12:04:31` in the machine's zone, as RFC 3164 §4.1.2 wants it.
  private static func timestamp() -> String {
    var now = time(nil)
    var parts = unsafe tm()
    unsafe localtime_r(&now, &parts)
    func two(_ value: Int32, _ pad: String) -> String { value < 10 ? "\(pad)\(value)" : "\(value)" }
    let month = unsafe Int(parts.tm_mon)
    let (day, hour) = unsafe (parts.tm_mday, parts.tm_hour)
    let (minute, second) = unsafe (parts.tm_min, parts.tm_sec)
    return "\(months.indices.contains(month) ? months[month] : "Jan") \(two(day, " ")) "
      + "\(two(hour, "0")):\(two(minute, "0")):\(two(second, "0"))"
  }

  private func failed(_ code: Int32) -> AuditProblem {
    let advice =
      switch code {
      case ENOENT: "no log service runs here (rsyslog, systemd-journald)"
      case ECONNREFUSED: "the log service is not running: start it"
      case EAGAIN: "the log service does not read: restart it"
      default: "look after the log service (rsyslog, systemd-journald)"
      }
    return AuditProblem(
      .syslog, "writing to the system's log \(socket): \(SystemMessage.text(code)); \(advice)")
  }
}
