private import CLinux

/// How this process's allocator works.
package enum Allocator {
  /// For a process that frees pages of thousands of small pieces again and again: without fast bins a
  /// piece is merged with its neighbours when it is freed, not all of them at once by the next large
  /// free. A run at full speed takes 3 % less time (`script/bench invalidate`).
  ///
  /// Source: mallopt(3), M_MXFAST.
  package static func mergeFreedAtOnce() {
    _ = clinux_without_fast_bins()
  }
}
