import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement

/// Collects the operations of the next own entry as they are decided.
struct EntryBuilder {
  /// The largest operation that there is, with room to spare: an amend to a bid with all that a bid can name.
  static let largestOperationBytes = 1500
  /// The largest operation with which a maker settles a leg.
  static let largestSettleBytes = 2300
  /// An entry's header.
  static let headerBytes = 256

  let author: NodeID
  let time: Timestamp
  let sequence: UInt64
  let previous: EntryID
  let maximumOperations: Int
  let maximumBytes: Int

  private(set) var payload: [UInt8] = []
  private(set) var operations: [Operation] = []
  var counterparties: [NodeID] = []
  var replies: [(id: CommandID, order: OrderID)] = []
  /// The trades that its operations change.
  private(set) var trades: [TradeID] = []

  var count: Int { operations.count }

  /// Whether there is room for any one operation but those that concern several legs.
  var hasRoom: Bool { hasRoom(for: Self.largestOperationBytes) }

  /// Whether there is room for an operation of so many bytes.
  func hasRoom(for bytes: Int) -> Bool {
    count < maximumOperations && payload.count + bytes + Self.headerBytes <= maximumBytes
  }

  /// Where the next operation will stand.
  var place: Place { Place(author: author, time: time, sequence: sequence, index: UInt32(count)) }

  mutating func append(_ operation: Operation, _ encoded: [UInt8]) {
    precondition(payload.count + encoded.count + Self.headerBytes <= maximumBytes, "an entry over its bound")
    payload += encoded
    operations.append(operation)
  }

  mutating func note(_ changes: [Change]) {
    for case .trade(let id) in changes { trades.append(id) }
  }

  mutating func address(_ counterparty: NodeID) {
    if !counterparties.contains(counterparty) { counterparties.append(counterparty) }
  }
}

/// The own feed: every decision of this node is taken here, while the entry that carries it is being built.
extension NodeCore {
  /// Builds, signs and hands to the disk the next own entry, when there is something to say and no other is under way.
  mutating func writeEntry(now: Timestamp, into effects: inout [NodeEffect]) {
    guard let due = nextWrite, due <= now else { return }
    if writeRotation(now: now, into: &effects) || writeCheckpoint(now: now, into: &effects) { return }
    let head = gossip.feeds.head(of: own)
    // A feed's times never go back, whatever the clock does.
    let time = max(now, head.time)
    var builder = EntryBuilder(
      author: own, time: time, sequence: head.sequence + 1, previous: head.entry,
      maximumOperations: genesis.limits.operationsPerEntry, maximumBytes: genesis.limits.entryBytes)
    let isOverdue = enterPastPurchase(builder)
    decideAll(&builder)
    runCommands(&builder, into: &effects)
    if state == .running {
      // What others take, cancel or amend, and the time that passes, change the pieces that each offer gives: offers whose
      // pieces did not make up all that such a bid wants may do so then. Once a tick is often enough to look.
      let tick = genesis.limits.tickMilliseconds
      if time.milliseconds / tick != head.time.milliseconds / tick { duties.matchWholeBids() }
      matchAll(&builder, now: now)
    }
    cancelSpent(&builder)
    guard builder.count > 0 || isOverdue || isTickDue(now: now) else { return }
    let entry = SignedEntry(
      after: head, time: time, payload: builder.payload, identity: identity, network: genesis.networkID)
    gossip.appendOwn(entry)
    advance(to: time)
    checkpointClock.note(entry, isCheckpoint: false)
    inFlight = InFlightEntry(
      entry: entry, counterparties: builder.counterparties, replies: builder.replies, trades: builder.trades)
    effects.append(.persist(entry, builder.operations))
  }

  private var hasWork: Bool {
    !(duties.decide.isEmpty && duties.conclude.isEmpty && duties.copy.isEmpty && duties.release.isEmpty
      && duties.spent.isEmpty && queue.isEmpty)
      || rotation != nil || (state == .running && !duties.rematch.isEmpty) || isWritingCheckpoint || isCheckpointDue
      || hasPurchaseToDecide
  }

  private var hasPurchaseToDecide: Bool {
    switch purchaseStep {
    case .confirm?, .withdraw?: true
    case .wait?, nil: false
    }
  }

