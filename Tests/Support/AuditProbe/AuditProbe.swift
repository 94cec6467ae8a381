import ConsoleModel
import Glibc
import Operations

/// `AuditProbe FOLDER NAME COUNT`: appends so many entries and prints each one's number and hash as
/// soon as it is said to be on the disk. With a fourth argument, files may have so many bytes only.
@main
enum AuditProbe {
  static func main() {
    let words = CommandLine.arguments
    guard words.count >= 4, let count = Int(words[3]) else { exit(2) }
    if words.count > 4, let bytes = UInt(words[4]) {
      _ = signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
      guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
        exit(3)
      }
    }
    let trail = AuditTrail(folder: words[1], syslogSocket: "\(words[1])/no-log")
    let author = OperationAuthor(user: words[2], uid: getuid(), role: .admin, host: "test")
    for number in 0..<count {
      let receipt = trail.append(
        AuditRecord(
          event: "checkpoint", operation: "op-\(words[2])", title: "invalidate product:*",
          environment: "test", author: author, reason: String(repeating: "why ", count: 200),
          result: "\(number)"))
      let problem = receipt.problems.first { $0.sink == .file }?.text ?? ""
      let line = "\(receipt.entry.sequence) \(receipt.entry.hash) \(problem)\n"
      guard unsafe write(1, line, line.utf8.count) == line.utf8.count else { exit(4) }
    }
  }
}
