/// Work that may block for long (fsync, a name service) on a thread of its own.
package enum BlockingWork {
  /// Starts `work` and returns at once; nothing waits for it. Rare: a thread for each call.
  ///
  /// - Parameter name: the thread's, as `ps -T` shows it; at most 15 bytes.
  package static func run(
    name: String, _ work: @Sendable @escaping () -> Void
  ) throws(SystemError) {
    try Thread.start(name: name, stackBytes: 256 << 10, work)
  }
}
