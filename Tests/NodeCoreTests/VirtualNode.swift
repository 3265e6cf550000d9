import Gossip
import Market
import NodeCore
import NodeCrypto

/// A node core with a virtual disk, and everything that its effects ask for.
final class VirtualNode: Participant {
  let index: Int
  let identity: Identity
  var nodeID: NodeID { identity.nodeID }
  unowned let network: VirtualNetwork

  private let bootstrap: [PeerAddress]
  /// How this node's clock differs from the true time; a test may step it.
  var clockOffset: Int64
  private(set) var core: NodeCore?
  var store = VirtualStore()
  /// Counts the starts: what was under way in an earlier life reaches nobody.
  private(set) var life = 0
  private var inbox: [NodeEvent] = []
  private var isScheduled = false
  private var wakeAt: Timestamp?
  private var nextCommand: CommandID = 1

  /// Answers to commands.
  private(set) var replies: [CommandID: Result<OrderID, CommandRefusal>] = [:]
  /// Why this node ended connections.
  private(set) var disconnects: [DisconnectCause] = []
  /// Own entries in the order in which the core handed them to the disk.
  private(set) var written: [SignedEntry] = []
  /// Verified entries that were found invalid.
  private(set) var faults: [EntryFault] = []
  /// Times that the core asked to be woken in the past although it had just been.
  private(set) var busyWakes = 0
  private(set) var verifications = 0
  /// Messages sent while ``keepsSent``.
  private(set) var sent: [[UInt8]] = []
  var keepsSent = false
  /// Whether the disk refuses to take anything.
  var isStoreFailing = false
  private var hasReportedFailure = false
  /// Called before each effect; may crash the node.
  var onEffect: ((NodeEffect) -> Void)?

  init(network: VirtualNetwork, index: Int, identity: Identity, bootstrap: [PeerAddress]) {
    self.network = network
    self.index = index
    self.identity = identity
    self.bootstrap = bootstrap
    clockOffset = network.random(network.conditions.clockOffset)
  }

  var now: Timestamp { network.now + clockOffset }
  var isListening: Bool { core != nil }

  // MARK: Life

  /// Starts the process: restores what is on the disk, and goes on.
  func start() {
    life += 1
    inbox = []
    isScheduled = false
    wakeAt = nil
    hasReportedFailure = false
    let configuration = NodeConfiguration(
      genesis: network.genesis, identity: identity, agent: "virtual", listenPort: 47100, advertisedHost: nil,
      bootstrap: bootstrap, seed: UInt64(index) << 32 | UInt64(life))
    core = NodeCore(configuration, now: now)
    network.trace.note("start", UInt64(index), UInt64(life))
    restore()
    var effects: [NodeEffect] = []
    core?.finishRestore(now: now, into: &effects)
    perform(effects)
  }

  /// Kills the process at this instant.
  ///
  /// - Parameter commitSurvives: whether the commit that was running is on the disk all the same.
  func crash(commitSurvives: Bool) {
    guard core != nil else { return }
    network.trace.note("crash", UInt64(index), commitSurvives ? 1 : 0)
    core = nil
    life += 1
    store.crash(commitSurvives: commitSurvives, own: nodeID)
    network.dropLinks(of: index)
  }

  private func restore() {
    for proof in store.sortedProofs { core?.restore(proof) }
    core?.beginRestore()
    var skipped: NodeID?
    for entry in store.sortedEntries where entry.author != skipped {
      guard core?.restore(entry) != nil else { continue }
      skipped = entry.author
      store.truncate(entry.author, from: entry.sequence)
    }
  }

  // MARK: Events

  func post(_ event: NodeEvent, life: Int) {
    if life == self.life { post(event) }
  }

  func post(_ event: NodeEvent) {
    guard core != nil else { return }
    inbox.append(event)
    guard !isScheduled else { return }
    isScheduled = true
    let life = life
    network.schedule(after: network.random(network.conditions.batching)) {
      guard self.life == life else { return }
      self.drain()
    }
  }

  private func drain() {
    isScheduled = false
    let batch = inbox
    inbox = []
    var effects: [NodeEffect] = []
    for event in batch { core?.handle(event, now: now, into: &effects) }
    perform(effects)
  }

  private func scheduleWake() {
    guard let core else { return }
    let due = max(core.nextWake, now + 1)
    guard due != wakeAt else { return }
    wakeAt = due
    let life = life
    network.schedule(after: due - now) {
      guard self.life == life, self.wakeAt == due else { return }
      self.wakeAt = nil
      var effects: [NodeEffect] = []
      self.core?.handle(.timer, now: self.now, into: &effects)
      if let next = self.core?.nextWake, next <= self.now { self.busyWakes += 1 }
      self.perform(effects)
    }
  }

