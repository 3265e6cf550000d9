import Gossip
import Market
import NodeCore
import NodeCrypto

/// What it costs two nodes to find out what they lack of each other's feeds, and to fetch it.
public struct ReconciliationFigures: Sendable {
  /// Feeds that both hold, and entries that one of them lacks.
  public let feeds: Int, missing: Int
  /// Bytes of all messages but the entries themselves, until both held the same; framing counted.
  public let overheadBytes: Int64
  /// The bytes of messages that compare heads, and of those that ask for entries.
  public let comparingBytes: Int64, askingBytes: Int64
  /// The bytes of messages that bring entries, less the entries and signatures themselves.
  public let framingBytes: Int64
  /// The bytes of the entries and their signatures.
  public let entryBytes: Int64
  /// From the first message about heads until both held the same, in round trips of the line.
  public let roundTrips: Double
  /// Whether they came to hold the same.
  public let isEqual: Bool
  /// The messages by kind.
  public let messages: [MessageProbe.Count]

  /// Has two nodes meet, of which one lacks the last `missing` ÷ `behind` entries of `behind` of the feeds.
  ///
  /// - Precondition: `missing` is a multiple of `behind`, which is at most `feeds`.
  public init(feeds: Int, missing: Int, behind: Int, seed: UInt64 = 1) {
    precondition(behind <= feeds && (behind == 0 || missing % behind == 0), "entries that do not fit the feeds")
    self.feeds = feeds
    self.missing = missing
    var conditions = Conditions.figures
    conditions.latency = 50...50
    conditions.jitterMicroseconds = 0
    let network = VirtualNetwork(genesis: SimulatedMarket.figures, seed: seed, conditions: conditions)
    let (full, lacking) = (network.addNode(bootstrap: []), network.addNode(bootstrap: [0]))
    full.crash(commitSurvives: true)
    lacking.crash(commitSurvives: true)
    let span = behind == 0 ? 0 : missing / behind
    var bytes: Int64 = 0
    for number in 0..<feeds {
      let author = VirtualNetwork.identity(1000 + number)
      var head = Head.origin(of: network.genesis.networkID)
      for place in 0...(number < behind ? span : 0) {
        let entry = SignedEntry(
          after: head, time: VirtualNetwork.epoch, payload: [], identity: author, network: network.genesis.networkID)
        head = entry.head
        full.store.keep(entry)
        if place == 0 { lacking.store.keep(entry) } else { bytes += Int64(entry.bytes.count + 64) }
      }
    }
    entryBytes = bytes
    for node in [full, lacking] { _ = node.store.commitAll(own: node.nodeID) }
    full.start()
    let probe = BroadcastProbe(network: network, audience: 2)
    network.observer = probe
    probe.begin()
    let start = network.clock
    lacking.start()
    isEqual = network.run(for: 60_000) {
      full.process?.core.feeds.entryCount == lacking.process?.core.feeds.entryCount
        && full.process?.core.peers.count == 1
        && full.process?.core.peers.first?.agent.isEmpty == false && network.clock > start + 600_000
    }
    // Dialling, the handshake and asking for a link take three round trips.
    roundTrips = Double(probe.lastDelivery > 0 ? probe.lastDelivery - start : 300_000) / 100_000 - 3
    messages = probe.messages.kinds
    let idle = messages.filter { ["hello", "ping", "pong"].contains($0.name) }
    overheadBytes = probe.messages.total.bytes - bytes - idle.reduce(0) { $0 + $1.bytes }
    let byName = Dictionary(uniqueKeysWithValues: messages.map { ($0.name, $0.bytes) })
    comparingBytes = byName["compare"] ?? 0
    askingBytes = byName["fetch"] ?? 0
    framingBytes = (byName["fetchAnswer"] ?? 0) - bytes
  }
}
