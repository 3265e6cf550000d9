import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement

/// What decides when an own checkpoint is due: after so many entries as the genesis says, and after so many bytes that
/// the checkpoints stay a small share of the feed.
struct CheckpointClock: Sendable {
  /// A checkpoint may be an eighth of what it stands for.
  private static let bytesPerByte = 8

  /// Own entries since the last checkpoint, and their bytes.
  private var entries: Int64 = 0
  private var bytes = 0
  /// The bytes of the last complete checkpoint, and of the parts of the present one.
  private var lastBytes = 0
  private var partBytes = 0
  /// Before so many entries it is not tried again.
  private var earliest: Int64 = 0

  mutating func note(_ entry: SignedEntry, isCheckpoint: Bool) {
    guard !isCheckpoint else {
      partBytes += entry.bytes.count
      return
    }
    if partBytes > 0 { self = CheckpointClock(lastBytes: partBytes) }
    entries += 1
    bytes += entry.bytes.count
  }

  init() {}

  private init(lastBytes: Int) { self.lastBytes = lastBytes }

  func isDue(after limit: Int64) -> Bool {
    partBytes == 0 && entries >= max(limit, earliest) && bytes >= Self.bytesPerByte * lastBytes
  }

  /// Notes that a checkpoint could not be written; it is tried again later.
  mutating func postpone(limit: Int64) { earliest = entries + limit / 4 + 1 }
}

/// Own checkpoints, and what others' allow to forget.
extension NodeCore {
  /// Whether the own feed is in the middle of a checkpoint: nothing else may be written then.
  var isWritingCheckpoint: Bool { gossip.feeds.feed(of: own)?.unfinishedCheckpoint != nil }

  /// Whether it is time for an own checkpoint.
  var isCheckpointDue: Bool {
    state == .running && checkpointClock.isDue(after: genesis.limits.checkpointEntries)
  }

  /// Writes the next part of an own checkpoint when one is under way or due; false when there is nothing to write.
  mutating func writeCheckpoint(now: Timestamp, into effects: inout [NodeEffect]) -> Bool {
    let head = gossip.feeds.head(of: own)
    // All parts have the time of the first: an order that is live in one is live in all.
    let time = isWritingCheckpoint ? head.time : max(now, head.time)
    // The open purchase is brought to nothing first: what is restated then is what the entries say.
    if let end = purchaseEnd, end <= time { return false }
    if isWritingCheckpoint {
      // After a crash what is missing is worked out anew: nothing has changed since the first part.
      if checkpointParts == nil, let state = exchange.authors[own]?.state, let begun = state.unfinished {
        checkpointParts = codec.parts(
          of: checkpointItems(of: state, at: time).subtracting(begun.items), first: begun.first, totals: nil)
      }
    } else {
      guard isCheckpointDue else { return false }
      beginCheckpoint(at: time)
    }
    guard let part = checkpointParts?.first else { return false }
    checkpointParts?.removeFirst()
    if checkpointParts?.isEmpty == true { checkpointParts = nil }
    let operation = Operation.checkpoint(part)
    let entry = SignedEntry(
      after: head, time: time, payload: codec.encode(operation), identity: identity, network: genesis.networkID)
    gossip.appendOwn(entry, role: OperationCodec.role(of: [operation], in: entry))
    var changes: [Change] = []
    apply(entry, operations: [operation], into: &changes)
    consider(changes)
    inFlight = InFlightEntry(entry: entry, counterparties: [], replies: [])
    effects.append(.persist(entry, [operation]))
    return true
  }

  /// Works out the parts of a new checkpoint, when the rate allows it with room to spare.
  private mutating func beginCheckpoint(at time: Timestamp) {
    // On a copy: the entry at `time` may never be written.
    var state = exchange.authors[own]?.state ?? AuthorState()
    state.expire(at: time)
    let rateLeft = gossip.feeds.rateLeft(of: own, at: time)
    let parts = codec.parts(
      of: checkpointItems(of: state, at: time), first: gossip.feeds.head(of: own).sequence + 1,
      totals: CheckpointTotals(rateLeft: rateLeft, counts: state.counts))
    let needed = 2 * parts.count + 8
    guard needed <= Int(OperationCodec.maximumCheckpointParts), rateLeft >= Int64(needed) * 1000,
      areReadable(parts, at: time)
    else {
      checkpointClock.postpone(limit: genesis.limits.checkpointEntries)
      return
    }
    checkpointParts = parts
  }

