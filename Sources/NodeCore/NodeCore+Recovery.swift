import Market

/// Learning where the own feed ends, before anything is written to it.
extension NodeCore {
  /// The own feed is known to its end.
  mutating func recovered() {
    mayWrite = true
    state = .running
  }

  /// Whether the own feed is known to its end, or as good as.
  func hasRecovered(now: Timestamp) -> Bool {
    if gossip.lacksPublishedEntries { return false }
    if gossip.hasRecoveredOwnFeed(now: now) { return true }
    // The first node of a market. One that has written before may only have lost sight of the others.
    if gossip.hasNobodyToAsk, gossip.feeds.head(of: own).sequence == 0 { return true }
    // Nobody to ask: a lone node trusts its own store after a while.
    return now >= recoveryEnd
  }

  /// When this node trusts its own store, whatever its peers say.
  var recoveryEnd: Timestamp { max(recoveryDeadline, gossip.ownFeedAwaitedUntil ?? .zero) }
}
