import Dispatch
import Foundation
import Gossip
import Logging
import Market
import NIOCore
import NodeCore
import NodeCrypto
import Settlement
import Store
import Synchronization
import Transport

/// The core with its I/O around it: one writer takes events and carries out effects, everything slow happens elsewhere.
///
/// | stage | where |
/// |---|---|
/// | decryption, framing, entries out of messages and their ids | event loops |
/// | operations, signatures | ``VerificationPool``, all cores |
/// | applying, matching | `queue`, one at a time |
/// | disk | ``StoreWriter``, group commit |
///
/// What a connection has delivered counts against its window until the writer has taken it, so a node that cannot
/// follow slows its peers down instead of growing.
final class NodeRuntime: @unchecked Sendable {
  let genesis: Genesis
  let own: NodeID
  let logger: Logger

  /// Everything below is touched on this queue only.
  let queue = DispatchQueue(label: "p2pnode.writer")
  var core: NodeCore
  private var effects: [NodeEffect] = []
  private(set) var connections: [UInt64: Connection] = [:]
  /// What has passed over connections that have ended.
  private(set) var formerTraffic = ConnectionTraffic()
  /// Connections for which something was shed since they were last known to have room.
  private var shedding: Set<UInt64> = []
  private var timer: (any DispatchSourceTimer)?
  private var timerDeadline: Timestamp?
  private var stopWaiters: [CheckedContinuation<Void, Never>] = []
  /// What is to be written when the events at hand are done, or before what has to come after it.
  private var toKeep: [SignedEntry] = []
  private var keysToKeep: [UInt64: [StoredKey]] = [:]
  /// Whether it will be looked again for something to do when nothing waits.
  var isTidying = false
  /// What is to be verified when the events at hand are done.
  private var toVerify: [VerificationPool.Job] = []
  /// The place of the message that is being taken in.
  private var credit: Credit?
  /// When what a proof voids is taken back.
  private var rebuild = RebuildSchedule()
  /// Whom to dial after a restart.
  private var addresses = AddressKeeper()
  /// Orders in the own entry that is to be persisted next, with the keys under which clients place them.
  private var namedOrders: [(name: OrderName, order: OrderID)] = []
  /// Places that are held because the store is behind.
  private(set) var parked: [Credit] = []
  /// The own entry on its way to the disk, and when it was signed.
  var signedEntry: (sequence: UInt64, nanoseconds: Int64)?

  /// Set once, before the first event.
  private(set) var transport: Transport?
  let store: EntryStore
  private(set) var pool: VerificationPool!
  let inbox = Mutex(Inbox())
  let commands = PendingCommands()
  private(set) var writer: StoreWriter!
  private(set) var server: FeedServer!

  /// Events, bytes of entries and bytes of messages that are taken in one go, so that nothing waits long behind what came
  /// first.
  private static let batchEventCount = 16
  private static let batchByteCount = 8 << 10

  /// A timer never fires more often than this, in milliseconds, whatever the core says is due.
  private static let shortestWait: Int64 = 5

  let instruments: NodeInstruments
  let watch: SettlementWatch
  let codec: OperationCodec

  init(configuration: NodeConfiguration, store: EntryStore, logger: Logger, instruments: NodeInstruments) {
    self.instruments = instruments
    watch = SettlementWatch(own: configuration.identity.nodeID, timers: instruments.settlementSteps)
    codec = OperationCodec(genesis: configuration.genesis)
    genesis = configuration.genesis
    own = configuration.identity.nodeID
    self.logger = logger
    self.store = store
    core = NodeCore(configuration, now: Self.now)
    writer = StoreWriter(store: store, own: own, instruments: instruments) { [weak self] outcome in
      switch outcome {
      case .durable(let sequence): self?.post(.durable(sequence: sequence))
      case .failed(let why):
        self?.logger.error("the store does not take entries; trying again", metadata: ["why": "\(why)"])
        self?.post(.storeFailed(why))
      case .recovered:
        self?.logger.notice("the store takes entries again")
        self?.post(.storeRecovered)
      case .drained: self?.releaseParked()
      }
    }
    pool = VerificationPool(genesis: configuration.genesis, instruments: instruments, watch: watch) {
      [weak self] outcomes in
      self?.logFaults(outcomes)
      self?.post(outcomes.map { .verified($0) })
    }
    server = FeedServer(writer: writer, refusals: instruments.historyRefusals)
  }

  /// The node's clock.
  static var now: Timestamp { NodeClock.now }

  // MARK: Life

  /// Restores what is stored; nothing is sent or written yet.
  func restore() async throws {
    try await onQueue { try self.store.restore(into: &self.core, logger: self.logger) }
  }

