import Gossip
import Market
import NodeCore
import NodeCrypto
import Testing

@testable import Simulator

@Suite("simulations")
struct SimulationTests {
  @Test("the same plan gives the same run, whatever goes wrong in it", arguments: Scenario.allCases)
  func reproducible(scenario: Scenario) {
    for seed in UInt64(1)...3 {
      let plan = Plan(scenario, seed: seed)
      let (one, other) = (SimulationRun(plan).run(), SimulationRun(plan).run())
      #expect(one.trace == other.trace && one.events == other.events)
      #expect(one.violations.isEmpty, "simulate --seed \(seed) --scenario \(scenario.rawValue)")
    }
  }

  @Test("a seed that once left a node with a direct link alone")
  func alone() {
    #expect(SimulationRun(Plan(.swarm, seed: 71_712)).run().violations.isEmpty, "simulate --seed 71712")
  }

  @Test(
    "seeds that once ended with orders which could trade",
    arguments: [8292, 8588, 24_915, 32_692, 49_447] as [UInt64])
  func crossing(seed: UInt64) {
    #expect(SimulationRun(Plan(.swarm, seed: seed)).run().violations.isEmpty, "simulate --seed \(seed)")
  }

  @Test("what is told of a run does not change it")
  func telling() {
    var lines = 0
    let plan = Plan(.swarm, seed: 2)
    let told = SimulationRun(plan, log: { _ in lines += 1 }).run()
    #expect(told.trace == SimulationRun(plan).run().trace)
    #expect(lines > 100)
  }

  @Test("a run is shortened to the steps without which the rule is kept")
  func shrinking() {
    let plan = Plan(.swarm, seed: 4)
    let needed = [2, 7, 8]
    var shrinker = Shrinker(plan: plan, rule: .oversold, cut: PlanCut()) { cut in
      let steps = cut.applied(to: plan).steps.map(\.number)
      guard needed.allSatisfy(steps.contains), (cut.nodes ?? plan.nodes) >= 3 else { return [] }
      return [Violation(rule: .oversold, details: "")]
    }
    shrinker.shrink()
    #expect(shrinker.cut.steps == needed)
    #expect(shrinker.cut.nodes == 3 && shrinker.cut.calm.count == 3)
  }

  @Test("events come by time, and at one moment in the order in which they were scheduled")
  func eventOrder() {
    var queue = EventQueue()
    var chance = SplitMix64(seed: 3)
    var expected: [(Int64, Int32)] = []
    for place in 0..<2000 {
      let time = Int64(chance.next() % 50)
      queue.insert(.wake, at: time, subject: Int32(place))
      expected.append((time, Int32(place)))
    }
    expected.sort { ($0.0, $0.1) < ($1.0, $1.1) }
    for (time, place) in expected {
      let event = queue.popFirst()
      #expect(event?.time == time && event?.subject == place)
    }
    #expect(queue.popFirst() == nil)
  }

  @Test("the latency of a link depends on the seed and its ends alone")
  func latency() {
    var conditions = Conditions()
    conditions.latency = 20...100
    let network = VirtualNetwork(genesis: SimulatedMarket.genesis(), seed: 5, conditions: conditions)
    let other = VirtualNetwork(genesis: SimulatedMarket.genesis(), seed: 6, conditions: conditions)
    var sum: Int64 = 0
    for one in 0..<40 {
      for another in one + 1..<40 {
        let latency = network.latencyMicroseconds(one, another)
        #expect(latency == network.latencyMicroseconds(another, one))
        #expect((20_000...100_000).contains(latency))
        sum += latency
      }
    }
    #expect((58_000...62_000).contains(sum / 780))
    #expect(network.latencyMicroseconds(1, 2) != other.latencyMicroseconds(1, 2))
  }

  @Test("packets that are lost hold a message up and never change the order of a stream")
  func loss() {
    var conditions = Conditions()
    conditions.lossPerMille = 300
    conditions.latency = 10...10
    let network = VirtualNetwork(genesis: SimulatedMarket.genesis(), seed: 5, conditions: conditions)
    let (sender, receiver) = (Listener(0), Listener(1))
    _ = network.addParticipant { _ in sender }
    _ = network.addParticipant { _ in receiver }
    let link = network.open(from: 0, to: 1)
    for number in 0..<200 { network.send([UInt8(number)], priority: .entry, over: link, from: 0) }
    network.run(for: 60_000)
    #expect(receiver.messages == (0..<200).map { [UInt8($0)] })
    network.close(link, from: 0)
    network.run(for: 60_000)
    #expect(receiver.isClosed)
  }

  @Test("a percentile is the smallest span that covers the share")
  func percentiles() {
    var histogram = Histogram()
    #expect(histogram.percentile(perMille: 500) == nil)
    for span in Int64(1)...100 { histogram.add(span) }
    #expect(histogram.percentile(perMille: 500) == 50)
    #expect(histogram.percentile(perMille: 990) == 99)
    #expect(histogram.percentile(perMille: 1000) == 100)
  }

  @Test("messages are counted by kind, with the entries in them")
  func probe() {
    let genesis = SimulatedMarket.genesis()
    let author = VirtualNetwork.identity(1)
    let entry = SignedEntry(
      after: .origin(of: genesis.networkID), time: VirtualNetwork.epoch, payload: [], identity: author,
      network: genesis.networkID)
    let answer = GossipCore.fetchAnswer(
      id: 7, entries: [(entry.bytes, entry.signature.bytes), (entry.bytes, entry.signature.bytes)], done: true)
    var probe = MessageProbe()
    probe.count(answer)
    #expect(probe.kinds.map(\.name) == ["fetchAnswer"])
    #expect(probe.total.entries == 2 && probe.total.bytes == Int64(answer.count + 18))
    probe.count([0xFF, 0xFF, 0xFF])
    #expect(probe.total.messages == 2)
  }
}

/// A participant that keeps what comes in.
private final class Listener: Participant {
  let index: Int
  let nodeID: NodeID
  let isListening = true
  var messages: [[UInt8]] = []
  var isClosed = false

  init(_ index: Int) {
    self.index = index
    nodeID = VirtualNetwork.identity(index).nodeID
  }

  func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction) {}
  func received(_ link: UInt64, _ message: [UInt8]) { messages.append(message) }
  func closed(_ link: UInt64) { isClosed = true }
}