  /// Brings the own open purchase to nothing when the entry that is being built is past its last moment; then the entry
  /// has to be written, whatever else is in it.
  private mutating func enterPastPurchase(_ builder: EntryBuilder) -> Bool {
    guard let end = purchaseEnd, end <= builder.time else { return false }
    var changes: [Change] = []
    exchange.enter(own, at: builder.time, sequence: builder.sequence, into: &changes)
    consider(changes)
    endedPurchase()
    return true
  }

  /// The first moment at which an own entry is to be written and may be; nil when there is nothing to say, or another
  /// one is under way. An entry that came too early or past the rate would not be taken by anybody.
  var nextWrite: Timestamp? {
    guard mayWrite, state != .frozen, !isOwnFeedClosed, inFlight == nil, storeTrouble == nil else { return nil }
    let dated = [nextTick, purchaseEnd].compactMap { $0 }.min()
    guard let wanted = hasWork ? .zero : dated else { return nil }
    let earliest = gossip.feeds.head(of: own).time - genesis.limits.skewMilliseconds
    return max(wanted, earliest, gossip.feeds.nextEntry(of: own))
  }

  /// The moment of the next tick; nil when nothing of this node's own is open.
  private var nextTick: Timestamp? {
    guard state == .running else { return nil }
    let hasOpen =
      exchange.book.hasOrders(ownedBy: own) || duties.undecidedCount > 0 || !duties.open.isEmpty
    guard hasOpen else { return nil }
    let head = gossip.feeds.head(of: own)
    return head.sequence == 0 ? .zero : head.time + genesis.limits.tickMilliseconds
  }

  private func isTickDue(now: Timestamp) -> Bool { nextTick.map { $0 <= now } ?? false }

  /// Puts one operation into the entry that is being built, and applies it at once, so that the next decision of the
  /// same entry sees it.
  mutating func write(_ operation: Operation, _ builder: inout EntryBuilder) {
    var changes: [Change] = []
    apply(operation, at: builder.place, into: &changes)
    builder.append(operation, codec.encode(operation))
    builder.note(changes)
    consider(changes)
  }

  private mutating func decideAll(_ builder: inout EntryBuilder) {
    while builder.hasRoom, let id = duties.copy.popFirst() {
      guard let trade = exchange.ledger[id], let held = trade.acceptance, !trade.isCopied else { continue }
      write(
        .receipt(
          SignedAcceptance(
            acceptance: held.acceptance, bytes: held.bytes, signature: held.signature, maker: trade.terms.maker)),
        &builder)
      builder.address(trade.terms.maker)
    }
    while builder.hasRoom, let id = duties.release.popFirst() {
      guard let trade = exchange.ledger[id], trade.state == .proposed || trade.state == .rejected else { continue }
      duties.failed(
        own: trade.terms.takerOrder, counter: trade.terms.makerOrder,
        until: builder.time + genesis.limits.retryMilliseconds)
      let isClosure = isClosure(trade)
      if isClosure { noteSilence(of: trade.terms.maker, at: builder.time) }
      write(.release(id, isClosure: isClosure), &builder)
    }
    decidePurchase(&builder)
    concludeHolds(&builder)
    while builder.hasRoom, let id = duties.decide.popFirst() {
      // Past the deadline nothing is decided: this entry, or the next, is the closure.
      guard let trade = exchange.ledger[id], trade.state == .proposed, builder.time <= trade.terms.deadline else {
        continue
      }
      decide(trade, &builder)
      builder.address(trade.terms.taker)
    }
  }

  private mutating func decide(_ trade: Trade, _ builder: inout EntryBuilder) {
    guard state == .running else {
      write(.reject(trade.id, .stopping, gpusLeft: 0), &builder)
      return
    }
    switch exchange.judge(trade.terms, at: builder.time) {
    case .reject(let reason, let left): write(.reject(trade.id, reason, gpusLeft: left), &builder)
    case .accept where trade.terms.leg != nil && isStale(trade.terms.taker, now: builder.time):
      // A buyer that has not been heard of may never confirm.
      write(.reject(trade.id, .noHold, gpusLeft: 0), &builder)
    case .accept:
      let acceptance = Acceptance(
        trade: trade.id, time: builder.time, sequence: builder.sequence, previous: builder.previous)
      let bytes = acceptance.encoded()
      let signature = identity.sign(bytes, domain: .acceptance, network: genesis.networkID)
      write(
        .accept(
          SignedTerms(terms: trade.terms, bytes: trade.termsBytes, signature: trade.takerSignature),
          SignedAcceptance(acceptance: acceptance, bytes: bytes, signature: signature, maker: own)),
        &builder)
    }
  }