  /// Starts to deal, over `transport`. Peers may have connected before; what they sent is taken in from here on.
  ///
  /// - Parameters:
  ///   - listenPort: where the transport accepts peers.
  ///   - known: addresses from an earlier run, the most trusted first.
  func begin(transport: Transport, listenPort: UInt16, known: [PeerAddress]) async {
    await onQueue {
      self.transport = transport
      self.core.listens(on: listenPort)
      for address in known { self.core.learn(address, now: Self.now) }
      self.core.finishRestore(now: Self.now, into: &self.effects)
      self.core.handle(.timer, now: Self.now, into: &self.effects)
      self.performAll()
      self.drain()
    }
  }

  /// Finishes what is open, for at most `seconds`, and stops writing.
  func stop(seconds: Int) async {
    post(.stop)
    await withCheckedContinuation { continuation in
      queue.async {
        self.stopWaiters.append(continuation)
        self.resumeStopped(force: false)
        self.queue.asyncAfter(deadline: .now() + .seconds(seconds)) { self.resumeStopped(force: true) }
      }
    }
    await onQueue {
      self.timer?.cancel()
      self.timer = nil
    }
    await transport?.shutdown()
    writer.syncAfterCommits { store in
      do {
        try store.close()
      } catch {
        logger.error("closing the store", metadata: ["error": "\(error)"])
      }
    }
  }

  private func resumeStopped(force: Bool) {
    guard force || (core.state == .stopping && core.hasFinished) || core.state == .frozen else { return }
    for waiter in stopWaiters { waiter.resume() }
    stopWaiters = []
  }

  // MARK: Input

  /// Hands an event to the writer; from any thread.
  func post(_ event: NodeEvent) { post([.event(event)]) }

  func post(_ inputs: [Input]) {
    let mustSchedule = inbox.withLock { inbox in
      for input in inputs { inbox.add(input) }
      defer { inbox.isScheduled = true }
      return !inbox.isScheduled
    }
    if mustSchedule { queue.async { self.drain() } }
  }

  /// Takes what has come, but of messages only so much that what is asked of the queue meanwhile gets its turn.
  private func drain() {
    let started = MonotonicTime.nanoseconds
    defer { instruments.writerTurn.recordNanoseconds(MonotonicTime.nanoseconds - started) }
    let (inputs, hasMore) = inbox.withLock { inbox in
      let batch = inbox.takeBatch(events: Self.batchEventCount, byteCount: Self.batchByteCount)
      inbox.isScheduled = batch.hasMore
      return batch
    }
    for input in inputs { take(input) }
    performAll()
    resumeStopped(force: false)
    addresses.keep(core.keptAddresses, by: writer, now: Self.now, logger: logger)
    if hasMore {
      queue.async { self.drain() }
    } else {
      tidy()
    }
  }

  private func take(_ input: Input) {
    let now = Self.now
    switch input {
    case .event(let event):
      if case .durable(let sequence) = event { timeOwnEntry(sequence) }
      core.handle(event, now: now, into: &effects)
    case .verified(let outcome):
      if case .success = outcome.result, outcome.entry.author != own { NodeClock.hear(outcome.entry.time) }
      core.handle(outcome.event, now: now, into: &effects)
      outcome.credit.release()
    case .connected(let connection):
      let id = connection.id.rawValue
      connections[id] = connection
      guard let port = UInt16(exactly: connection.remote.port) else { return }
      core.handle(
        .connected(
          id, node: connection.remoteNode, address: PeerAddress(host: connection.remote.host, port: port),
          direction: connection.direction == .inbound ? .inbound : .outbound),
        now: now, into: &effects)
    case .dialed(let connection, let address):
      core.handle(.dialed(address, node: connection.remoteNode), now: now, into: &effects)
    case .message(let message, _, let place):
      core.handle(.received(place.connection.id.rawValue, message), now: now, into: &effects)
      credit = place
      performEffects()
      credit = nil
      if writer.isOverBound { parked.append(place) } else { place.release() }
    case .writable(let connection):
      guard shedding.remove(connection.id.rawValue) != nil else { return }
      core.handle(.drained(connection.id.rawValue), now: now, into: &effects)
    case .disconnected(let connection):
      connections[connection.id.rawValue] = nil
      formerTraffic = formerTraffic + connection.traffic
      shedding.remove(connection.id.rawValue)
      server.disconnected(connection.id.rawValue)
      core.handle(.disconnected(connection.id.rawValue), now: now, into: &effects)
    }
  }

  // MARK: Effects

  private func performAll() {
    performEffects()
    rebuildWhenDue()
    if !toVerify.isEmpty {
      pool.check(toVerify)
      toVerify = []
    }
    scheduleTimer()
  }

  private func performEffects() {
    while !effects.isEmpty {
      let batch = effects
      effects = []
      for effect in batch { perform(effect) }
    }
    keepEntries()
  }

  func keepEntries() {
    writer.keep(toKeep, keys: keysToKeep)
    toKeep.removeAll(keepingCapacity: true)
    keysToKeep = [:]
  }

  private func releaseParked() {
    queue.async {
      for credit in self.parked { credit.release() }
      self.parked = []
    }
  }

