import Gossip
import Market
import NodeCore
import NodeCrypto

/// What the broadcast of entries costs and how long it takes, in the model of the project's targets: latencies of 20 to
/// 100 ms a pair, 3 ms jitter, 20 entries of about 300 bytes a second by random authors.
public struct BroadcastFigures: Sendable {
  /// What is measured.
  public struct Options: Sendable {
    /// How many honest nodes there are.
    public var nodes = 100
    /// How many hostile ones, which take part in everything but pass nothing on and answer no request.
    public var hostile = 0
    /// Where chance comes from.
    public var seed: UInt64 = 1
    /// Addresses that each node is started with: random earlier nodes'.
    public var bootstrap = 3
    /// How long the network forms before anything is measured, in seconds.
    public var warmUpSeconds: Int64 = 60
    /// How long entries are published after that before anything is measured, in seconds: the broadcast learns from them.
    public var trafficSeconds: Int64 = 60
    /// How long is measured, in seconds.
    public var seconds: Int64 = 20
    /// Entries a second in the whole network.
    public var entriesPerSecond: Int64 = 20
    /// Nodes that are killed without a word when half of the time is over, in hundredths.
    public var killedPercent: Int64 = 0

    /// The gossip's constants.
    public var gossip = GossipParameters.standard

    /// The model of the targets.
    public init() {}
  }

  /// What was measured with.
  public let options: Options
  /// Half and 99 of a hundred deliveries took at most so many milliseconds; the longest.
  public let p50: Int64, p99: Int64, longest: Int64
  /// The share of deliveries that came within two seconds: before anti-entropy had a part in it.
  public let promptShare: Double
  /// Entries received for each needed delivery, less 1.
  public let redundancy: Double
  /// Bytes of all honest nodes' messages for each delivery, framing counted.
  public let bytesPerDelivery: Double
  /// Entries published while measuring, their deliveries, and those that had not come at the end.
  public let published: Int, deliveries: Int64, missing: Int64
  /// The messages by kind.
  public let messages: [MessageProbe.Count]
  /// The fewest, middle and most peers of an honest node at the end of the warm-up.
  public let peers: (least: Int, median: Int, most: Int)
  /// The fewest and middle honest neighbours of an honest node when entries were last published.
  public let honestNeighbours: (least: Int, median: Int)
  /// The 99th percentile of deliveries in each second after a kill.
  public let afterKill: [Int64]
  /// The run's fingerprint.
  public let trace: UInt64
  /// Events that were carried out, and seconds of virtual time.
  public let events: Int, virtualSeconds: Int64

  /// Runs and measures.
  public init(_ options: Options) {
    self.options = options
    let network = Self.network(options)
    let honest = network.nodes.filter(\.isHonest)
    let probe = BroadcastProbe(network: network, audience: honest.count)
    network.observer = probe
    network.run(for: options.warmUpSeconds * 1000)
    let counts = honest.map { $0.process?.core.peers.count ?? 0 }.sorted()
    peers = (counts[0], counts[counts.count / 2], counts[counts.count - 1])
    var publisher = Publisher(network: network, perSecond: options.entriesPerSecond, seed: options.seed)
    publisher.run(for: options.trafficSeconds * 1000)
    probe.begin()
    var afterKill: [Int64] = []
    publisher.run(for: options.killedPercent > 0 ? options.seconds * 500 : options.seconds * 1000)
    if options.killedPercent > 0 {
      network.run(for: 1000)
      publisher.kill(percent: options.killedPercent)
      probe.audience = publisher.alive.count
      for _ in 0..<options.seconds / 2 {
        probe.split()
        publisher.run(for: 1000)
        afterKill.append(probe.recent.percentile(perMille: 990) ?? 0)
      }
    }
    probe.end()
    let messages = probe.messages
    honestNeighbours = Self.honestNeighbours(in: network)
    // What the broadcast missed comes with the next comparison of heads.
    network.run(for: options.hostile > 0 || options.killedPercent > 0 ? 70_000 : 10_000)
    self.afterKill = afterKill
    self.messages = messages.kinds
    p50 = probe.delivery.percentile(perMille: 500) ?? 0
    p99 = probe.delivery.percentile(perMille: 990) ?? 0
    longest = probe.delivery.percentile(perMille: 1000) ?? 0
    published = probe.published
    precondition(published > 0, "no node takes the orders of the measurement")
    deliveries = probe.expected
    missing = probe.missing
    let needed = Double(max(1, probe.expected))
    promptShare = Double(probe.delivery.count(atMost: 2000)) / needed
    redundancy = Double(messages.total.entries) / needed - 1
    bytesPerDelivery = Double(messages.total.bytes) / needed
    trace = network.trace.value
    events = network.eventCount
    virtualSeconds = network.clock / 1_000_000
  }

  private static func honestNeighbours(in network: VirtualNetwork) -> (least: Int, median: Int) {
    let honest = network.nodes.filter { $0.isHonest && $0.isListening }
    let names = Set(honest.map(\.nodeID))
    let counts = honest.map { node in
      node.process?.core.peers.filter { ($0.link == .random || $0.link == .near) && names.contains($0.node) }.count ?? 0
    }.sorted()
    return (counts[0], counts[counts.count / 2])
  }

  /// The network of the model, started.
  private static func network(_ options: Options) -> VirtualNetwork {
    let network = VirtualNetwork(
      genesis: SimulatedMarket.figures, seed: options.seed, conditions: Conditions.figures)
    network.gossip = options.gossip
    var chance = SplitMix64(seed: options.seed ^ 0xB007)
    let count = options.nodes + options.hostile
    // The hostile ones stand at random places among the others, but for the first.
    var isHostile = (1..<max(2, count)).map { $0 <= options.hostile }
    isHostile.shuffle(using: &chance)
    for index in 0..<count {
      let bootstrap = (0..<min(options.bootstrap, max(1, index))).map { _ in
        Int.random(in: 0..<max(1, index), using: &chance)
      }
      let misconduct = index > 0 && isHostile[index - 1] ? Misconduct(.withholder, seed: UInt64(index)) : nil
      network.addNode(bootstrap: bootstrap, misconduct: misconduct).keepsHistory = false
    }
    return network
  }
}

extension SimulatedMarket {
  /// The market of measurements: orders last two seconds, so that books stay small.
  static let figures = genesis(slotSeconds: 1, tick: 60_000, skew: 10_000, proposal: 30_000)
}

extension Conditions {
  /// The model of the project's targets: only lines take time.
  static var figures: Conditions {
    var conditions = Conditions()
    conditions.latency = 20...100
    conditions.jitterMicroseconds = 3000
    conditions.commit = 0...0
    conditions.verification = 0...0
    conditions.serving = 0...0
    conditions.batching = 0...0
    return conditions
  }
}
