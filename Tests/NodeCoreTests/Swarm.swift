import Gossip
import Market
import NodeCore
import NodeCrypto
import Simulator
import Testing

/// One random run.
struct Swarm {
  let genesis: Genesis
  let network: VirtualNetwork
  private let dice: Dice
  private var orders: [(node: VirtualNode, order: CommandID)] = []
  /// Trades that somebody other than the maker once saw settled: the accept was on the maker's disk then.
  private var published: Set<TradeID> = []

  init(genesis: Genesis, seed: UInt64) {
    self.genesis = genesis
    var generator = SplitMix64(seed: seed)
    var conditions = Conditions()
    conditions.latency = 1...Int64.random(in: 10...300, using: &generator)
    conditions.commit = 1...Int64.random(in: 2...100, using: &generator)
    conditions.verification = 0...Int64.random(in: 0...60, using: &generator)
    conditions.batching = 0...Int64.random(in: 0...20, using: &generator)
    conditions.clockOffset = Bool.random(using: &generator) ? -2000...2000 : 0...0
    network = VirtualNetwork(genesis: genesis, seed: generator.next(), conditions: conditions)
    dice = Dice(seed: generator.next())
    _ = network.addNodes(Int.random(in: 5...8, using: &generator))
    network.run(for: 15_000)
  }

  /// A minute and a half of orders, amends, cancels, partitions, broken connections, crashes and failing disks.
  mutating func trouble() {
    for _ in 0..<80 {
      let node = pick()
      switch dice.random(0...99) {
      case 0..<45: placeOrder(on: node)
      case 45..<55: amendOrder()
      case 55..<63: cancelOrder()
      case 63..<70:
        node.crash(commitSurvives: dice.chance(50))
        network.schedule(after: dice.random(10...20_000)) { [node] in if node.core == nil { node.start() } }
      case 70..<77: network.partition(parts())
      case 77..<84: network.heal()
      case 84..<92: network.disconnect(node.index, pick().index)
      case 92..<96:
        node.isStoreFailing = true
        network.schedule(after: dice.random(10...8000)) { [node] in node.isStoreFailing = false }
      default: node.clockOffset = dice.random(network.conditions.clockOffset)
      }
      network.run(for: dice.random(0...1500))
      for node in network.nodes {
        published.formUnion(node.settled.filter { $0.terms.maker != node.nodeID }.map(\.id))
      }
    }
  }

  /// Ends the trouble, waits until nothing is under way, and returns what does not hold that should.
  mutating func calm() -> [String] {
    network.heal()
    for node in network.nodes {
      node.isStoreFailing = false
      // With clocks apart, entries that wait for their time can keep some feed unequal at every moment.
      node.clockOffset = 0
      if node.core == nil { node.start() }
    }
    network.run(for: 30_000)
    guard network.run(for: 120_000, until: { [network] in network.isQuiet }) else {
      return ["not quiet:\n\(network.disquiet)"]
    }
    let lost = published.subtracting(network.nodes.flatMap { $0.settled.map(\.id) })
    return network.disagreements + lost.sorted().map { "trade \($0) is lost" }
  }

  private func pick() -> VirtualNode {
    network.nodes[Int(dice.random(0...Int64(network.nodes.count - 1)))]
  }

  private func parts() -> [[VirtualNode]] {
    var parts: [[VirtualNode]] = [[], [], []]
    for node in network.nodes { parts[Int(dice.random(0...2))].append(node) }
    return parts
  }

  private mutating func placeOrder(on node: VirtualNode) {
    let gpus = Int32(dice.random(1...8))
    let price = Double(dice.random(195...240)) / 100
    let gpuClass = dice.chance(70) ? TestMarket.h100 : TestMarket.a100
    let start = 600 + 10 * dice.random(0...10)
    let end = start + 10 * dice.random(2...30)
    let body: OrderBody
    if dice.chance(45) {
      body = genesis.offer(
        gpus, at: price, from: start, until: end, gpuClass: gpuClass, minimumGPUs: Int32(dice.random(1...2)))
    } else {
      let longest = (end - start) / 10
      body = genesis.bid(
        gpus, at: price, for: 10 * dice.random(1...min(longest, 10)), from: start, until: end, gpuClass: gpuClass,
        minimumGPUs: dice.chance(50) ? 1 : nil)
    }
    orders.append((node, node.command(.place(withFlags(body)))))
  }

  /// Now and then an order that never rests, or one that never takes.
  private func withFlags(_ body: OrderBody) -> OrderBody {
    switch dice.random(0...9) {
    case 0: body.works(.immediateOrCancel)
    case 1: body.isAllOrNone ? body.works(.fillOrKill) : body
    case 2: body.postOnly
    default: body
    }
  }

  /// Another price, more GPUs, or another expiry.
  private mutating func amendOrder() {
    guard !orders.isEmpty else { return }
    let (node, command) = orders[Int(dice.random(0...Int64(orders.count - 1)))]
    guard case .success(let order)? = node.replies[command], let core = node.core,
      let body = core.ownOrderState(order, now: node.time)?.order.body
    else { return }
    let new =
      switch dice.random(0...2) {
      case 0: body.priced(Double(dice.random(195...240)) / 100)
      case 1: body.sized(min(64, body.gpus + Int32(dice.random(0...2))))
      default: body.expiring((network.time - epoch) / 1000 + dice.random(1...200))
      }
    node.command(.amend(order, new))
  }

  private mutating func cancelOrder() {
    guard !orders.isEmpty else { return }
    let (node, command) = orders[Int(dice.random(0...Int64(orders.count - 1)))]
    if case .success(let order)? = node.replies[command] { node.command(.cancel(order)) }
  }
}

/// What a swarm draws.
final class Dice {
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  func random(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &generator) }
  func chance(_ percent: Int64) -> Bool { random(0...99) < percent }
}
