/// Every metric of the node. `docs/OPERATIONS.md` has them as a table, which a test compares.
public enum NodeMetricsCatalog {
  /// All of them.
  public static let all: [MetricDefinition] =
    feeds + settlement + connections + store + queues + api + market + process

  /// The kinds of operations, in the order of the feed's protocol.
  public static let operations = [
    "place", "cancel", "amend", "propose", "accept", "reject", "receipt", "release", "purchase", "confirm", "withdraw",
    "settle", "free", "rotate", "checkpoint",
  ]
  /// Who wrote an entry.
  public static let origins = ["own", "other"]

  // MARK: Entries

  static let feeds = [
    MetricDefinition(
      "p2pnode_entries_verified_total", .counter,
      labels: [.init("result", ["valid", "bad_operations", "bad_signature", "unchecked"])],
      "Entries of other nodes by what their verification found; unchecked ones were dropped because their sender had "
        + "sent a bad one"),
    MetricDefinition(
      "p2pnode_signatures_verified_total", .counter, labels: [.init("result", ["valid", "invalid", "known"])],
      "Signatures by what was found; a known one had been verified before"),
    MetricDefinition(
      "p2pnode_verification_seconds", .histogram(.seconds),
      "Time to read one entry's operations and verify its signatures"),
    MetricDefinition(
      "p2pnode_entries_persisted_total", .counter, labels: [.init("origin", origins)],
      "Entries handed to the disk, by whose they are"),
    MetricDefinition(
      "p2pnode_entry_bytes_persisted_total", .counter, labels: [.init("origin", origins)],
      "Bytes of the entries handed to the disk"),
    MetricDefinition(
      "p2pnode_operations_total", .counter, labels: [.init("origin", origins), .init("operation", operations)],
      "Operations in verified entries of others and in own entries, by kind"),
    MetricDefinition(
      "p2pnode_fraud_proofs_verified_total", .counter, labels: [.init("result", ["valid", "invalid"])],
      "Proofs of fraud that came from peers or were made here, by what their verification found"),
    MetricDefinition(
      "p2pnode_frauds_total", .counter,
      labels: [
        .init("kind", ["fork", "backdated", "phantom-accept", "phantom-confirm", "overfill", "false-checkpoint"])
      ],
      "Authors newly proven a fraud, by kind"),
    MetricDefinition(
      "p2pnode_feed_entries", .gauge, labels: [.init("state", ["stored", "pruned"])],
      "Entries in all feeds, by whether they are stored or a checkpoint stands for them"),
    MetricDefinition("p2pnode_feeds", .gauge, "Feeds held"),
    MetricDefinition("p2pnode_feeds_frozen", .gauge, "Feeds frozen by a proof of fraud"),
    MetricDefinition("p2pnode_own_sequence", .gauge, "Sequence of the last entry of the own feed"),
    MetricDefinition(
      "p2pnode_feeds_latest_timestamp_seconds", .gauge, "Latest time of an entry in any feed, since the Unix epoch"),
    MetricDefinition("p2pnode_rebuilds_total", .counter, "Times that book and trades were restored to void a fraud"),
    MetricDefinition("p2pnode_rebuild_seconds", .histogram(.seconds), "Time that restoring book and trades took"),
  ]

  // MARK: Settlement

  /// Why the node refused a command.
  public static let refusals = [
    "order_rule", "too_many_orders", "newcomer", "would_take", "policy", "no_such_order", "bad_handover",
    "stale_handover", "still_open", "recovering", "stopping", "rotated", "frozen", "store_failing", "not_durable_yet",
  ]
  /// The commands.
  public static let commands = ["place", "cancel", "amend", "rotate"]
  /// The intervals of a settlement that one node can measure.
  public static let steps = ["answer", "decide", "copy"]

  static let settlement = [
    MetricDefinition(
      "p2pnode_commands_total", .counter,
      labels: [.init("command", commands), .init("result", ["done", "refused"])],
      "Commands of people and programs, by what became of them"),
    MetricDefinition(
      "p2pnode_commands_refused_total", .counter, labels: [.init("reason", refusals)],
      "Commands that were refused, by reason"),
    MetricDefinition(
      "p2pnode_command_seconds", .histogram(.seconds), labels: [.init("command", commands)],
      "Time from a command to its answer, which comes when its entry is on disk or it is refused"),
    MetricDefinition(
      "p2pnode_own_entry_seconds", .histogram(.seconds), "Time from signing an own entry until it is on disk"),
    MetricDefinition(
      "p2pnode_own_entry_operations", .histogram(.number), "Operations in one own entry: how well commits are grouped"),
    MetricDefinition(
      "p2pnode_settlement_seconds", .histogram(.seconds), labels: [.init("step", steps)],
      "Time of a settlement's steps: answer, from the own proposal to the maker's answer; decide, from another's "
        + "proposal to the own answer; copy, from the maker's acceptance to the own receipt"),
    MetricDefinition(
      "p2pnode_trade_rejects_total", .counter,
      labels: [
        .init("origin", origins),
        .init("reason", ["order_closed", "no_capacity", "bad_terms", "stopping", "no_hold"]),
      ],
      "Proposals that were declined, by whose maker declined and why"),
    MetricDefinition("p2pnode_trades_settled", .gauge, "Settled trades that are known, of all nodes"),
    MetricDefinition(
      "p2pnode_trades_undecided", .gauge, "Own trades proposed and not decided, and what is left to copy"),
  ]

  // MARK: The book

  static let market = [
    MetricDefinition(
      "p2pnode_book_orders", .gauge, labels: [.init("side", ["offer", "bid"])], "Open orders in the book"),
    MetricDefinition("p2pnode_own_offers_gpus", .gauge, "GPUs in open offers of this node"),
    MetricDefinition(
      "p2pnode_state", .gauge,
      labels: [.init("state", ["recovering", "running", "stopping", "rotated", "frozen"])],
      "1 for what the node is doing, 0 for the other states"),
    MetricDefinition(
      "p2pnode_trouble", .gauge, labels: [.init("kind", ["store", "clock", "configuration"])],
      "1 while something is wrong that status calls trouble"),
    MetricDefinition("p2pnode_ready", .gauge, "1 while /ready answers with 200"),
    MetricDefinition(
      "p2pnode_configuration_reloads_total", .counter, labels: [.init("result", ["done", "refused"])],
      "Times that SIGHUP made the node read its configuration again, by what became of it"),
  ]
}