  private func perform(_ effect: NodeEffect) {
    switch effect {
    case .send(let connection, let message, let priority):
      guard connections[connection]?.send(message, priority: priority.transport) == .shed else { return }
      instruments.shed[priority.metricLabel].increment()
      shedding.insert(connection)
    case .verify(let entry):
      guard let credit else { preconditionFailure("an entry is to be verified that did not come in a message") }
      credit.hold()
      toVerify.append(VerificationPool.Job(entry: entry, credit: credit))
    case .verifyProof(let proof, let peer):
      let place = credit
      place?.hold()
      pool.check(proof) { [weak self] isValid in
        self?.post(.proofVerified(proof, from: peer, isValid: isValid))
        place?.release()
      }
    case .collect(let found): collect(found)
    case .places(let id, let order):
      if let named = commands.name(of: id) { namedOrders.append((named, order)) }
    case .persist(let entry, let operations):
      note(entry, operations)
      toKeep.append(entry)
      guard entry.author == own, !namedOrders.isEmpty else { return }
      let time = entry.time.milliseconds
      keysToKeep[entry.sequence] = namedOrders.map {
        StoredKey(key: $0.name.key, request: $0.name.request, order: $0.order, time: time)
      }
      namedOrders = []
    case .prune(let author, let first):
      keepEntries()
      writer.prune(author, below: first)
    case .persistProof(let proof):
      instruments.frauds[proof.kind.name].increment()
      logger.warning(
        "an author is proven to be a fraud; its feed is frozen",
        metadata: ["author": "\(proof.author)", "kind": "\(proof.kind.name)", "sequence": "\(proof.sequence)"])
      keepEntries()
      writer.keep(proof)
    case .rebuild: rebuild.isWanted = true
    case .serve(let connection, let request, let ranges):
      keepEntries()
      if let open = connections[connection] { server.serve(open, id: connection, request: request, ranges: ranges) }
    case .dial(let address): dial(address)
    case .disconnect(let connection, let cause):
      instruments.disconnects[cause.metricLabel].increment()
      connections[connection]?.close(cause.description)
    case .reply(let id, let result): commands.answer(id, result)
    case .rotated(let id, let result): commands.answer(id, result)
    }
  }

  /// Restores everything from the store without what a proof voids, when that is wanted and its time has come. What
  /// was handed to the disk before is on it by then.
  private func rebuildWhenDue() {
    guard rebuild.isDue(now: Self.now), core.storeTrouble == nil else { return }
    let started = Self.now
    let startedNanoseconds = MonotonicTime.nanoseconds
    var isWhole = true
    do {
      try writer.syncAfterCommits { store in
        Result { try store.restore(into: &self.core, logger: self.logger) }
      }.get()
    } catch {
      isWhole = false
      logger.error("restoring from the store", metadata: ["error": "\(error)"])
    }
    core.finishRestore(now: Self.now, into: &effects)
    rebuild.done(started: started, ended: Self.now, isWhole: isWhole)
    instruments.rebuilds.increment()
    instruments.rebuild.recordNanoseconds(MonotonicTime.nanoseconds - startedNanoseconds)
    performEffects()
  }

  private func scheduleTimer() {
    let due = min(Self.nextWake(of: &core), rebuild.next ?? .maximum)
    // One that fires before it has to is set anew then: the moment moves with nearly every event.
    if let armed = timerDeadline, armed <= due { return }
    timerDeadline = due
    timer?.cancel()
    let source = DispatchSource.makeTimerSource(queue: queue)
    source.schedule(deadline: .now() + .milliseconds(Int(clamping: max(Self.shortestWait, due - Self.now))))
    source.setEventHandler { [weak self] in
      guard let self else { return }
      self.timerDeadline = nil
      self.take(.event(.timer))
      self.performAll()
    }
    source.resume()
    timer = source
  }

  // MARK: Asking

  /// Gives the core a command; returns when its entry is on disk, or when it is refused.
  ///
  /// - Parameter name: under which a client places an order; it is on disk with the entry.
  func submit(_ command: OrderCommand, as name: OrderName? = nil) async -> Result<OrderID, CommandRefusal> {
    await timed(command.metricLabel) { await commands.answerToOrder(as: name) { post(.command($0, command)) } }
  }

  /// Hands the own feed over to a new key; returns when its last entry is on disk, or when that is refused.
  func rotate(_ signed: SignedHandover) async -> Result<UInt64, CommandRefusal> {
    await timed("rotate") { await commands.answerToRotation { post(.rotate($0, signed)) } }
  }

  /// Asks the core something, on the writer's queue.
  func read<Value: Sendable>(_ body: @escaping @Sendable (inout NodeCore, Timestamp) -> Value) async -> Value {
    await onQueue { body(&self.core, Self.now) }
  }

  func onQueue<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: body()) }
    }
  }

  private func onQueue<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try body() }) }
    }
  }
}
