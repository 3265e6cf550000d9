import Dispatch
import Glibc
import Synchronization

/// Catches SIGINT, SIGTERM and SIGHUP by a handler that writes into a pipe (the self-pipe trick). Unlike an ignored
/// signal, a caught one is back at its default in the processes that are started.
///
/// There is one for the whole process.
final class SignalTrap: Sendable {
  private let signals: AsyncStream<Int32>
  private let leavesInterrupts = Atomic<Bool>(false)
  // Unsafe only to the type checker: it never changes, and Dispatch's own functions may be called from anywhere.
  private nonisolated(unsafe) let source: any DispatchSourceRead
  private static let writeEnd = Atomic<Int32>(-1)

  /// Catches the signals from now on.
  init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0, "no pipe for signals")
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      // A handler must not wait, and neither must who reads until nothing is left.
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    let readEnd = ends[0]
    Self.writeEnd.store(ends[1], ordering: .sequentiallyConsistent)
    let (signals, continuation) = AsyncStream<Int32>.makeStream()
    self.signals = signals
    source = DispatchSource.makeReadSource(fileDescriptor: readEnd, queue: .global())
    source.setEventHandler {
      var byte: UInt8 = 0
      while read(readEnd, &byte, 1) == 1 { continuation.yield(Int32(byte)) }
    }
    source.activate()
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(SignalTrap.writeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
    }
  }

  /// The next signal; nil when the waiting task is cancelled.
  func next() async -> Int32? {
    for await signal in signals where signal != SIGINT || !leavesInterrupts.load(ordering: .relaxed) { return signal }
    return nil
  }

  /// Takes no notice of SIGINT from now on: a ^C of the terminal is for the child that has it.
  func leaveInterruptsToChild() { leavesInterrupts.store(true, ordering: .relaxed) }
}
