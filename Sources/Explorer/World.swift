import Gossip
import Market
import NodeCore
import NodeCrypto
import Wire

/// What may happen next.
public enum Action: Hashable, Sendable, CustomStringConvertible {
  /// What a node writes comes to be on its disk.
  case commit(Int)
  /// A node gets the entry of an author at a sequence.
  case deliver(Int, author: Int, sequence: Int)
  /// A node's clock moves to the next moment.
  case advance(Int)
  /// A node dies; what it was writing is on its disk or is not, and of its own last entries some are lost.
  case crash(Int, keepsWrites: Bool, lost: Int)
  /// A node that is down starts.
  case start(Int)

  /// The action in words.
  public var description: String {
    switch self {
    case .commit(let node): "\(node) commits"
    case .deliver(let node, let author, let sequence): "\(node) gets \(author):\(sequence)"
    case .advance(let node): "\(node)'s clock moves on"
    case .crash(let node, let keeps, let lost):
      "\(node) dies\(keeps ? " with its writes on the disk" : "")\(lost > 0 ? ", the last \(lost) own entries lost" : "")"
    case .start(let node): "\(node) starts"
    }
  }
}

/// A state of an explored market: real cores, their disks and clocks, and what each of them has not got yet.
///
/// A lost message is an entry that is not delivered in a run, or only when the faults have stopped; one that is doubled is
/// delivered twice at once; any order of deliveries is one run. Of the gossip only the last step is left: an entry comes
/// in as a push of its author's over a standing connection.
struct World {
  let setting: Setting
  var nodes: [ExploredNode]
  /// The entries that have left each node, from its first one on.
  var published: [[Int]]
  /// How many times a node may still die.
  var crashes: Int
  /// What the published entries add up to.
  var account: Account
  /// What does not hold in this state.
  var breach: Breach?

  init(_ setting: Setting) {
    self.setting = setting
    let count = setting.identities.count
    nodes = (0..<count).map { _ in ExploredNode(authors: count) }
    published = Array(repeating: [], count: count)
    crashes = setting.scenario.crashes
    account = Account(setting: setting, feeds: published)
    for node in 0..<count { start(node, at: setting.start) }
    settleIn()
  }

  /// The makers place their offers, everybody hears of them, and the takers place their bids.
  private mutating func settleIn() {
    let scenario = setting.scenario
    let genesis = setting.genesis
    for maker in scenario.makers.indices {
      handle(.command(1, .place(scenario.body(of: maker, genesis: genesis))), at: maker, time: setting.start)
      commit(maker, time: setting.start)
    }
    for node in nodes.indices {
      for author in nodes.indices where author != node {
        for sequence in published[author].indices {
          deliver(node, author, sequence + 1, time: setting.start)
        }
      }
    }
    for node in nodes.indices {
      if scenario.isTaker(node) {
        handle(.command(1, .place(scenario.body(of: node, genesis: genesis))), at: node, time: time(of: node))
      }
    }
    for node in nodes.indices { refresh(node) }
    judge()
  }

  /// What a node's clock shows.
  func time(of node: Int) -> Timestamp { Scenario.epoch + setting.scenario.moments[nodes[node].clock] }

  /// Names the state: equal names, equal futures.
  var fingerprint: Digest {
    var bytes: [UInt8] = [UInt8(crashes)]
    for node in nodes { node.fingerprint.append(to: &bytes) }
    for feed in published {
      bytes.append(UInt8(clamping: feed.count))
      if let last = feed.last { setting.registry[last].id.append(to: &bytes) }
    }
    return Blake2b.hash(bytes)
  }

  // MARK: Steps

  /// Everything that may happen now; first what happens without any fault.
  var actions: [Action] {
    var actions: [Action] = []
    for node in nodes.indices where nodes[node].core != nil {
      if !nodes[node].underway.isEmpty { actions.append(.commit(node)) }
      for author in nodes.indices where author != node && hears(node, author) {
        for sequence in upcoming(node, author) { actions.append(.deliver(node, author: author, sequence: sequence)) }
      }
    }
    for node in nodes.indices where nodes[node].core == nil { actions.append(.start(node)) }
    let slowest = nodes.map(\.clock).min() ?? 0
    for node in nodes.indices {
      let next = nodes[node].clock + 1
      if next < setting.scenario.moments.count, next - slowest <= setting.scenario.clockLead {
        actions.append(.advance(node))
      }
    }
    return actions + faults
  }

