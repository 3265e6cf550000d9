import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement

/// What became of a run.
public struct RunResult: Sendable {
  /// The plan's seed.
  public let seed: UInt64
  /// The fingerprint of all that happened.
  public let trace: UInt64
  /// What did not hold, in the order in which it was found.
  public var violations: [Violation]
  /// Virtual milliseconds.
  public let milliseconds: Int64
  /// Events, entries, trades that both signed, and the virtual time from the end of the faults until all was quiet.
  public let events: Int, entries: Int, settled: Int, healingMilliseconds: Int64
  /// Purchases over several offers, and how many of them were confirmed.
  public let purchases: Int, confirmed: Int

  /// A result of which no more is known.
  public init(
    seed: UInt64, trace: UInt64, violations: [Violation], milliseconds: Int64 = 0, events: Int = 0, entries: Int = 0,
    settled: Int = 0, healingMilliseconds: Int64 = 0, purchases: Int = 0, confirmed: Int = 0
  ) {
    self.seed = seed
    self.trace = trace
    self.violations = violations
    self.milliseconds = milliseconds
    self.events = events
    self.entries = entries
    self.settled = settled
    self.healingMilliseconds = healingMilliseconds
    self.purchases = purchases
    self.confirmed = confirmed
  }
}

/// Carries out a plan: a safety phase with all its trouble, then a liveness phase without any, in which the nodes have
/// to come to one book.
public final class SimulationRun {
  let plan: Plan
  /// The network, which stays as it was at the end.
  public let network: VirtualNetwork
  let inspector: Inspector
  /// Orders that were placed, for those that cancel and amend.
  private var placed: [(node: VirtualNode, command: CommandID)] = []
  private var usual: Conditions
  /// Forks that the honest nodes held when the faults stopped: each author with the first place.
  private var forks: [(author: NodeID, sequence: UInt64)] = []
  private(set) var swindlers: [Swindler] = []
  private var rotationCount = 0
  private var isOver = false

  /// How long the nodes have to come to one book: three periods of anti-entropy, and what a clock that was ahead takes
  /// to be caught up with.
  static let healingMilliseconds: Int64 = 120_000

  /// A run that has not begun.
  ///
  /// - Parameter log: takes a line about each thing that happens.
  public init(_ plan: Plan, log: ((String) -> Void)? = nil) {
    self.plan = plan
    usual = plan.conditions
    var calm = Conditions()
    calm.latency = plan.conditions.latency
    calm.clockOffset = plan.conditions.clockOffset
    calm.clockDriftPerMillion = plan.conditions.clockDriftPerMillion
    calm.slowLinkPercent = plan.conditions.slowLinkPercent
    calm.slowBytesPerSecond = plan.conditions.slowBytesPerSecond
    network = VirtualNetwork(
      genesis: SimulatedMarket.genesis(checkpointEntries: plan.checkpointEntries), seed: plan.seed, conditions: calm)
    network.log = log
    inspector = Inspector(network: network)
    network.observer = inspector
  }

  /// Runs it to the end, or to the first thing that does not hold.
  public func run() -> RunResult {
    form()
    if inspector.violations.isEmpty { safetyPhase() }
    var healing: Int64 = 0
    if inspector.violations.isEmpty { healing = livenessPhase() }
    network.observer = nil
    return RunResult(
      seed: plan.seed, trace: network.trace.value, violations: inspector.violations,
      milliseconds: network.clock / 1000, events: network.eventCount, entries: network.pool.count,
      settled: inspector.market.settled.count, healingMilliseconds: healing,
      purchases: inspector.market.purchaseCounts.all, confirmed: inspector.market.purchaseCounts.confirmed)
  }

  // MARK: Phases

  private func form() {
    for _ in 0..<plan.nodes { addHonest(bootstrap: 0) }
    for (place, behaviour) in plan.hostile.enumerated() { addHostile(behaviour, seed: plan.seed &+ UInt64(place)) }
    network.run(for: 12_000)
  }

  private func safetyPhase() {
    network.conditions = usual
    let start = network.clock / 1000
    for step in plan.steps {
      advance(to: start + step.at)
      guard inspector.violations.isEmpty else { return }
      take(step.action)
    }
    advance(to: start + plan.milliseconds)
  }

  /// Runs up to a moment, and looks at the whole once a second.
  private func advance(to milliseconds: Int64) {
    while network.clock / 1000 < milliseconds, inspector.violations.isEmpty {
      let second = (network.clock / 1_000_000 + 1) * 1000
      network.run(for: min(second, milliseconds) - network.clock / 1000)
      if network.clock / 1000 == second { inspect() }
    }
  }

