import NodeMetrics

/// The figures of the runtime and of the core as metrics.
extension MetricSample {
  static func runtime(_ figures: RuntimeFigures) -> [MetricSample] {
    let traffic = figures.traffic
    return [
      MetricSample("p2pnode_connections", figures.connectionCount),
      MetricSample("p2pnode_traffic_bytes_total", ["received"], traffic.receivedByteCount),
      MetricSample("p2pnode_traffic_bytes_total", ["sent"], traffic.sentByteCount),
      MetricSample("p2pnode_traffic_messages_total", ["received"], traffic.receivedMessageCount),
      MetricSample("p2pnode_traffic_messages_total", ["sent"], traffic.sentMessageCount),
    ] + figures.gauges.map { MetricSample("p2pnode_gossip_held", [$0.name], $0.value) }
      + figures.gauges.map { MetricSample("p2pnode_gossip_limit", [$0.name], $0.limit) }
  }

  static func core(_ core: CoreFigures) -> [MetricSample] {
    [
      MetricSample("p2pnode_feeds", core.feedCount), MetricSample("p2pnode_feeds_frozen", core.frozenCount),
      MetricSample("p2pnode_feed_entries", ["stored"], core.storedEntries),
      MetricSample("p2pnode_feed_entries", ["pruned"], core.prunedEntries),
      MetricSample("p2pnode_own_sequence", core.ownSequence),
      MetricSample(
        "p2pnode_feeds_latest_timestamp_seconds",
        nanoseconds: core.latestTime.milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue),
      MetricSample("p2pnode_trades_settled", core.settledCount),
      MetricSample("p2pnode_trades_undecided", core.undecidedCount),
      MetricSample("p2pnode_book_orders", ["offer"], core.openOffers),
      MetricSample("p2pnode_book_orders", ["bid"], core.openBids),
      MetricSample("p2pnode_own_offers_gpus", core.ownOfferedGPUs), MetricSample("p2pnode_peers", core.peerCount),
      MetricSample("p2pnode_peers_agreeing", core.agreeingCount),
    ]
      + ["recovering", "running", "stopping", "rotated", "frozen"].map {
        MetricSample("p2pnode_state", [$0], isTrue: $0 == core.state.rawValue)
      }
  }
}
