import Market
import NodeCore

extension NodeRuntime {
  /// Orders that are hashed in one go when nothing waits: less than a millisecond.
  private static let tidiedOrderCount = 128

  /// Nothing waits: hashes a little of what has changed in the book, when that is much, and looks again whether anything
  /// waits. Nothing that a person or a peer waits for depends on it, so what is being verified comes first, too.
  func tidy() {
    guard !isTidying, pool.isIdle, !core.reduceDigestBacklog(by: Self.tidiedOrderCount) else { return }
    isTidying = true
    queue.async {
      self.isTidying = false
      if !self.inbox.withLock({ $0.isScheduled }) { self.tidy() }
    }
  }

  /// When the core is to be woken. Asked where it lies: what reads a class's property may be given a copy of it.
  static func nextWake(of core: inout NodeCore) -> Timestamp { core.nextWake }
}
