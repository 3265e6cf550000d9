/// What surrounds the core: connections, the disk, queues, the API, the process.
extension NodeMetricsCatalog {
  /// Why a connection ended or never came to be: the transport's labels.
  public static let disconnectReasons = [
    "closed_by_peer", "closed_locally", "shutdown", "connection_reset", "network_error", "truncated_frame",
    "empty_frame", "frame_too_long", "handshake_timeout", "handshake_refused", "self_connection", "session_failed",
    "idle", "slow_peer", "congested", "too_many_connections", "too_many_connections_from_address",
    MetricDefinition.other,
  ]
  /// Why the node itself ended a connection.
  public static let disconnectCauses = [
    "misbehaved", "duplicate", "banned", "full", "silent", "unreliable", "idle", "refused", "evicted", "replaced",
    "surplus", "probed", "unlinked", "given_up",
  ]
  /// In which order messages leave.
  public static let priorities = ["urgent", "entry", "answer", "announcement", "bulk"]
  /// Which side opened a connection.
  public static let directions = ["inbound", "outbound"]
  /// What waits somewhere in the node.
  public static let waiting = [
    "writer_events", "writer_entries", "writer_messages", "verification", "store", "parked_messages", "history",
    "sending", "commands", "log", "events",
  ]
  /// What the gossip keeps and bounds.
  public static let gossipParts = [
    "peers", "comparisons_waiting", "fetches_ending", "entries_waiting", "entries_waiting_bytes", "entries_remembered",
    "entries_kept_bytes", "announcements_of_one_peer", "grafts_of_one_peer", "entries_announced",
    "claims_of_one_peer", "peers_with_claims", "addresses", "addresses_at_hand", "dials", "lost_neighbours",
    "walks_remembered", "peers_judged", "nodes_banned", "nodes_paused",
  ]

  static let connections = [
    MetricDefinition(
      "p2pnode_dials_total", .counter, labels: [.init("result", ["connected", "failed", "own_address"])],
      "Attempts to connect to a node, by what became of them"),
    MetricDefinition(
      "p2pnode_handshake_failures_total", .counter, labels: [.init("reason", disconnectReasons)],
      "Connections that did not get through their handshake, by reason"),
    MetricDefinition(
      "p2pnode_connections_opened_total", .counter, labels: [.init("direction", directions)],
      "Connections that were established"),
    MetricDefinition(
      "p2pnode_connections_closed_total", .counter, labels: [.init("reason", disconnectReasons)],
      "Established connections that ended, by reason"),
    MetricDefinition(
      "p2pnode_disconnects_total", .counter, labels: [.init("cause", disconnectCauses)],
      "Connections that this node ended, by the gossip's cause"),
    MetricDefinition("p2pnode_connections", .gauge, "Established connections"),
    MetricDefinition("p2pnode_peers", .gauge, "Connected peers"),
    MetricDefinition("p2pnode_peers_agreeing", .gauge, "Connected peers whose book is known to equal this node's"),
    MetricDefinition(
      "p2pnode_traffic_bytes_total", .counter, labels: [.init("direction", ["received", "sent"])],
      "Bytes of messages exchanged with peers"),
    MetricDefinition(
      "p2pnode_traffic_messages_total", .counter, labels: [.init("direction", ["received", "sent"])],
      "Messages exchanged with peers"),
    MetricDefinition(
      "p2pnode_messages_shed_total", .counter, labels: [.init("priority", priorities)],
      "Messages not sent to a peer that reads too slowly; it fetches later what it missed"),
    MetricDefinition(
      "p2pnode_history_requests_refused_total", .counter,
      "Requests for history answered with nothing because the peer had too many waiting"),
  ]

  static let store = [
    MetricDefinition("p2pnode_store_commit_seconds", .histogram(.seconds), "Time of one synced commit"),
    MetricDefinition("p2pnode_store_commit_entries", .histogram(.number), "Entries in one commit"),
    MetricDefinition("p2pnode_store_failures_total", .counter, "Commits that failed; each is tried again"),
    MetricDefinition("p2pnode_store_bytes", .gauge, "Size of the database with its write-ahead log"),
    MetricDefinition("p2pnode_disk_free_bytes", .gauge, "Free bytes for this user on the data directory's file system"),
  ]

  static let queues = [
    MetricDefinition("p2pnode_queue_length", .gauge, labels: [.init("queue", waiting)], "What waits, by queue"),
    MetricDefinition(
      "p2pnode_queue_bytes", .gauge, labels: [.init("queue", waiting)], "Bytes of what waits, where they are bounded"),
    MetricDefinition(
      "p2pnode_queue_limit_bytes", .gauge, labels: [.init("queue", waiting)],
      "Bytes from which on a queue takes no more, or makes whoever fills it wait"),
    MetricDefinition(
      "p2pnode_gossip_held", .gauge, labels: [.init("part", gossipParts)],
      "How full the gossip's bounded parts are, in what their name says"),
    MetricDefinition(
      "p2pnode_gossip_limit", .gauge, labels: [.init("part", gossipParts)], "The bounds of the gossip's parts"),
    MetricDefinition(
      "p2pnode_writer_turn_seconds", .histogram(.seconds),
      "Time of one turn of the writer, in which it takes events and entries and carries out what follows"),
    MetricDefinition(
      "p2pnode_log_lines_dropped_total", .counter, "Log lines dropped because whoever reads the log is too slow"),
  ]

  static let api = [
    MetricDefinition(
      "p2pnode_http_requests_total", .counter,
      labels: [
        .init("method", ["GET", "HEAD", "POST", "PATCH", "DELETE", MetricDefinition.other]),
        .init("status", ["2xx", "3xx", "4xx", "5xx", MetricDefinition.other]),
      ],
      "Requests to the API, by method and class of status"),
    MetricDefinition(
      "p2pnode_http_request_seconds", .histogram(.seconds),
      labels: [.init("method", ["GET", "HEAD", "POST", "PATCH", "DELETE", MetricDefinition.other])],
      "Time from a request's head to its answer's"),
    MetricDefinition("p2pnode_event_listeners", .gauge, "Clients that listen to events"),
    MetricDefinition(
      "p2pnode_event_resets_total", .counter,
      "Clients of events that were too far behind to go on, and had to fetch everything anew"),
  ]

  static let process = [
    MetricDefinition("p2pnode_build_info", .gauge, labels: [.init("version")], "1, with the software's version"),
    MetricDefinition("process_cpu_seconds_total", .counter, "Time of the processor that the process has used"),
    MetricDefinition("process_resident_memory_bytes", .gauge, "Memory of the process that is resident"),
    MetricDefinition("process_open_fds", .gauge, "Open file descriptors"),
    MetricDefinition("process_max_fds", .gauge, "File descriptors that may be open"),
    MetricDefinition("process_start_time_seconds", .gauge, "When the process started, since the Unix epoch"),
  ]
}