  private func livenessPhase() -> Int64 {
    network.tell("the faults stop")
    isOver = true
    noteForks()
    network.calm(keeping: plan.conditions.latency)
    for node in network.nodes {
      node.isStoreFailing = false
      if node.isHonest {
        let most = network.genesis.limits.skewMilliseconds / 2
        node.clockOffset = min(max(node.clockOffset, -most), most)
        if !node.isListening, !node.hasLeft { node.start() }
      } else if plan.hostilePersist {
        node.misconduct?.isEnding = true
      } else {
        node.crash(commitSurvives: true)
      }
    }
    let start = network.clock / 1000
    let deadline = start + Self.healingMilliseconds
    var isQuiet = false
    while !isQuiet, network.clock / 1000 < deadline, inspector.violations.isEmpty {
      isQuiet = network.run(for: 1000) { self.isQuiet }
      inspect()
    }
    if inspector.violations.isEmpty, !isQuiet { judgeUnrest() }
    let healing = network.clock / 1000 - start
    if inspector.violations.isEmpty { judgeEnd() }
    return healing
  }

  // MARK: Participants

  @discardableResult
  private func addHonest(bootstrap: Int) -> VirtualNode {
    // The first node is in everybody's genesis file, and never leaves for good.
    let number = 100 + network.nodes.count
    inspector.trust(VirtualNetwork.identity(number).nodeID)
    return network.addNode(identity: VirtualNetwork.identity(number), bootstrap: [0, bootstrap])
  }

  private func addHostile(_ behaviour: Behaviour, seed: UInt64) {
    switch behaviour {
    case .swindler:
      let swindler = network.addParticipant { Swindler(index: $0, network: network, seed: seed) }
      swindlers.append(swindler)
      return keepActing { _ in swindler.act() }
    case .silentMaker:
      let maker = network.addParticipant { SilentMaker(index: $0, network: network) }
      return keepActing { maker.act(isEnding: $0) }
    default: break
    }
    let number = 10_000 + network.nodes.count
    let identity = VirtualNetwork.identity(number)
    let first = network.addNode(
      identity: identity, bootstrap: [0], misconduct: Misconduct(behaviour, seed: seed),
      genesis: behaviour == .foreigner ? SimulatedMarket.genesis(retry: 5001) : nil)
    keepActing(first)
    switch behaviour {
    case .twins:
      let last = max(0, plan.nodes - 1)
      network.addNode(identity: identity, bootstrap: [last], misconduct: Misconduct(behaviour, seed: seed + 1 << 32))
    case .timeTraveller: first.clockOffset = Int64(seed % 7_200_000) - 3_600_000
    case .sybil:
      for place in 0..<40 {
        let sybil = network.addParticipant {
          Sybil(index: $0, identity: VirtualNetwork.identity(20_000 + place))
        }
        network.open(from: sybil.index, to: place % plan.nodes)
      }
    default: break
    }
  }

  /// Has a hostile participant act a few times a second; it is told whether the faults have stopped.
  private func keepActing(_ act: @escaping (Bool) -> Void) {
    network.schedule(after: 300) { [unowned self] in
      guard !isOver || plan.hostilePersist else { return }
      act(isOver)
      keepActing(act)
    }
  }

  private func keepActing(_ node: VirtualNode) {
    network.schedule(after: 300) { [unowned self, unowned node] in
      guard !isOver || plan.hostilePersist else { return }
      if node.isListening, !(isOver && node.misconduct?.behaviour == .flooder) { node.misconduct?.act(at: node) }
      keepActing(node)
    }
  }

  private func node(_ number: Int) -> VirtualNode { network.nodes[number % network.nodes.count] }

  private func honest(_ number: Int) -> VirtualNode {
    let honest = network.nodes.filter(\.isHonest)
    return honest[number % honest.count]
  }

  // MARK: Steps

  private func take(_ action: Action) {
    network.note(.fault, 0)
    switch action {
    case .place(let number, let body): place(body, on: node(number))
    case .cancel(let number): withOrder(number) { node, order in node.command(.cancel(order.id)) }
    case .amend(let number, let amendment):
      withOrder(number) { node, order in node.command(.amend(order.id, order.body.amended(amendment))) }
    case .crash(let number, let percent, let isSilent, let down):
      let node = honest(number)
      node.crash(survivingWrites: node.store.committingCount * percent / 100, isSilent: isSilent)
      restart(node, after: down)
    case .readError(let number, let feed, let down):
      let node = honest(number)
      node.crash(commitSurvives: true)
      node.store.damage(feed, except: node.nodeID)
      restart(node, after: down)
    case .restoreBackup(let number, let entries, let down): restoreBackup(honest(number), entries, after: down)
    case .join(let number): if network.nodes.count < 16 { addHonest(bootstrap: honest(number).index) }
    case .leave(let number): leave(honest(number))
    case .rotate(let number): rotate(honest(number))
    case .partition(let parts, let isOneWay, let breaking): part(parts, isOneWay: isOneWay, breaking: breaking)
    case .heal: network.heal()
    case .reset(let one, let other): network.disconnect(node(one).index, node(other).index)
    case .diskFailure(let number, let span):
      let node = honest(number)
      network.tell("the disk of \(node.index) takes nothing for \(span) ms")
      node.isStoreFailing = true
      network.schedule(after: span) { node.isStoreFailing = false }
    case .slowDisks(let more, let span):
      let commit = network.conditions.commit
      network.conditions.commit = commit.lowerBound...commit.upperBound + more
      network.schedule(after: span) { [unowned self] in if !isOver { network.conditions.commit = usual.commit } }
    case .setClock(let number, let offset):
      let node = honest(number)
      network.tell("the clock of \(node.index) is set to \(offset) ms off")
      node.clockOffset = offset
    }
  }

