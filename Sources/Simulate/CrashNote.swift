import Glibc

/// Tells on standard error which seed a thread was at when a precondition ends the process, and leaves the rest to
/// whoever handled the signal before.
enum CrashNote {
  nonisolated(unsafe) private static var key = pthread_key_t()
  nonisolated(unsafe) private static var before = (sigaction(), sigaction())

  /// Installs it; once, before any thread runs a seed.
  static func install() {
    pthread_key_create(&key, nil)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { signal in CrashNote.write(signal) }
    sigaction(SIGILL, &action, &before.0)
    sigaction(SIGTRAP, &action, &before.1)
  }

  /// Notes what the calling thread is about to run.
  static func runs(_ seed: UInt64) {
    // One more than the seed, since none is a null pointer.
    pthread_setspecific(key, UnsafeRawPointer(bitPattern: UInt(truncatingIfNeeded: seed &+ 1)))
  }

  /// Only calls that are allowed in a handler, and no memory from the heap.
  private static func write(_ signal: Int32) {
    let value = UInt(bitPattern: pthread_getspecific(key)) &- 1
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { text in
      var place = text.count
      func prepend(_ byte: UInt8) {
        place -= 1
        text[place] = byte
      }
      prepend(0x0A)
      var rest = value
      repeat {
        prepend(UInt8(0x30 + rest % 10))
        rest /= 10
      } while rest > 0
      for byte in "the process ends at simulate --seed ".utf8.reversed() { prepend(byte) }
      _ = Glibc.write(2, text.baseAddress! + place, text.count - place)
    }
    if signal == SIGILL { sigaction(SIGILL, &before.0, nil) } else { sigaction(SIGTRAP, &before.1, nil) }
  }
}
