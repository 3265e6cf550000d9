import Glibc
import Market
import Synchronization

/// The time by which the node goes: the machine's, as long as that does not jump.
///
/// An entry that is signed with a time far ahead is taken by nobody until that time has come, and since a feed's times
/// never go back, its author has nothing to say until then. So a jump of the machine's clock is not believed at once: the
/// node goes on as if it had not been, until the entries of others, which come all the time, show that the new time is
/// the right one, or the clock is set back.
struct NodeTime {
  /// Jumps up to this many milliseconds are followed: they are below every skew that a market works with.
  static let toleranceMilliseconds: Int64 = 1000

  private var machine: Timestamp
  private var steadyMilliseconds: Int64
  /// How far the machine's clock is from the node's, in milliseconds; 0 as long as they are the same.
  private(set) var jumpMilliseconds: Int64 = 0

  /// - Parameters:
  ///   - machine: the machine's clock.
  ///   - steadyMilliseconds: a clock that nobody sets.
  init(machine: Timestamp, steadyMilliseconds: Int64) {
    self.machine = machine
    self.steadyMilliseconds = steadyMilliseconds
  }

  /// The node's time when the two clocks show the given times.
  mutating func now(machine: Timestamp, steadyMilliseconds: Int64) -> Timestamp {
    let expected = self.machine + (steadyMilliseconds - self.steadyMilliseconds)
    let difference = machine - expected
    guard difference.magnitude <= UInt64(Self.toleranceMilliseconds) else {
      jumpMilliseconds = difference
      return expected
    }
    // Slow drifts of the two are followed, too.
    jumpMilliseconds = 0
    self.machine = machine
    self.steadyMilliseconds = steadyMilliseconds
    return machine
  }

  /// Takes in the time of another node's entry that has just come: after a jump the machine's clock is believed when it
  /// is nearer to it than the node's.
  mutating func hear(_ entry: Timestamp, machine: Timestamp, steadyMilliseconds: Int64) {
    let current = now(machine: machine, steadyMilliseconds: steadyMilliseconds)
    guard jumpMilliseconds != 0, (entry - machine).magnitude < (entry - current).magnitude else { return }
    self = NodeTime(machine: machine, steadyMilliseconds: steadyMilliseconds)
  }
}

/// The process's ``NodeTime``.
enum NodeClock {
  private static let time = Mutex(NodeTime(machine: machine, steadyMilliseconds: steadyMilliseconds))

  /// The node's time.
  static var now: Timestamp {
    time.withLock { $0.now(machine: machine, steadyMilliseconds: steadyMilliseconds) }
  }

  /// Takes in the time of another node's entry that has just come.
  static func hear(_ entry: Timestamp) {
    time.withLock { $0.hear(entry, machine: machine, steadyMilliseconds: steadyMilliseconds) }
  }

  /// What is wrong with the machine's clock, and what to do; nil when nothing is known to be.
  static var trouble: String? {
    let jump = time.withLock { time in
      _ = time.now(machine: machine, steadyMilliseconds: steadyMilliseconds)
      return time.jumpMilliseconds
    }
    guard jump != 0 else { return nil }
    return "the machine's clock was set \(jump.magnitude / 1000) s \(jump > 0 ? "ahead" : "back"), and no other node's "
      + "entries go by the new time: this node goes on by the old one. Set the clock right; if it is right, start the "
      + "node again"
  }

  private static var machine: Timestamp { Timestamp(milliseconds: milliseconds(of: CLOCK_REALTIME)) }

  /// Goes on while the machine is suspended.
  private static var steadyMilliseconds: Int64 { milliseconds(of: CLOCK_BOOTTIME) }

  private static func milliseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