  private func place(_ body: OrderBody, on node: VirtualNode) {
    guard node.isListening else { return }
    network.tell("\(node.index) is to place \(body.text)")
    placed.append((node, node.command(.place(body))))
  }

  private func withOrder(_ number: Int, _ body: (VirtualNode, Order) -> Void) {
    guard !placed.isEmpty else { return }
    let (node, command) = placed[number % placed.count]
    guard case .success(let id)? = node.replies[command],
      let order = node.process?.core.ownOrderState(id, now: node.time)?.order
    else { return }
    body(node, order)
  }

  private func restart(_ node: VirtualNode, after span: Int64) {
    network.schedule(after: span) { if !node.isListening, !node.hasLeft { node.start() } }
  }

  /// A feed whose lost end nobody else holds cannot heal, and neither can one that nobody is asked for.
  private func restoreBackup(_ node: VirtualNode, _ entries: Int, after span: Int64) {
    guard node.process?.core.state == .running, node.store.isIdle,
      let head = node.process?.core.feeds.head(of: node.nodeID),
      network.nodes.allSatisfy({
        $0.isHonest && $0.process?.core.feeds.head(of: node.nodeID) == head && $0.store.isIdle
      })
    else { return }
    node.crash(commitSurvives: true)
    node.store.truncate(node.nodeID, from: max(1, head.sequence - min(head.sequence, UInt64(entries)) + 1))
    network.tell("\(node.index) loses the last \(entries) entries of its own feed")
    restart(node, after: span)
  }

  private func leave(_ node: VirtualNode) {
    guard node.index > 0, network.nodes.filter({ $0.isHonest && !$0.hasLeft }).count > 3, node.isListening else {
      return
    }
    node.hasLeft = true
    node.post(.stop)
    network.schedule(after: 3000) { node.crash(commitSurvives: true) }
  }

  private func rotate(_ node: VirtualNode) {
    guard let core = node.process?.core, core.state == .running, node.successor == nil else { return }
    rotationCount += 1
    let successor = VirtualNetwork.identity(30_000 + rotationCount)
    inspector.trust(successor.nodeID)
    node.successor = successor
    network.tell("\(node.index) is to hand its feed over to \(successor.nodeID.short(6))")
    let signed = core.nextHandover.signed(by: successor, network: network.genesis.networkID)
    finishRotation(of: node, to: successor, node.rotate(signed))
  }

  /// Starts a node again when its feed is handed over, and forgets the new key when it is not to be. A node that dies
  /// meanwhile finds out when it starts.
  private func finishRotation(of node: VirtualNode, to successor: Identity, _ command: CommandID) {
    let life = node.life
    network.schedule(after: 500) { [unowned self, unowned node] in
      guard node.successor?.nodeID == successor.nodeID else { return }
      guard node.isListening, node.life != life || node.rotations[command] != nil else {
        return finishRotation(of: node, to: successor, command)
      }
      if node.process?.core.state == .rotated {
        node.crash(commitSurvives: true)
        restart(node, after: 300)
      } else {
        node.successor = nil
      }
    }
  }

  private func part(_ parts: [Int], isOneWay: Bool, breaking: Int64) {
    let count = (parts.max() ?? 0) + 1
    var members: [[any Participant]] = Array(repeating: [], count: count)
    for node in network.nodes { members[parts[node.index % parts.count]].append(node) }
    let oneWay = isOneWay ? (0..<count).map { (from: $0, to: ($0 + 1) % count) } : []
    network.partition(members, oneWay: oneWay, breaking: breaking)
  }

  /// What hostile authors have forked as far as two honest nodes hold it.
  private func noteForks() {
    var held: [NodeID: [UInt64: EntryNumber]] = [:]
    var first: [NodeID: UInt64] = [:]
    for node in network.nodes where node.isHonest && !node.hasLeft {
      for (author, feed) in node.store.feeds {
        for (place, number) in feed.entries.enumerated() {
          let sequence = feed.first + UInt64(place)
          let other = held[author, default: [:]].updateValue(number, forKey: sequence)
          if let other, network.pool[other].id != network.pool[number].id {
            first[author] = min(first[author] ?? .max, sequence)
          }
        }
      }
    }
    forks = first.sorted { $0.key < $1.key }.map { (author: $0.key, sequence: $0.value) }
  }

  var knownForks: [(author: NodeID, sequence: UInt64)] { forks }
}
