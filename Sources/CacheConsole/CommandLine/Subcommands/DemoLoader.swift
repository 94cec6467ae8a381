private import ConsoleModel
private import Glibc
private import Operations
package import Storefront

/// The demo's loader, `cacheconsole demo-loader --seed N --keys N`: what stands for a shop's database when
/// the demo is warmed up.
///
/// It reads keys and prints records as `RecordText` has them. Products, search results, profiles and
/// order histories are strings; sessions and carts are hashes, category pages lists and sorted sets,
/// which no record can hold: they are left out, and standard error says how many.
package enum DemoLoader {
  package static let command = "demo-loader"

  /// What an environment's `loader` is in the demo.
  package static func words(executable: String, options: DemoOptions) -> [String] {
    [executable, command, "--seed", String(options.seed), "--keys", String(options.keys)]
  }

  /// Answers one list of keys; a part of it at a time.
  package struct Session {
    private let loader: ShopLoader
    private var lines = LineSplitter(limit: 1 << 20)
    /// Keys that are no strings, keys that the shop does not have, and lines that are no key.
    package private(set) var collections = 0
    package private(set) var unknown = 0
    package private(set) var malformed = 0

    package init(options: DemoOptions) {
      loader = ShopLoader(keys: ShopKeys(seed: options.seed, count: options.keys))
    }

    /// The records for the keys of a piece of the input; empty: the end of it.
    package mutating func answer(_ piece: ArraySlice<UInt8>) -> [UInt8] {
      var output: [UInt8] = []
      var found: [LineSplitter.Line] = []
      if piece.isEmpty {
        lines.finish { found.append($0) }
      } else {
        lines.append(piece) { found.append($0) }
      }
      for line in found {
        guard case .text(let text, _) = line, let key = try? RecordText.key(text) else {
          malformed += 1
          continue
        }
        switch loader.answer(String(decoding: key.bytes, as: UTF8.self)) {
        case .value(let value, let seconds):
          output += RecordText.line(key.bytes, seconds: Int64(seconds), value: value)
        case .collection: collections += 1
        case .unknown: unknown += 1
        }
      }
      return output
    }

    package var notes: [String] {
      var notes: [String] = []
      if collections > 0 {
        notes.append(
          "\(collections) of the keys are hashes, lists or sorted sets: a record holds strings only"
        )
      }
      if unknown > 0 { notes.append("\(unknown) of the keys are not in this shop") }
      if malformed > 0 { notes.append("\(malformed) lines are no keys") }
      return notes
    }
  }

  static func run(arguments: [String]) -> Int32 {
    let options: DemoOptions
    do throws(DemoFailure) {
      options = try DemoOptions(arguments: arguments)
    } catch {
      StandardStreams.complain(error.description)
      return 2
    }
    var session = Session(options: options)
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe read(0, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        StandardStreams.complain("demo-loader: the keys cannot be read")
        return 1
      }
      guard StandardStreams.write(session.answer(buffer[..<count]), to: 1) else { return 1 }
      if count == 0 { break }
    }
    for note in session.notes { StandardStreams.complain("demo-loader: \(note)") }
    return 0
  }
}
