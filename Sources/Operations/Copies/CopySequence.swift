internal import ConsoleModel
internal import Documents

/// The copies of several files, one file after the other: of a cluster each shard has left one, and any
/// key of them may be any shard's by now.
struct CopySequence {
  private let store: CopyStore
  private var paths: ArraySlice<String>
  private let now: WallTime
  private var reader: CopyReader?

  init(_ store: CopyStore, _ paths: [String], now: WallTime) {
    self.store = store
    self.paths = paths[...]
    self.now = now
  }

  /// The next record; nil at the end of the last file.
  mutating func next() throws(DocumentError) -> CopyRecord? {
    while true {
      if let record = try reader?.next() { return record }
      guard let path = paths.popFirst() else { return nil }
      reader = try store.reader(path: path, now: now, allowsUnfinished: true)
    }
  }
}
