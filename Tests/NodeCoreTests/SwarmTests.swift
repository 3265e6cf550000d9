import Market
import NodeCore
import NodeCrypto
import Testing

/// Random trading under random trouble; what must hold in the end is ``VirtualNetwork/checkAgreement()``.
@Suite("swarms")
struct SwarmTests {
  @Test("whatever goes wrong on the way, all nodes end with one book and the same trades", arguments: 1...50)
  func swarm(seed: Int) throws {
    let genesis = try TestMarket.genesis()
    var swarm = Swarm(genesis: genesis, seed: UInt64(seed))
    swarm.trouble()
    let problems = swarm.calm()
    #expect(problems.isEmpty, "seed \(seed): \(problems.joined(separator: "\n"))")
  }
}

/// One random run.
struct Swarm {
  let genesis: Genesis
  let network: VirtualNetwork
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
    _ = network.addNodes(Int.random(in: 5...8, using: &generator))
    network.run(for: 15_000)
  }

  /// A minute and a half of orders, amends, cancels, partitions, broken connections, crashes and failing disks.
  mutating func trouble() {
    for _ in 0..<80 {
      let node = pick()
      switch network.random(0...99) {
      case 0..<45: placeOrder(on: node)
      case 45..<55: amendOrder()
      case 55..<63: cancelOrder()
      case 63..<70:
        node.crash(commitSurvives: network.chance(50))
        network.schedule(after: network.random(10...20_000)) { [node] in if node.core == nil { node.start() } }
      case 70..<77: network.partition(parts())
      case 77..<84: network.heal()
      case 84..<92: network.disconnect(node.index, pick().index)
      case 92..<96:
        node.isStoreFailing = true
        network.schedule(after: network.random(10...8000)) { [node] in node.isStoreFailing = false }
      default: node.clockOffset = network.random(network.conditions.clockOffset)
      }
      network.run(for: network.random(0...1500))
      for node in network.nodes {
        published.formUnion(node.settled.filter { $0.terms.maker != node.nodeID }.map(\.id))
      }
    }
  }

  /// Ends the trouble, waits until nothing is under way, and returns what does not hold that should.
  ///
  /// - Parameter isPruned: whether nodes may know different trades of the past.
  mutating func calm(isPruned: Bool = false) -> [String] {
    network.heal()
    for node in network.nodes {
      node.isStoreFailing = false
      if node.core == nil { node.start() }
    }
    network.run(for: 30_000)
    guard network.run(for: 120_000, until: { [network] in network.isQuiet }) else {
      return ["not quiet:\n\(network.disquiet)"]
    }
    let lost = published.subtracting(network.nodes.flatMap { $0.settled.map(\.id) })
    return network.disagreements(isPruned: isPruned) + lost.sorted().map { "trade \($0) is lost" }
  }

  private func pick() -> VirtualNode {
    network.nodes[Int(network.random(0...Int64(network.nodes.count - 1)))]
  }

  private func parts() -> [[VirtualNode]] {
    var parts: [[VirtualNode]] = [[], [], []]
    for node in network.nodes { parts[Int(network.random(0...2))].append(node) }
    return parts
  }

  private mutating func placeOrder(on node: VirtualNode) {
    let gpus = Int32(network.random(1...8))
    let price = Double(network.random(195...240)) / 100
    let gpuClass = network.chance(70) ? TestMarket.h100 : TestMarket.a100
    let start = 600 + 10 * network.random(0...10)
    let end = start + 10 * network.random(2...30)
    let body: OrderBody
    if network.chance(45) {
      body = genesis.offer(
        gpus, at: price, from: start, until: end, gpuClass: gpuClass, minimumGPUs: Int32(network.random(1...2)))
    } else {
      let longest = (end - start) / 10
      body = genesis.bid(
        gpus, at: price, for: 10 * network.random(1...min(longest, 10)), from: start, until: end, gpuClass: gpuClass,
        minimumGPUs: network.chance(50) ? 1 : nil)
    }
    orders.append((node, node.command(.place(withFlags(body)))))
  }

  /// Now and then an order that never rests, or one that never takes.
  private func withFlags(_ body: OrderBody) -> OrderBody {
    switch network.random(0...9) {
    case 0: body.works(.immediateOrCancel)
    case 1: body.isAllOrNone ? body.works(.fillOrKill) : body
    case 2: body.postOnly
    default: body
    }
  }

  /// Another price, more GPUs, or another expiry.
  private mutating func amendOrder() {
    guard !orders.isEmpty else { return }
    let (node, command) = orders[Int(network.random(0...Int64(orders.count - 1)))]
    guard case .success(let order)? = node.replies[command], let core = node.core,
      let body = core.ownOrderState(order, now: node.now)?.order.body
    else { return }
    let new =
      switch network.random(0...2) {
      case 0: body.priced(Double(network.random(195...240)) / 100)
      case 1: body.sized(min(64, body.gpus + Int32(network.random(0...2))))
      default: body.expiring((network.now - epoch) / 1000 + network.random(1...200))
      }
    node.command(.amend(order, new))
  }

  private mutating func cancelOrder() {
    guard !orders.isEmpty else { return }
    let (node, command) = orders[Int(network.random(0...Int64(orders.count - 1)))]
    if case .success(let order)? = node.replies[command] { node.command(.cancel(order)) }
  }
}
