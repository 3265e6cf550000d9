import Gossip
import Market
import NodeCore
import NodeCrypto

/// What the broadcast of entries costs and how long it takes, in the model of the project's targets: latencies of 20 to
/// 100 ms a pair, 3 ms jitter, 20 entries of about 300 bytes a second by random authors.
public struct BroadcastFigures: Sendable {
  /// What is measured.
  public struct Options: Sendable {
    /// How many nodes there are.
    public var nodes = 100
    /// Where chance comes from.
    public var seed: UInt64 = 1
    /// Addresses that each node is started with: random other nodes'.
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
  /// Half and 99 of a hundred deliveries took at most so many milliseconds.
  public let p50: Int64, p99: Int64, longest: Int64
  /// Entries received for each needed delivery, less 1.
  public let redundancy: Double
  /// Bytes of all messages for each delivery.
  public let bytesPerDelivery: Double
  /// Entries published while measuring, their deliveries, and those that had not come ten seconds later.
  public let published: Int, deliveries: Int64, missing: Int64
  /// The messages by kind.
  public let messages: [MessageProbe.Count]
  /// The fewest, middle and most peers of a node at the end of the warm-up.
  public let peers: (least: Int, median: Int, most: Int)
  /// Spans of deliveries in each second after a kill.
  public let afterKill: [Int64]
  /// What the run's fingerprint is.
  public let trace: UInt64
  /// Events that were carried out.
  public let events: Int

  /// Runs and measures.
  public init(_ options: Options) {
    self.options = options
    var conditions = Conditions()
    conditions.latency = 20...100
    conditions.jitterMicroseconds = 3000
    conditions.commit = 0...0
    conditions.verification = 0...0
    conditions.batching = 0...0
    let network = VirtualNetwork(
      genesis: SimulatedMarket.genesis(slotSeconds: 1, tick: 60_000, skew: 10_000, proposal: 30_000),
      seed: options.seed,
      conditions: conditions)
    network.gossip = options.gossip
    var chance = SplitMix64(seed: options.seed ^ 0x5EED)
    let probe = BroadcastProbe(network: network, audience: options.nodes)
    for index in 0..<options.nodes {
      let bootstrap = (0..<min(options.bootstrap, max(1, index))).map { _ in
        Int.random(in: 0..<max(1, index), using: &chance)
      }
      network.addNode(bootstrap: bootstrap).keepsHistory = false
    }
    network.observer = probe
    network.run(for: options.warmUpSeconds * 1000)
    let counts = network.nodes.map { $0.core?.peers.count ?? 0 }.sorted()
    peers = (counts[0], counts[counts.count / 2], counts[counts.count - 1])
    var publisher = Publisher(network: network, perSecond: options.entriesPerSecond, chance: chance)
    publisher.run(for: options.trafficSeconds * 1000)
    probe.begin()
    var afterKill: [Int64] = []
    publisher.run(for: options.killedPercent > 0 ? options.seconds * 500 : options.seconds * 1000)
    if options.killedPercent > 0 {
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
    network.run(for: 10_000)
    self.afterKill = afterKill
    self.messages = messages.kinds
    p50 = probe.delivery.percentile(perMille: 500) ?? 0
    p99 = probe.delivery.percentile(perMille: 990) ?? 0
    longest = probe.delivery.percentile(perMille: 1000) ?? 0
    published = probe.published
    deliveries = probe.expected
    missing = probe.missing
    let needed = Double(max(1, probe.expected))
    redundancy = Double(messages.total.entries) / needed - 1
    bytesPerDelivery = Double(messages.total.bytes) / needed
    trace = network.trace.value
    events = network.eventCount
  }
}

/// Publishes entries by random nodes at an even rate.
struct Publisher {
  let network: VirtualNetwork
  let perSecond: Int64
  var chance: SplitMix64
  private(set) var alive: [VirtualNode]

  init(network: VirtualNetwork, perSecond: Int64, chance: SplitMix64) {
    self.network = network
    self.perSecond = perSecond
    self.chance = chance
    alive = network.nodes
  }

  mutating func run(for milliseconds: Int64) {
    for _ in 0..<milliseconds * perSecond / 1000 {
      publish()
      network.run(for: 1000 / perSecond)
    }
  }

  /// An offer that nobody takes and that is over in two seconds, so that the book stays small.
  private mutating func publish() {
    guard let node = alive.randomElement(using: &chance) else { return }
    let genesis = network.genesis
    let slot = genesis.slot(containing: network.now)
    var offer = Offer(
      gpuClass: GPUClassIndex(0), gpus: 8, window: SlotRange(start: slot, end: slot + 2),
      price: Price(micros: 2_000_000 + Int64(chance.next() % 1_000_000)), minimumGPUs: 1, minimumSlots: 1,
      expiry: genesis.start(of: slot + 2))
    offer.attributes = Attributes(
      region: "EU-FR", interconnect: "nvlink5-nvswitch-900-gb-a-second", driver: "580.95.05-open-kernel-module",
      wattsPerGPU: 700, gramsCO2PerKWh: 50,
      vramMiB: 81_559, probed: [])
    node.command(.place(.offer(offer)))
  }

  /// Kills some nodes at once, of which nobody is told.
  mutating func kill(percent: Int64) {
    for _ in 0..<alive.count * Int(percent) / 100 {
      let victim = Int.random(in: alive.indices, using: &chance)
      alive[victim].crash(commitSurvives: false, isSilent: true)
      alive.swapAt(victim, alive.count - 1)
      alive.removeLast()
    }
  }
}
