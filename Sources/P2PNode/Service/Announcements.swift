import Synchronization

/// What a node says of itself when it has started, in order: first that it runs, which is true when commands reach it,
/// whatever is ready before.
final class Announcements: Sendable {
  private enum State {
    case waiting([@Sendable () -> Void])
    case begun
  }

  private let state = Mutex(State.waiting([]))

  /// Says what comes first, and then what waits.
  func first(_ say: @Sendable () -> Void) {
    say()
    let waiting = state.withLock { state -> [@Sendable () -> Void] in
      guard case .waiting(let waiting) = state else { return [] }
      state = .begun
      return waiting
    }
    for say in waiting { say() }
  }

  /// Says what comes after the first, as soon as that has been said.
  func further(_ say: @escaping @Sendable () -> Void) {
    let isBegun = state.withLock { state in
      guard case .waiting(let waiting) = state else { return true }
      state = .waiting(waiting + [say])
      return false
    }
    if isBegun { say() }
  }
}
