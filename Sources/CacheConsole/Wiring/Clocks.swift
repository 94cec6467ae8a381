package import ConsoleModel
private import EventLoop
private import Glibc

/// The machine's clocks, read by the shell and handed inward as values.
package enum Clocks {
  package static func monotonic() -> MonotonicTime {
    MonotonicTime(nanoseconds: EventLoop.Instant.now().nanoseconds)
  }

  package static func wall() -> WallTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  /// The local zone at `time`: its offset from UTC in seconds and its abbreviation.
  package static func zone(at time: WallTime) -> (offsetSeconds: Int, name: String) {
    var seconds = time_t(time.microseconds / 1_000_000)
    var local = unsafe tm()
    guard unsafe localtime_r(&seconds, &local) != nil, let zone = unsafe local.tm_zone else {
      return (0, "UTC")
    }
    return (unsafe Int(local.tm_gmtoff), unsafe String(cString: zone))
  }
}
