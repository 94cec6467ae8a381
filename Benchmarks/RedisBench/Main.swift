import EventLoop
import Glibc
import Redis
import Synchronization
import TestKit

/// The Redis client beside a C loop over hiredis: the same commands, the same server, in turns.
///
///     RedisBench --peer PATH [--rounds N] [--case TEXT] [--spin] [--json]
@main
enum Main {
  static func main() {
    do {
      let options = try Options(Array(CommandLine.arguments.dropFirst()))
      let rows = try Bench(options).run()
      print(options.isJSON ? Table.json(rows) : Table.text(rows))
    } catch {
      var text = "RedisBench: \(error)\n"
      text.withUTF8 { bytes in _ = unsafe write(2, bytes.baseAddress, bytes.count) }
      exit(1)
    }
  }
}

struct BenchError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

struct Options {
  var peer = ""
  var rounds = 5
  var isJSON = false
  /// Poll for up to 50 µs while replies are outstanding.
  var spins = false
  /// Only cases whose name holds this.
  var filter = ""

  init(_ arguments: [String]) throws(BenchError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--peer": peer = rest.popFirst() ?? ""
      case "--rounds": rounds = rest.popFirst().flatMap { Int($0) } ?? rounds
      case "--case": filter = rest.popFirst() ?? ""
      case "--json": isJSON = true
      case "--spin": spins = true
      default: throw BenchError("unknown option \(argument)")
      }
    }
    guard !peer.isEmpty else { throw BenchError("--peer PATH is missing") }
  }
}