  // MARK: Effects

  private func perform(_ first: [NodeEffect]) {
    var effects = first
    while !effects.isEmpty {
      let batch = effects
      effects = []
      for effect in batch {
        onEffect?(effect)
        guard core != nil else { return }
        perform(effect, into: &effects)
      }
    }
    scheduleWake()
  }

  private func perform(_ effect: NodeEffect, into effects: inout [NodeEffect]) {
    switch effect {
    case .send(let link, let message, let priority):
      send(message, priority: priority, over: link)
    case .verify(let entry):
      verifications += 1
      let result = network.verifier.result(of: entry)
      if case .failure(let fault) = result { faults.append(fault) }
      later(network.conditions.verification) { self.post(.verified(entry, result)) }
    case .verifyProof(let proof, let peer):
      let isValid = network.verifier.isValid(proof)
      later(network.conditions.verification) { self.post(.proofVerified(proof, from: peer, isValid: isValid)) }
    case .findRival(let entry):
      later(network.conditions.commit) {
        guard let rival = self.store.entry(of: entry.author, at: entry.sequence) else { return }
        self.post(.rivalFound(rival, of: entry))
      }
    case .persist(let entry):
      network.trace.note("persist", UInt64(index), bytes: entry.id.bytes)
      if entry.author == nodeID { written.append(entry) }
      store.keep(.entry(entry))
      commit()
    case .persistProof(let proof):
      store.keep(.proof(proof))
      commit()
    case .prune(let author, let first):
      store.keep(.prune(author, below: first))
      commit()
    case .rebuild:
      for sequence in store.commitAll(own: nodeID) { post(.durable(sequence: sequence)) }
      restore()
      core?.finishRestore(now: now, into: &effects)
    case .serve(let link, let request, let ranges): serve(link, request, ranges)
    case .dial(let address): network.dial(address, from: self, epoch: life)
    case .disconnect(let link, let cause):
      disconnects.append(cause)
      network.close(link, from: index)
    case .reply(let id, let result): replies[id] = result
    }
  }

  private func send(_ message: [UInt8], priority: SendPriority, over link: UInt64) {
    if keepsSent { sent.append(message) }
    network.send(message, priority: priority, over: link, from: index)
  }

  private func later(_ span: ClosedRange<Int64>, _ action: @escaping () -> Void) {
    let life = life
    network.schedule(after: network.random(span)) { if self.life == life { action() } }
  }

  private func commit() {
    guard store.beginCommit() else { return }
    later(network.conditions.commit) { self.endCommit() }
  }

  private func endCommit() {
    guard !isStoreFailing else {
      if !hasReportedFailure { post(.storeFailed("no space left")) }
      hasReportedFailure = true
      later(500...500) { self.endCommit() }
      return
    }
    if hasReportedFailure { post(.storeRecovered) }
    hasReportedFailure = false
    for sequence in store.endCommit(own: nodeID) { post(.durable(sequence: sequence)) }
    commit()
  }

  /// Answers out of what is on the disk, a few entries at a time.
  private func serve(_ link: UInt64, _ request: UInt64, _ ranges: [FeedRange]) {
    later(network.conditions.commit) {
      var entries: [SignedEntry] = []
      for range in ranges {
        let feed = self.store.entries[range.author] ?? [:]
        var sequence = range.from
        while sequence <= range.through, let entry = feed[sequence] {
          entries.append(entry)
          sequence += 1
        }
      }
      self.sendAnswer(link, request, entries[...])
    }
  }

  private func sendAnswer(_ link: UInt64, _ request: UInt64, _ entries: ArraySlice<SignedEntry>) {
    let part = entries.prefix(7)
    let rest = entries.dropFirst(7)
    send(
      GossipCore.fetchAnswer(
        id: request, entries: part.map { ($0.bytes, $0.signature.bytes) }, done: rest.isEmpty),
      priority: .bulk, over: link)
    if !rest.isEmpty { later(0...3) { self.sendAnswer(link, request, rest) } }
  }

  // MARK: Connections

  func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction) {
    post(.connected(link, node: peer, address: address, direction: direction))
  }

  func received(_ link: UInt64, _ message: [UInt8]) { post(.received(link, message)) }

  func closed(_ link: UInt64) { post(.disconnected(link)) }

  // MARK: Commands

  /// Gives a command; the answer comes in ``replies``.
  @discardableResult
  func command(_ command: OrderCommand) -> CommandID {
    defer { nextCommand += 1 }
    post(.command(nextCommand, command))
    return nextCommand
  }
}