  private var faults: [Action] {
    guard crashes > 0 else { return [] }
    var actions: [Action] = []
    for node in nodes.indices where nodes[node].core != nil {
      actions.append(.crash(node, keepsWrites: false, lost: 0))
      if !nodes[node].underway.isEmpty { actions.append(.crash(node, keepsWrites: true, lost: 0)) }
      guard setting.scenario.lostOnDisk > 0, nodes[node].underway.isEmpty else { continue }
      // Only what another node that is up holds can be fetched again.
      let heldElsewhere = nodes.indices.filter { $0 != node }.map { nodes[$0].disk[node].count }.max() ?? 0
      guard heldElsewhere == nodes[node].disk[node].count else { continue }
      for lost in 1...setting.scenario.lostOnDisk where lost < heldElsewhere {
        actions.append(.crash(node, keepsWrites: false, lost: lost))
      }
    }
    return actions
  }

  private func hears(_ node: Int, _ author: Int) -> Bool {
    setting.scenario.hasTakersTalking || !(setting.scenario.isTaker(node) && setting.scenario.isTaker(author))
  }

  /// The sequences of an author's entries that may come to a node next.
  private func upcoming(_ node: Int, _ author: Int) -> [Int] {
    let given = nodes[node].given[author]
    precondition(published[author].count < UInt64.bitWidth, "more entries of one feed than there are bits for")
    let missing = (1...63).filter { $0 <= published[author].count && given & (1 << UInt64($0)) == 0 }
    let latest = time(of: node) + setting.genesis.limits.skewMilliseconds
    return missing.prefix(setting.scenario.hasOvertaking ? 2 : 1).filter {
      setting.registry[published[author][$0 - 1]].time <= latest
    }
  }

  /// The state after an action.
  func after(_ action: Action) -> World {
    var next = self
    switch action {
    case .commit(let node):
      next.commit(node, time: time(of: node))
      next.finish(node)
    case .deliver(let node, let author, let sequence):
      next.deliver(node, author, sequence, time: time(of: node))
      next.finish(node)
    case .advance(let node):
      next.nodes[node].clock += 1
      next.handle(.timer, at: node, time: next.time(of: node))
      next.finish(node)
    case .crash(let node, let keepsWrites, let lost):
      next.crashes -= 1
      next.crash(node, keepsWrites: keepsWrites, lost: lost)
      next.finish(node)
    case .start(let node):
      next.start(node, at: time(of: node))
      for other in nodes.indices { next.refresh(other) }
      next.finish(node)
    }
    return next
  }

  private mutating func finish(_ node: Int) {
    refresh(node)
    judge()
    checkView(of: node)
  }

  mutating func refresh(_ node: Int) {
    nodes[node].refreshFingerprint { [registry = setting.registry] in registry[$0].id }
  }

  mutating func fail(_ rule: Breach.Rule, _ details: String) {
    if breach == nil { breach = Breach(rule, details) }
  }
}

/// What all states of one exploration share.
final class Setting {
  let scenario: Scenario
  let genesis: Genesis
  let registry: EntryRegistry
  let identities: [Identity]
  let ids: [NodeID]
  /// When the nodes start and the makers place their offers.
  let start: Timestamp
  /// Receipts that have been verified.
  var verified: Set<TradeID> = []
  /// Whether each delivery is repeated at once.
  let deliversTwice = true

  init(_ scenario: Scenario) {
    self.scenario = scenario
    genesis = Scenario.genesis()
    registry = EntryRegistry(genesis: genesis)
    identities = (0..<scenario.nodeCount).map { number in
      var seed = [UInt8](repeating: 0, count: Identity.seedByteCount)
      seed[0] = UInt8(number + 1)
      return Identity(seed: seed)
    }
    ids = identities.map(\.nodeID)
    start = Scenario.epoch - 1000
  }

  func index(of node: NodeID) -> Int? { ids.firstIndex(of: node) }
}