  // MARK: Commands

  /// Takes a command: refuses it at once, or queues it for the next entry.
  mutating func take(
    _ command: OrderCommand, id: CommandID, now: Timestamp, into effects: inout [NodeEffect]
  ) {
    var command = command
    if case .place(let body) = command { command = .place(offerPolicy.completing(body)) }
    if let error = refusal(of: command, at: now) {
      effects.append(.reply(id, .failure(error)))
    } else {
      queue.append((id, command))
    }
  }

  private mutating func refusal(of command: OrderCommand, at time: Timestamp) -> CommandRefusal? {
    // While the own feed is being recovered commands wait in the queue: that takes a moment, rarely some seconds.
    guard state == .running || state == .recovering else { return .notWriting(state) }
    if let storeTrouble { return .storeFailing(storeTrouble) }
    switch command {
    case .place(let body):
      do { try OrderRules.check(body, placedAt: time, genesis: genesis) } catch { return .order(error) }
      if let violation = violation(of: body, replacing: nil) { return .policy(violation) }
      if let refusal = refusal(ofSize: body, replacing: nil, at: time) { return refusal }
      let place = nextPlace(at: time)
      return refusal(
        ofPostOnly: Order(id: place.orderID(network: genesis.networkID), priority: place.priority, body: body), at: time
      )
    case .cancel(let order):
      return exchange.isLive(order, of: own) ? nil : .noSuchOrder(order)
    case .amend(let id, let body):
      guard exchange.isLive(id, of: own), let old = ownOrders[id]?.order.body, old.expiry > time else {
        return .noSuchOrder(id)
      }
      do {
        try OrderRules.check(body, placedAt: time, genesis: genesis)
        try OrderRules.checkAmend(to: body, side: old.side, timeInForce: old.timeInForce)
      } catch { return .order(error) }
      if let violation = violation(of: body, replacing: old) { return .policy(violation) }
      if let refusal = refusal(ofSize: body, replacing: id, at: time) { return refusal }
      return refusal(ofPostOnly: exchange.amended(id, to: body, at: nextPlace(at: time)), at: time)
    }
  }

  private func refusal(
    ofSize body: OrderBody, replacing replaced: OrderID?, at time: Timestamp
  ) -> CommandRefusal? {
    let limits = genesis.limits
    switch exchange.room(for: body, replacing: replaced, of: own, at: time) {
    case .enough: return nil
    case .tooManyOrders: return .tooManyOrders(maximum: limits.openOrdersPerAuthor)
    case .newcomer(let open):
      return .newcomer(
        gpus: body.gpus, openGPUs: open, maximum: limits.newcomerGPUs,
        settled: exchange.authors[own]?.state.counts.settled ?? 0, trades: limits.newcomerTrades)
    }
  }

  private func violation(of body: OrderBody, replacing old: OrderBody?) -> PolicyViolation? {
    offerPolicy.violation(of: body, replacing: old, openGPUs: ownOfferedGPUs, genesis: genesis)
  }

  private mutating func refusal(ofPostOnly order: Order, at time: Timestamp) -> CommandRefusal? {
    guard order.body.isPostOnly, let taken = taken(by: order, at: time) else { return nil }
    return .wouldTake(counterOrder: taken.order, price: taken.price)
  }

  /// A place past everything that this node has written: that of an order which is only tried out.
  private func nextPlace(at time: Timestamp) -> Place {
    Place(
      author: own, time: time, sequence: gossip.feeds.head(of: own).sequence + 1,
      index: UInt32(genesis.limits.operationsPerEntry) - 1)
  }

