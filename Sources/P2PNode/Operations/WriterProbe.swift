import Dispatch
import Synchronization

/// Whether the node is alive: whether its writer takes something in time.
final class WriterProbe: Sendable {
  /// How long a node's writer may take, in milliseconds. Its longest turn is a restoring, of which there are few.
  static let standardBound = 5000

  private struct State {
    /// When the writer was asked; nil when it has answered.
    var askedAt: Int64?
    var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    var next = 0
  }

  /// How long the writer may take, in milliseconds.
  let boundMilliseconds: Int
  private let ask: @Sendable (@escaping @Sendable () -> Void) -> Void
  private let state = Mutex(State())

  /// - Parameter ask: has the writer call its argument.
  init(
    boundMilliseconds: Int = standardBound, ask: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
  ) {
    self.boundMilliseconds = boundMilliseconds
    self.ask = ask
  }

  /// What is said of a writer that does not respond.
  var complaint: String { "the writer has not responded for \(boundMilliseconds) ms" }

  /// Whether the writer responds. However often this is asked, the writer is asked once at a time.
  func responds() async -> Bool {
    await withCheckedContinuation { continuation in
      let now = MonotonicTime.nanoseconds
      let (mustAsk, waiter, isLate) = state.withLock { state -> (Bool, Int, Bool) in
        let asked = state.askedAt
        if let asked, now - asked > Int64(boundMilliseconds) * 1_000_000 { return (false, 0, true) }
        let waiter = state.next
        state.next += 1
        state.waiting[waiter] = continuation
        if asked == nil { state.askedAt = now }
        return (asked == nil, waiter, false)
      }
      guard !isLate else { return continuation.resume(returning: false) }
      if mustAsk { ask { self.answered() } }
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(boundMilliseconds)) {
        self.state.withLock { $0.waiting.removeValue(forKey: waiter) }?.resume(returning: false)
      }
    }
  }

  private func answered() {
    let waiting = state.withLock { state in
      defer { state.waiting = [:] }
      state.askedAt = nil
      return state.waiting.values.map { $0 }
    }
    for continuation in waiting { continuation.resume(returning: true) }
  }
}
