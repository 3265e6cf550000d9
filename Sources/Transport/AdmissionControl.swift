/// Counts connections against the limits, from before their handshake to their end. All operations are O(1).
struct AdmissionControl {
  /// All connections, handshakes and dials.
  private(set) var count = 0

  private let maximum: Int
  private let maximumWhenInbound: Int
  private let maximumPerAddress: Int
  private let maximumFromLoopback: Int
  private var inboundCounts: [AddressGroup: Int] = [:]

  /// Nothing admitted yet.
  init(_ configuration: TransportConfiguration) {
    maximum = configuration.maximumConnections
    maximumWhenInbound = configuration.maximumConnections - configuration.reservedForDialing
    maximumPerAddress = configuration.maximumConnectionsPerAddress
    maximumFromLoopback = configuration.maximumConnectionsFromLoopback
  }

  /// Counts an inbound connection.
  ///
  /// - Throws: `tooManyConnections`, `tooManyConnectionsFromAddress`.
  mutating func admitInbound(from group: AddressGroup) throws(DisconnectReason) {
    guard count < maximumWhenInbound else { throw .tooManyConnections(limit: maximumWhenInbound) }
    let limit = group == .loopback ? maximumFromLoopback : maximumPerAddress
    let groupCount = inboundCounts[group, default: 0]
    guard groupCount < limit else { throw .tooManyConnectionsFromAddress(limit: limit) }
    count += 1
    inboundCounts[group] = groupCount + 1
  }

  /// Counts a connection that this node opens.
  ///
  /// - Throws: `tooManyConnections`.
  mutating func admitOutbound() throws(DisconnectReason) {
    guard count < maximum else { throw .tooManyConnections(limit: maximum) }
    count += 1
  }

  /// Counts the end of an admitted connection; `group` is that of an inbound one, nil for an outbound one.
  mutating func release(_ group: AddressGroup?) {
    count -= 1
    guard let group else { return }
    guard let groupCount = inboundCounts[group] else { preconditionFailure("a connection was released twice") }
    // Groups with no connection are removed, so that the table is bounded by the connections.
    inboundCounts[group] = groupCount == 1 ? nil : groupCount - 1
  }
}