  private mutating func runCommands(_ builder: inout EntryBuilder, into effects: inout [NodeEffect]) {
    var done = 0
    for (id, command) in queue {
      guard builder.hasRoom else { break }
      done += 1
      // Checked again: time has passed, and earlier commands of the same entry count.
      if let error = refusal(of: command, at: builder.time) {
        effects.append(.reply(id, .failure(error)))
        continue
      }
      switch command {
      case .place(let body):
        let order = builder.place.orderID(network: genesis.networkID)
        builder.replies.append((id, order))
        effects.append(.places(id, order))
        if body.timeInForce.isImmediate, state == .running { duties.expect(order) }
        write(.place(body), &builder)
      case .cancel(let order):
        builder.replies.append((id, order))
        write(.cancel(order), &builder)
      case .amend(let order, let body):
        builder.replies.append((id, order))
        write(.amend(order, body), &builder)
      }
    }
    queue.removeFirst(done)
  }

  // MARK: Matching

  private mutating func matchAll(_ builder: inout EntryBuilder, now: Timestamp) {
    guard !duties.rematch.isEmpty else { return }
    refreshStaleOwners(now: now)
    for id in duties.rematch.sorted(by: { priority(of: $0) < priority(of: $1) }) {
      while builder.hasRoom {
        let attempt = proposePurchase(id, &builder)
        guard case .notSeveral = attempt else { break }
        guard isOpen(id, at: builder.time),
          let match = exchange.match(id, context: matchContext(for: id, at: builder.time)),
          let terms = terms(for: match, at: builder.time)
        else {
          duties.matched(id)
          reviewImmediate(id)
          break
        }
        guard isOpen(match.maker, at: builder.time) else {
          // The book keeps it until some feed's time has passed its expiry; its owner would decline.
          duties.failed(
            own: id, counter: match.maker, until: builder.time + genesis.limits.retryMilliseconds)
          continue
        }
        if ownOrders[id]?.order.body.isPostOnly == true {
          // It came to cross over a merge. Rather than take it goes, so that no crossed book stays.
          write(.cancel(id), &builder)
          break
        }
        let bytes = terms.encoded()
        let signature = identity.sign(bytes, domain: .terms, network: genesis.networkID)
        write(.propose(SignedTerms(terms: terms, bytes: bytes, signature: signature)), &builder)
        builder.address(terms.maker)
      }
    }
  }

  /// Cancels what is left of own orders that never rest, once nothing of theirs is undecided.
  private mutating func cancelSpent(_ builder: inout EntryBuilder) {
    for id in duties.spent.sorted() where builder.hasRoom {
      if exchange.isLive(id, of: own) { write(.cancel(id), &builder) }
      duties.left(id)
    }
  }

  private func priority(of id: OrderID) -> OrderPriority {
    ownOrders[id]?.order.priority
      ?? OrderPriority(time: .maximum, owner: own, sequence: .max, index: .max)
  }

  /// Takes nothing new from here on; what was decided is still written.
  mutating func stop(into effects: inout [NodeEffect]) {
    guard state != .frozen else { return }
    state = .stopping
    for id in duties.giveUpMatching() { reviewImmediate(id) }
    for waiting in queue { effects.append(.reply(waiting.id, .failure(.notWriting(.stopping)))) }
    refuseRotation(.notWriting(.stopping), into: &effects)
    queue = []
  }

  // MARK: The disk

  mutating func durable(_ sequence: UInt64, now: Timestamp, into effects: inout [NodeEffect]) {
    guard let written = inFlight, written.entry.sequence == sequence else { return }
    inFlight = nil
    if exchange.log != nil { for trade in written.trades { exchange.log?.note(trade: trade) } }
    gossip.publish(written.entry, urgentFor: written.counterparties, now: now, into: &gossipEffects)
    for reply in written.replies { effects.append(.reply(reply.id, .success(reply.order))) }
    if let id = written.rotation { effects.append(.rotated(id, .success(written.entry.sequence))) }
  }

  mutating func storeFailed(_ why: String, into effects: inout [NodeEffect]) {
    storeTrouble = why
    // What has been decided stays decided: the same entry is tried again, never another one in its place.
    for reply in inFlight?.replies ?? [] { effects.append(.reply(reply.id, .failure(.notDurableYet(why)))) }
    inFlight?.replies = []
    if let id = inFlight?.rotation { effects.append(.rotated(id, .failure(.notDurableYet(why)))) }
    inFlight?.rotation = nil
    refuseRotation(.storeFailing(why), into: &effects)
    for waiting in queue { effects.append(.reply(waiting.id, .failure(.storeFailing(why)))) }
    queue = []
  }
}
