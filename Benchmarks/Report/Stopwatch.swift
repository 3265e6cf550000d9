import Glibc

/// The two clocks.
enum Stopwatch {
  /// Nanoseconds since some moment, other programs' time included; about 25 ns a call. For single operations, of which
  /// the least over the runs is kept.
  @inline(__always)
  static func now() -> UInt64 { read(CLOCK_MONOTONIC) }

  /// Nanoseconds that this thread has had a processor, the kernel's work for it included. The machine's other work
  /// does not count, but a call costs a system call: for whole blocks of operations.
  static func processor() -> UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

  /// Nanoseconds that all threads of this process have had a processor.
  static func allProcessors() -> UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }

  /// What ``processor()`` shows between two calls with nothing between them.
  private static let processorOverhead: UInt64 = {
    var least = UInt64.max
    for _ in 0..<1000 {
      let start = processor()
      least = min(least, processor() - start)
    }
    return least
  }()

  /// The nanoseconds of processor time since `start`, which ``processor()`` gave, less the clock's own.
  static func processorTime(since start: UInt64) -> UInt64 {
    let nanoseconds = processor() - start
    return nanoseconds > processorOverhead ? nanoseconds - processorOverhead : 0
  }

  @inline(__always)
  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
