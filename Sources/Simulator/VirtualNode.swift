import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement

/// A node core with a virtual disk, and everything that its effects ask for.
public final class VirtualNode: Participant {
  /// Its place among the participants.
  public let index: Int
  /// Its key.
  public private(set) var identity: Identity
  /// Its name.
  public private(set) var nodeID: NodeID
  /// Its names before it handed its feed over, the oldest first.
  public private(set) var formerIDs: [NodeID] = []
  /// A key whose file waits to take over at the next start, if the feed was handed over to it by then.
  public var successor: Identity?
  unowned let network: VirtualNetwork

  private let bootstrap: [PeerAddress]
  /// How this node's clock differs from the true time, in milliseconds; a test may step it.
  public var clockOffset: Int64
  /// How much faster than the true time this node's clock runs, in millionths.
  let clockDriftPerMillion: Int64
  private(set) var process: Process?
  /// The core; nil while the node is down.
  public var core: NodeCore? { process?.core }
  /// The disk.
  public var store: VirtualStore
  /// Counts the starts: what was under way in an earlier life reaches nobody.
  public private(set) var life = 0
  private var inbox: [NodeEvent] = []
  private var isDraining = false
  var effects: [NodeEffect] = []
  private var wakeAt: Timestamp?
  /// Numbers the wakes that were asked for; only the last one counts.
  private var wakeCount: Int32 = 0
  private var nextCommand: CommandID = 1
  /// Commands of this life that the core has not answered.
  private(set) var unanswered: Set<CommandID> = []

  /// Answers to commands.
  public internal(set) var replies: [CommandID: Result<OrderID, CommandRefusal>] = [:]
  /// The answers to handovers.
  public internal(set) var rotations: [CommandID: Result<UInt64, CommandRefusal>] = [:]
  /// Why this node ended connections.
  public internal(set) var disconnects: [DisconnectCause] = []
  /// Own entries in the order in which the core handed them to the disk.
  public internal(set) var written: [SignedEntry] = []
  /// Verified entries that were found invalid.
  public internal(set) var faults: [EntryFault] = []
  /// Times that the core asked to be woken in the past although it had just been.
  public private(set) var busyWakes = 0
  /// Checks of entries that the core has asked for.
  public internal(set) var verifications = 0
  /// Messages sent while ``keepsSent``.
  public internal(set) var sent: [[UInt8]] = []
  /// Whether ``sent`` is filled.
  public var keepsSent = false
  /// Whether ``replies``, ``written`` and the like are filled; off where many nodes run for long.
  public var keepsHistory = true
  /// Whether the disk refuses to take anything.
  public var isStoreFailing = false
  var hasReportedFailure = false
  /// How the node bends its effects; nil when it is honest.
  public internal(set) var misconduct: Misconduct?
  /// Whether it keeps to the rules.
  public var isHonest: Bool { misconduct == nil }
  /// Whether it has left for good.
  var hasLeft = false
  /// The market that its core runs on: another one than the network's at a hostile node.
  var coreGenesis: Genesis
  /// Called before each effect; may crash the node.
  public var onEffect: ((NodeEffect) -> Void)?

  init(network: VirtualNetwork, index: Int, identity: Identity, bootstrap: [PeerAddress]) {
    self.network = network
    self.index = index
    self.identity = identity
    self.bootstrap = bootstrap
    nodeID = identity.nodeID
    store = network.emptyStore
    coreGenesis = network.genesis
    let conditions = network.conditions
    clockOffset =
      conditions.clockOffset == 0...0 ? 0 : Int64.random(in: conditions.clockOffset, using: &network.nodeChance)
    let drift = conditions.clockDriftPerMillion
    clockDriftPerMillion = drift == 0 ? 0 : Int64.random(in: -drift...drift, using: &network.nodeChance)
  }

  /// What this node's clock shows.
  public var time: Timestamp { local(network.clock) }

  private func local(_ clock: Int64) -> Timestamp {
    VirtualNetwork.epoch + (clock + clock / 1_000_000 * clockDriftPerMillion) / 1000 + clockOffset
  }

  /// All its names.
  public var names: [NodeID] { formerIDs + [nodeID] }

  /// Whether the node runs.
  public var isListening: Bool { process != nil }

  // MARK: Life

  /// Where peers can be dialled, as the node's disk has them over a restart.
  private var addresses: [PeerAddress] = []

  /// Starts the process: restores what is on the disk, and goes on.
  public func start() {
    life += 1
    inbox = []
    unanswered = []
    isDraining = false
    wakeAt = nil
    hasReportedFailure = false
    takeOver()
    let configuration = NodeConfiguration(
      genesis: coreGenesis, identity: identity, agent: "virtual", listenPort: 47100, advertisedHost: nil,
      bootstrap: bootstrap, seed: UInt64(index) << 32 | UInt64(life), gossip: network.gossip)
    process = Process(core: NodeCore(configuration, now: time))
    network.note(.start, index, UInt64(life))
    network.tell("\(index) starts, as \(nodeID.short(6))")
    for address in addresses { process?.core.learn(address, now: time) }
    restore()
    process?.core.finishRestore(now: time, into: &effects)
    isDraining = true
    performEffects()
    drain()
  }

  /// Puts the key that waits into the place of the old one, when the last entry on the disk hands the feed over to it.
  private func takeOver() {
    guard let successor, let last = store.lastEntry(of: nodeID),
      case .success(let operations) = network.pool.result(of: last), case .rotate(let signed)? = operations.first,
      signed.successor == successor.nodeID
    else { return }
    formerIDs.append(nodeID)
    identity = successor
    nodeID = successor.nodeID
    self.successor = nil
  }

