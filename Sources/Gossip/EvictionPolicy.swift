import Market
import NodeCrypto

/// Chooses which inbound link gives way, as Bitcoin Core does: whoever wants to drive out the honest ones must be better
/// than they are in several ways at once, and each costs something else.
enum EvictionPolicy {
  struct Candidate: Sendable {
    var node: NodeID
    var group: NetworkGroup
    var roundTripMilliseconds: Int64?
    /// When it last brought an entry that was new.
    var lastUseful: Timestamp?
    var since: Timestamp
  }

  /// The candidate to evict; nil when all are protected.
  ///
  /// - Parameter key: the secret by which groups are ordered.
  static func victim(
    among candidates: [Candidate], protecting counts: GossipParameters.Eviction, key: [UInt8]
  ) -> NodeID? {
    var rest = candidates.sorted { $0.node < $1.node }
    protectGroups(&rest, counts.byGroup, key: key)
    protect(&rest, counts.byRoundTrip) { ($0.roundTripMilliseconds ?? .max) < ($1.roundTripMilliseconds ?? .max) }
    protectUseful(&rest, counts.byUse)
    protect(&rest, rest.count / 2) { $0.since < $1.since }
    guard !rest.isEmpty else { return nil }
    // Of the group with the most members, the youngest.
    var sizes: [NetworkGroup: Int] = [:]
    for candidate in rest { sizes[candidate.group, default: 0] += 1 }
    func rank(_ candidate: Candidate) -> (Int, Timestamp, NodeID) {
      (sizes[candidate.group] ?? 0, candidate.since, candidate.node)
    }
    return rest.max { rank($0) < rank($1) }?.node
  }

  private static func protect(
    _ rest: inout [Candidate], _ count: Int, by isBetter: (Candidate, Candidate) -> Bool
  ) {
    rest = Array(rest.sorted(by: isBetter).dropFirst(count)).sorted { $0.node < $1.node }
  }

  private static func protectUseful(_ rest: inout [Candidate], _ count: Int) {
    let useful = rest.filter { $0.lastUseful != nil }.sorted { ($0.lastUseful ?? .zero) > ($1.lastUseful ?? .zero) }
    let spared = Set(useful.prefix(count).map(\.node))
    rest.removeAll { spared.contains($0.node) }
  }

  /// Spares one candidate of each of `count` groups, in an order that nobody else knows.
  private static func protectGroups(_ rest: inout [Candidate], _ count: Int, key: [UInt8]) {
    func order(_ group: NetworkGroup) -> UInt64 { (Blake2b.keyedHash(group.bytes, key: key) as Digest).word0 }
    var oldest: [NetworkGroup: Candidate] = [:]
    for candidate in rest where oldest[candidate.group].map({ candidate.since < $0.since }) ?? true {
      oldest[candidate.group] = candidate
    }
    let groups = oldest.keys.map { (order($0), $0) }.sorted { $0.0 < $1.0 }
    let spared = Set(groups.prefix(count).compactMap { oldest[$0.1]?.node })
    rest.removeAll { spared.contains($0.node) }
  }
}
