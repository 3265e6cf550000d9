import Market
import NodeCrypto

/// What a peer can use up.
public enum BudgetKind: Sendable {
  /// Checks of entries that it pushed.
  case verifications
  /// Walks and other requests.
  case requests
}

/// What one peer may still cost. Whatever is over a budget is ignored, never punished: a burst may be honest, and what
/// was not looked at is fetched later.
struct PeerBudget: Sendable {
  private var verifications: TokenBucket
  private var addresses: TokenBucket
  private var requests: TokenBucket

  init(_ judging: GossipParameters.Judging, now: Timestamp) {
    verifications = TokenBucket(judging.verifications, now: now)
    addresses = TokenBucket(judging.addresses, now: now)
    requests = TokenBucket(judging.requests, now: now)
  }

  mutating func spend(_ kind: BudgetKind, _ count: Int, now: Timestamp) -> Bool {
    switch kind {
    case .verifications: verifications.spend(count, now: now)
    case .requests: requests.spend(count, now: now)
    }
  }

  /// Takes up to `count` addresses; returns how many.
  mutating func takeAddresses(_ count: Int, now: Timestamp) -> Int { addresses.take(count, now: now) }

  mutating func isFull(now: Timestamp) -> Bool {
    // All three are looked at: the order of evaluation must not leave one unfilled.
    let full = [verifications.isFull(now: now), addresses.isFull(now: now), requests.isFull(now: now)]
    return full.allSatisfy { $0 }
  }
}