  /// Whether everybody will read the parts of an own checkpoint in the entries that come next. One that nobody takes would
  /// end the own feed, and this node could not restore it either: rather there is none.
  private func areReadable(_ parts: [CheckpointPart], at time: Timestamp) -> Bool {
    var head = gossip.feeds.head(of: own)
    for part in parts {
      let entry = SignedEntry(
        after: head, time: time, payload: codec.encode(.checkpoint(part)), identity: identity,
        network: genesis.networkID)
      guard (try? codec.operations(of: entry)) != nil else { return false }
      head = entry.head
    }
    return true
  }

  /// What the own feed adds up to at `time`, as far as later entries can need it.
  private func checkpointItems(of state: AuthorState, at time: Timestamp) -> CheckpointItems {
    var items = CheckpointItems()
    for (id, live) in state.orders.live.byPlace {
      guard let order = ownOrders[id]?.order else { continue }
      items.orders.append(
        CheckpointItems.LiveOrder(
          place: live.place, time: order.priority.time,
          priority: OrderPlace(sequence: order.priority.sequence, index: order.priority.index), body: order.body))
      items.takings += live.taken.takings(of: live.place, isBid: live.side == .bid)
    }
    items.proposals = state.proposals.keys.sorted().compactMap { state.proposals[$0]?.signed }
    items.complaints = state.complaints.sorted { $0.key < $1.key }.map {
      CheckpointItems.Complaint(node: $0.key, expiries: $0.value.expiries, lapses: $0.value.lapses)
    }
    for id in duties.owed.sorted() {
      guard let trade = exchange.ledger[id], trade.terms.end > time, let held = trade.acceptance,
        held.acceptance.sequence <= gossip.feeds.head(of: own).sequence
      else { continue }
      items.accepts.append(
        (
          SignedTerms(terms: trade.terms, bytes: trade.termsBytes, signature: trade.takerSignature),
          SignedAcceptance(acceptance: held.acceptance, bytes: held.bytes, signature: held.signature, maker: own)
        ))
    }
    restatePurchases(of: state, into: &items)
    return items
  }

  private func restatePurchases(of state: AuthorState, into items: inout CheckpointItems) {
    if let open = state.purchase { items.purchases.append(CheckpointItems.Purchase(legs: open.legs, confirmed: nil)) }
    items.purchases += state.confirmed.keys.sorted().compactMap { confirmed($0) }
    items.holds = state.holds.keys.sorted().compactMap { id in state.holds[id].map { ($0.signed, $0.decision) } }
  }

  /// A confirmed own purchase, as the own feed has it.
  private func confirmed(_ purchase: PurchaseID) -> CheckpointItems.Purchase? {
    let trades = exchange.ledger.legs(of: purchase).compactMap { exchange.ledger[$0] }
    guard let held = trades.first?.confirmation else { return nil }
    let acceptances = trades.compactMap { trade in
      trade.acceptance.map {
        SignedAcceptance(
          acceptance: $0.acceptance, bytes: $0.bytes, signature: $0.signature, maker: trade.terms.maker)
      }
    }
    let legs = trades.map { SignedTerms(terms: $0.terms, bytes: $0.termsBytes, signature: $0.takerSignature) }
    guard legs.count == held.confirmation.legs.count, acceptances.count == legs.count,
      zip(legs, acceptances).allSatisfy({ OperationCodec.isConfirmed($0, by: held.confirmation, $1) })
    else { return nil }
    return CheckpointItems.Purchase(
      legs: legs,
      confirmed: (
        SignedConfirmation(confirmation: held.confirmation, signed: held.signed, taker: own), acceptances
      ))
  }

  /// Takes the own orders that an own checkpoint restates: what they were placed with may not be held, when the own feed
  /// came back from peers who had pruned it.
  mutating func adoptOwnOrders(of part: CheckpointPart) {
    for item in part.items.orders {
      let order = exchange.order(item, of: own)
      let placed = OrderPriority(
        time: item.time, owner: own, sequence: item.place.sequence, index: item.place.index)
      ownOrders[order.id] = OwnOrder(order: order, placed: ownOrders[order.id]?.placed ?? placed)
    }
  }

  /// Forgets what is before the last but one complete checkpoint of others' feeds. So a node that has missed a little
  /// finds entries, and one that joins never needs more than two checkpoints' worth of them.
  mutating func pruneFeeds(into effects: inout [NodeEffect]) {
    guard !prunable.isEmpty else { return }
    for author in prunable where !isOwn(author) && !keepsHistory {
      guard let feed = gossip.feeds.feed(of: author), feed.checkpoints.count == 2, let first = feed.checkpoints.first,
        first > feed.base + 1, !isDoubted(author)
      else { continue }
      gossip.prune(author, below: first)
      effects.append(.prune(author, below: first))
    }
    prunable = []
  }
}

extension OperationCodec {
  static func isCheckpoint(_ operations: [Operation]) -> Bool {
    if case .checkpoint? = operations.first { true } else { false }
  }
}
