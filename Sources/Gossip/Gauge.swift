/// How full something is that must not grow without bound.
public struct Gauge: Hashable, Sendable {
  /// What it is, in words joined by underscores.
  public let name: String
  /// How much there is.
  public let value: Int
  /// The most that there may be.
  public let limit: Int

  /// A gauge.
  public init(_ name: String, _ value: Int, limit: Int) {
    self.name = name
    self.value = value
    self.limit = limit
  }

  /// Whether it is past its limit: a bug of this node's.
  public var isExceeded: Bool { value > limit }
}

extension GossipCore {
  /// What peers could make grow, and its bounds. O(peers).
  public var gauges: [Gauge] {
    [
      Gauge("peers", peers.count, limit: parameters.views.maximumConnections),
      Gauge("comparisons_waiting", comparisonQueue.count, limit: parameters.views.maximumConnections),
      Gauge(
        "fetches_ending", endedFetches.count,
        limit: GossipParameters.Fetching.maximumEnding * parameters.views.maximumConnections),
    ] + intake.gauges + broadcast.gauges(entryBytes: feeds.limits.entryBytes) + antiEntropy.gauges(peers: peers.count)
      + membership.gauges
  }
}

extension Intake {
  fileprivate var gauges: [Gauge] {
    [
      Gauge("entries_waiting", waitingCount, limit: GossipParameters.Arrivals.maximumWaiting),
      Gauge("entries_waiting_bytes", waitingBytes, limit: GossipParameters.Arrivals.maximumWaitingBytes),
    ]
  }
}

extension Broadcast {
  fileprivate func gauges(entryBytes: Int) -> [Gauge] {
    let tracked = neighbours.values.map(\.tracked).max() ?? 0
    let inFlight = neighbours.values.map(\.inFlight).max() ?? 0
    return [
      Gauge("entries_remembered", items.count, limit: parameters.remembered),
      Gauge("entries_kept_bytes", keptBytes, limit: parameters.keptBytes + entryBytes),
      Gauge("announcements_of_one_peer", tracked, limit: parameters.trackedPerPeer),
      Gauge("grafts_of_one_peer", inFlight, limit: parameters.graftsInFlight),
      Gauge("entries_announced", missing.count, limit: SlotSet.capacity * parameters.trackedPerPeer),
    ]
  }
}

extension AntiEntropy {
  fileprivate func gauges(peers: Int) -> [Gauge] {
    [
      Gauge("claims_of_one_peer", sizes.claims, limit: GossipParameters.Fetching.maximumClaims),
      Gauge("feeds_to_ask_of_one_peer", sizes.queued, limit: GossipParameters.Fetching.maximumClaims),
      Gauge("feeds_deferred", sizes.deferred, limit: GossipParameters.Fetching.maximumClaims * max(peers, 1)),
      Gauge("checkpoints_to_go_on_with", sizes.jumps, limit: GossipParameters.Fetching.maximumRanges * peers),
      Gauge("peers_with_claims", claims.count, limit: peers),
    ]
  }
}

extension Membership {
  fileprivate var gauges: [Gauge] {
    [
      Gauge("addresses", book.count, limit: book.capacity),
      Gauge("addresses_at_hand", passive.count, limit: parameters.views.passiveCount),
      Gauge("dials", dials.count, limit: parameters.dialling.maximumDials),
      Gauge("lost_neighbours", lost.count, limit: parameters.dialling.maximumLost),
      Gauge("walks_remembered", returns.count, limit: parameters.walks.maximumReturns),
      Gauge(
        "peers_judged", score.accountCount,
        limit: parameters.judging.maximumLedger + parameters.views.maximumConnections
      ),
      Gauge("nodes_banned", score.banCount, limit: parameters.judging.maximumBans),
      Gauge("nodes_paused", score.pauseCount, limit: parameters.judging.maximumBans),
    ]
  }
}
