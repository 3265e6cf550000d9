import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement

/// The whole node but its I/O: gossip, book, trades and the node's own dealing, as a value.
///
/// Events go in with the time, effects come out; the same events give the same effects. Four rules hold here and make
/// crashes harmless:
///
/// 1. What this node decides, it decides while building an entry; the entry is on disk before the first byte of it leaves.
/// 2. One own entry is under way at a time. What comes up meanwhile goes into the next one together (group commit).
/// 3. A restarted node writes nothing before its peers have told it where its own feed ends.
/// 4. What is still to be done is derived from the feeds, so that it is the same after a restart.
public struct NodeCore: Sendable {
  /// How long a restarted node waits for a first peer before it trusts its own store.
  public static let recoveryMilliseconds: Int64 = 10_000

  /// The market.
  public let genesis: Genesis
  /// What the node is doing.
  public internal(set) var state: NodeState = .recovering
  /// Why the store cannot write; nil while it can.
  public internal(set) var storeTrouble: String?

  /// What the owner demands of the offers placed here, from the moment on at which it is set.
  public var offerPolicy = OfferPolicy()

  /// Whether the own feed is known to its end; until then nothing is written, whatever else happens.
  var mayWrite = false
  let identity: Identity
  let codec: OperationCodec
  var gossip: GossipCore
  var exchange: Exchange
  var duties = Duties()
  var ownOrders: [OrderID: OwnOrder] = [:]
  var queue: [(id: CommandID, command: OrderCommand)] = []
  var inFlight: InFlightEntry?
  /// What was read of entries that are not delivered yet.
  var checkedOperations = CheckedOperations()
  /// A new key to which the own feed is to be handed over with the next entry.
  var rotation: (id: CommandID, signed: SignedHandover)?
  /// The parts that are still to be written of an own checkpoint, the next one first; nil when they are not worked out.
  var checkpointParts: [CheckpointPart]?
  /// What decides when an own checkpoint is due.
  var checkpointClock = CheckpointClock()
  /// Feeds that have completed a checkpoint and may be pruned.
  var prunable: [NodeID] = []
  let keepsHistory: Bool
  /// Everybody sees the nonces, and a generator's state follows from what it gives: they have one of their own.
  var nonces: SplitMix64
  var recoveryDeadline: Timestamp
  var gossipEffects: [GossipEffect] = []
  var fraudWatch = FraudWatch()
  /// What this node last said of itself to its peers; at first that it has nothing.
  var lastSummary = Summary(bookDigest: SetHash().digest, bookTime: .zero, feeds: 0, entries: 0, orders: 0)

  /// An own entry on its way to the disk.
  struct InFlightEntry: Sendable {
    var entry: SignedEntry
    var counterparties: [NodeID]
    var replies: [(id: CommandID, order: OrderID)]
    /// The trades that it changes, which count for others only when it is on disk.
    var trades: [TradeID] = []
    /// The command by which the entry hands over to a new key.
    var rotation: CommandID?
  }

  /// An order that this node has placed, as it last was.
  struct OwnOrder: Sendable {
    var order: Order
    /// Its first priority, which says in which order the own orders came.
    let placed: OrderPriority
    var isCancelled = false
  }

  /// A node that knows nothing yet: restore what is stored, then call ``finishRestore(now:into:)``.
  public init(_ configuration: NodeConfiguration, now: Timestamp) {
    genesis = configuration.genesis
    identity = configuration.identity
    codec = OperationCodec(genesis: configuration.genesis)
    keepsHistory = configuration.keepsHistory
    var generator = SplitMix64(seed: configuration.seed)
    nonces = SplitMix64(seed: Self.nonceSeed(from: configuration.seed))
    gossip = GossipCore(
      own: configuration.identity.nodeID, network: configuration.genesis.networkID,
      limits: configuration.genesis.limits, agent: configuration.agent, listenPort: configuration.listenPort,
      advertisedHost: configuration.advertisedHost, bootstrap: configuration.bootstrap, seed: generator.next(),
      now: now, parameters: configuration.gossip)
    exchange = Exchange(
      genesis: configuration.genesis, own: configuration.identity.nodeID, seed: generator.next())
    recoveryDeadline = now + Self.recoveryMilliseconds
  }