  /// Kills the process at this instant.
  ///
  /// - Parameters:
  ///   - commitSurvives: whether the commit that was running is on the disk all the same.
  ///   - isSilent: whether the machine dies with it, so that its peers learn of it by its silence only.
  public func crash(commitSurvives: Bool, isSilent: Bool = false) {
    crash(survivingWrites: commitSurvives ? store.committingCount : 0, isSilent: isSilent)
  }

  /// Kills the process at this instant; of the running commit the first writes are on the disk.
  public func crash(survivingWrites: Int, isSilent: Bool = false) {
    guard let lost = process?.core else { return }
    addresses = lost.keptAddresses.map(\.address)
    network.note(.crash, index, UInt64(survivingWrites))
    network.tell("\(index) crashes; \(survivingWrites) of \(store.committingCount) writes of its commit survive")
    process = nil
    life += 1
    effects = []
    network.observer?.died(self)
    store.crash(surviving: survivingWrites, own: nodeID)
    network.dropLinks(of: index, isSilent: isSilent)
  }

  func restore() {
    for proof in store.sortedProofs { process?.core.restore(proof) }
    process?.core.beginRestore()
    var skipped: NodeID?
    for entry in store.sortedEntries where entry.author != skipped {
      guard process?.core.restore(entry) != nil else { continue }
      skipped = entry.author
      store.truncate(entry.author, from: entry.sequence)
    }
  }

  // MARK: Events

  /// Gives the core an event, now or when the node next handles what it has collected.
  public func post(_ event: NodeEvent) {
    guard process != nil else { return }
    inbox.append(event)
    guard !isDraining else { return }
    isDraining = true
    if network.conditions.batching == 0...0 { return drain() }
    network.events.insert(
      .drain, at: network.clock + network.span(network.conditions.batching), subject: Int32(index), life: Int32(life))
  }

  /// Handles what has been collected, and what is posted meanwhile.
  func drain() {
    var next = 0
    let startedLife = life
    guard process != nil else { return }
    while life == startedLife, next < inbox.count {
      process?.core.handle(inbox[next], now: time, into: &effects)
      next += 1
      if next == inbox.count {
        inbox.removeAll(keepingCapacity: true)
        next = 0
        performEffects()
      }
    }
    guard life == startedLife else { return }
    isDraining = false
    scheduleWake()
  }

  /// The moment of the wake with that number has come.
  func wake(_ number: Int32) {
    guard number == wakeCount else { return }
    wakeAt = nil
    // What waits to be handled asks for the next wake when it is done.
    guard !isDraining else { return }
    process?.core.handle(.timer, now: time, into: &effects)
    if let next = process?.ask({ $0.nextWake }), next <= time { busyWakes += 1 }
    isDraining = true
    performEffects()
    drain()
  }

  private func scheduleWake() {
    guard let next = process?.ask({ $0.nextWake }) else { return }
    let due = max(next, time + 1)
    guard due != wakeAt else { return }
    wakeAt = due
    wakeCount &+= 1
    network.events.insert(
      .wake, at: network.clock + (due - time) * 1000, subject: Int32(index), life: Int32(life), payload: wakeCount)
  }

  // MARK: Effects

  /// Carries out the effects, and those that follow from them.
  private func performEffects() {
    let startedLife = life
    while !effects.isEmpty {
      let batch = effects
      effects.removeAll(keepingCapacity: true)
      for effect in batch {
        onEffect?(effect)
        guard life == startedLife else { return }
        guard let misconduct else {
          perform(effect)
          continue
        }
        var bent = effect
        if misconduct.allows(&bent, at: self) { perform(bent) }
      }
    }
  }

  // MARK: Connections

  /// A connection has been opened.
  public func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction) {
    misconduct?.opened(link)
    post(.connected(link, node: peer, address: address, direction: direction))
  }

  /// A message has come in.
  public func received(_ link: UInt64, _ message: [UInt8]) {
    misconduct?.received(message)
    post(.received(link, PeerMessage(message)))
  }

  /// A connection has ended.
  public func closed(_ link: UInt64) {
    misconduct?.closed(link)
    post(.disconnected(link))
  }

  // MARK: Commands

  /// Gives a command; the answer comes in ``replies``.
  @discardableResult
  public func command(_ command: OrderCommand) -> CommandID {
    defer { nextCommand += 1 }
    network.note(.command, index, nextCommand)
    unanswered.insert(nextCommand)
    post(.command(nextCommand, command))
    return nextCommand
  }

  /// Hands the node's feed over to a new key; the answer comes in ``rotations``.
  public func rotate(_ signed: SignedHandover) -> CommandID {
    defer { nextCommand += 1 }
    network.note(.command, index, nextCommand)
    unanswered.insert(nextCommand)
    post(.rotate(nextCommand, signed))
    return nextCommand
  }

  /// The core has answered a command.
  func answered(_ command: CommandID) {
    network.note(.reply, index, command)
    unanswered.remove(command)
  }
}

/// What a running node has in memory. The core has a place of its own: it is large, and one within an optional would be
/// copied whenever it is looked at.
final class Process {
  var core: NodeCore

  init(core: NodeCore) { self.core = core }

  /// Asks the core something where it lies: what reads a class's property may be given a copy of it.
  func ask<Answer>(_ question: (inout NodeCore) -> Answer) -> Answer { question(&core) }
}
