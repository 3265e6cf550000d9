import Glibc

/// A clock that nobody sets, for durations.
enum MonotonicTime {
  /// Nanoseconds since some moment before the process began.
  static var nanoseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