  /// A seed from which the node's other chance cannot be computed.
  private static func nonceSeed(from seed: UInt64) -> UInt64 {
    var bytes = Array("p2pnode/nonces/v1".utf8)
    bytes.append(0)
    for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: seed >> shift)) }
    let digest: Digest = Blake2b.hash(bytes)
    return digest.word0
  }

  /// This node's name.
  public var own: NodeID { identity.nodeID }

  /// Notes the port on which the node can be dialled, before the first peer is greeted.
  public mutating func listens(on port: UInt16) { gossip.listenPort = port }

  /// Adds an address from an earlier run; the most trusted come first and are dialled first.
  public mutating func learn(_ address: PeerAddress, now: Timestamp) { gossip.learn(address, now: now) }

  /// The own feed is frozen everywhere: nobody takes what this node still wanted to say.
  mutating func freezeOwn(into effects: inout [NodeEffect]) {
    state = .frozen
    for reply in inFlight?.replies ?? [] { effects.append(.reply(reply.id, .failure(.notWriting(.frozen)))) }
    for waiting in queue { effects.append(.reply(waiting.id, .failure(.notWriting(.frozen)))) }
    if let id = inFlight?.rotation { effects.append(.rotated(id, .failure(.notWriting(.frozen)))) }
    inFlight = nil
    queue = []
    refuseRotation(.notWriting(.frozen), into: &effects)
  }

  // MARK: Events

  /// Takes one event; appends what is to be done to `effects`.
  public mutating func handle(_ event: NodeEvent, now: Timestamp, into effects: inout [NodeEffect]) {
    switch event {
    case .connected(let connection, let node, let address, let direction):
      gossip.connected(
        connection, node: node, address: address, direction: direction, now: now, into: &gossipEffects)
    case .disconnected(let connection): gossip.disconnected(connection, now: now, into: &gossipEffects)
    case .drained(let connection): gossip.drained(connection, now: now, into: &gossipEffects)
    case .received(let connection, let message):
      gossip.received(message, on: connection, now: now, into: &gossipEffects)
    case .dialed(let address, let node): gossip.dialed(address, node: node, now: now)
    case .dialFailed(let address, let isOwn): gossip.dialFailed(address, isOwn: isOwn, now: now, into: &gossipEffects)
    case .verified(let entry, let result): verified(entry, result, now: now, into: &effects)
    case .unchecked(let entry): gossip.unchecked(entry, now: now, into: &gossipEffects)
    case .proofVerified(let proof, let peer, let isValid):
      gossip.proofVerified(proof, from: peer, isValid: isValid, now: now, into: &gossipEffects)
    case .proofFound(let proof): gossip.proofFound(proof, now: now, into: &gossipEffects)
    case .durable(let sequence): durable(sequence, now: now, into: &effects)
    case .storeFailed(let why): storeFailed(why, into: &effects)
    case .storeRecovered: storeTrouble = nil
    case .command(let id, let command): take(command, id: id, now: now, into: &effects)
    case .rotate(let id, let signed): take(signed, id: id, into: &effects)
    case .timer: gossip.timer(now: now, into: &gossipEffects)
    case .stop: stop(into: &effects)
    }
    proceed(now: now, into: &effects)
  }

  /// The next moment at which ``NodeEvent/timer`` is due.
  public var nextWake: Timestamp {
    var next = gossip.nextWake
    if state == .recovering, !gossip.lacksPublishedEntries { next = min(next, recoveryEnd) }
    if let write = nextWrite { next = min(next, write) }
    if let due = duties.nextDue { next = min(next, due) }
    return next
  }

  /// Whether a stopping node has written all that it still had to write.
  public var hasFinished: Bool {
    !mayWrite || (isOwnFeedClosed && inFlight == nil)
      || (inFlight == nil && duties.decide.isEmpty && duties.spent.isEmpty && duties.conclude.isEmpty
        && exchange.authors[own]?.state.purchase == nil)
  }

  /// Does whatever can be done now: passes the gossip's wishes on, and writes the next own entry.
  mutating func proceed(now: Timestamp, into effects: inout [NodeEffect]) {
    drainGossip(now: now, into: &effects)
    proceedWithFrauds(now: now, into: &effects)
    if state == .recovering, hasRecovered(now: now) { recovered() }
    if isOwnFeedClosed { closed(into: &effects) }
    expireDuties(now: now)
    checkFrees(now: now)
    writeEntry(now: now, into: &effects)
    if let counterparties = duties.takeCounterparties() {
      gossip.wants(directly: counterparties, now: now, into: &gossipEffects)
    }
    drainGossip(now: now, into: &effects)
    pruneFeeds(into: &effects)
  }

  mutating func drainGossip(now: Timestamp, into effects: inout [NodeEffect]) {
    while !gossipEffects.isEmpty {
      let batch = gossipEffects
      gossipEffects = []
      for effect in batch { perform(effect, now: now, into: &effects) }
    }
  }

  private mutating func perform(_ effect: GossipEffect, now: Timestamp, into effects: inout [NodeEffect]) {
    switch effect {
    case .send(let connection, let message, let priority):
      effects.append(.send(connection: connection, message: message, priority: priority))
    case .sendSummary(let connection, let kind, let id):
      let message = GossipCore.message(kind, id: id, summary: summary())
      effects.append(.send(connection: connection, message: message, priority: .urgent))
    case .verify(let entry): effects.append(.verify(entry))
    case .verifyProof(let proof, let peer): effects.append(.verifyProof(proof, from: peer))
    case .deliver(let entry): deliver(entry, into: &effects)
    case .jump(let entry):
      effects.append(.prune(entry.author, below: entry.sequence))
      exchange.jump(entry.author)
      deliver(entry, into: &effects)
    case .collect(let found): effects.append(.collect(found))
    case .freeze(let proof):
      effects.append(.persistProof(proof))
      // Past the end of a closed feed nothing is proved.
      let head = gossip.feeds.head(of: proof.author).sequence
      if gossip.feeds.feed(of: proof.author)?.isClosed != true || head >= proof.sequence {
        var changes: [Change] = []
        exchange.freeze(proof.author, into: &changes)
        // Whom it complained of has a better record now.
        consider(changes)
      }
      // Only entries that were taken have to be taken back.
      if head >= proof.sequence {
        effects.append(.rebuild)
      } else if proof.author == own {
        freezeOwn(into: &effects)
      } else {
        // All that there will ever be of the feed may be held: the closure of what waits for its answers.
        afterEntry(of: proof.author)
      }
    case .serve(let connection, let request, let ranges):
      effects.append(.serve(connection: connection, request: request, ranges: ranges))
    case .dial(let address): effects.append(.dial(address))
    case .disconnect(let connection, let cause):
      effects.append(.disconnect(connection: connection, cause: cause))
    }
  }

  private mutating func verified(
    _ entry: SignedEntry, _ result: Result<[Operation], EntryFault>, now: Timestamp, into effects: inout [NodeEffect]
  ) {
    var fromGossip: [GossipEffect] = []
    switch result {
    case .failure(let fault):
      gossip.verified(entry, refusal: fault.description, now: now, into: &fromGossip)
      gossipEffects += fromGossip
    case .success(let operations):
      checkedOperations.keep(operations, of: entry.id)
      gossip.verified(
        entry, role: OperationCodec.role(of: operations, in: entry), refusal: nil, now: now, into: &fromGossip)
      for effect in fromGossip {
        perform(effect, now: now, into: &effects)
      }
    }
  }

  /// Takes an entry of a feed's head into the book and the trades, and works out what it means for this node.
  private mutating func deliver(_ entry: SignedEntry, into effects: inout [NodeEffect]) {
    guard let operations = checkedOperations.take(of: entry.id) ?? (try? codec.operations(of: entry)) else {
      preconditionFailure("a verified entry whose operations do not decode")
    }
    effects.append(.persist(entry, operations))
    var changes: [Change] = []
    apply(entry, operations: operations, into: &changes)
    consider(changes)
    afterEntry(of: entry.author)
  }

  /// Applies the operations of an entry, whoever wrote it.
  mutating func apply(_ entry: SignedEntry, operations: [Operation], into changes: inout [Change]) {
    let first = changes.count
    exchange.enter(entry.author, at: entry.time, sequence: entry.sequence, into: &changes)
    for (index, operation) in operations.enumerated() {
      if index % OrderBook.changesToPrefetch == 0 {
        exchange.prefetch(operations[index...].prefix(OrderBook.changesToPrefetch), at: entry.time)
      }
      apply(
        operation,
        at: Place(author: entry.author, time: entry.time, sequence: entry.sequence, index: UInt32(index)),
        into: &changes)
    }
    advance(to: entry.time)
    watch(entry, operations, changes[first...])
    if entry.author == own { checkpointClock.note(entry, isCheckpoint: OperationCodec.isCheckpoint(operations)) }
  }

  mutating func apply(_ operation: Operation, at place: Place, into changes: inout [Change]) {
    let count = changes.count
    exchange.apply(operation, at: place, into: &changes)
    guard place.author == own else { return }
    let hasEffect = changes.count > count
    switch operation {
    case .place(let body):
      let id = place.orderID(network: genesis.networkID)
      exchange.log?.note(order: id)
      ownOrders[id] = OwnOrder(
        order: Order(id: id, priority: place.priority, body: body), placed: place.priority)
    case .cancel(let id): if hasEffect { ownOrders[id]?.isCancelled = true }
    case .amend(let id, let body):
      // By what the own feed says alone: a checkpoint restates it, and the book may have lost the order by now.
      guard hasEffect, let held = ownOrders[id]?.order else { return }
      let priority = body.isReduction(of: held.body) ? held.priority : place.priority
      exchange.log?.note(order: id)
      ownOrders[id]?.order = Order(id: id, priority: priority, body: body)
    case .checkpoint(let part): adoptOwnOrders(of: part)
    case .rotate:
      exchange.log?.lose()
      for id in ownOrders.keys { ownOrders[id]?.isCancelled = true }
    case .propose, .accept, .reject, .receipt, .release, .purchase, .confirm, .withdraw, .settle, .free: break
    }
  }
}
