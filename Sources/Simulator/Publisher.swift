import Market
import NodeCore
import NodeCrypto

/// Has random honest nodes publish entries at an even rate.
struct Publisher {
  let network: VirtualNetwork
  let perSecond: Int64
  private var chance: SplitMix64
  /// The nodes that publish.
  private(set) var alive: [VirtualNode]

  init(network: VirtualNetwork, perSecond: Int64, seed: UInt64) {
    self.network = network
    self.perSecond = perSecond
    chance = SplitMix64(seed: seed ^ 0x5EED)
    alive = network.nodes.filter { $0.isHonest && $0.isListening }
  }

  mutating func run(for milliseconds: Int64) {
    for _ in 0..<milliseconds * perSecond / 1000 {
      publish()
      network.run(for: 1000 / perSecond)
    }
  }

  /// An offer that nobody takes and that is over in two seconds; about 300 bytes on the wire.
  private mutating func publish() {
    guard let node = alive.randomElement(using: &chance) else { return }
    let genesis = network.genesis
    let slot = genesis.slot(containing: network.time)
    var offer = Offer(
      gpuClass: GPUClassIndex(0), gpus: 8, window: SlotRange(start: slot, end: slot + 2),
      price: Price(micros: 2_000_000 + Int64(chance.next() % 1_000_000)), minimumGPUs: 1, minimumSlots: 1,
      expiry: genesis.start(of: slot + 2))
    offer.attributes = Attributes(
      region: "EU-FR", interconnect: "nvlink5-nvswitch-900-gb-a-second", driver: "580.95.05-open-kernel-mods-dkms",
      wattsPerGPU: 700, gramsCO2PerKWh: 50, vramMiB: 81_559, probed: [])
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
