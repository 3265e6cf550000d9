import Gossip
import Market
import NodeCrypto
import Settlement

/// From what is on disk to a node that goes on.
extension NodeCore {
  /// Notes a stored proof; before any entry.
  public mutating func restore(_ proof: FraudProof) {
    gossip.restore(proof)
    var changes: [Change] = []
    exchange.freeze(proof.author, into: &changes)
  }

  /// Forgets what the entries added up to, so that they can be restored. Peers, proofs and the entry under way stay.
  public mutating func beginRestore() {
    gossip.resetFeeds()
    var log = exchange.log
    log?.lose()
    exchange = Exchange(genesis: genesis, own: own, seed: exchange.seed, ledger: TradeLedger(after: ledger.tape))
    exchange.log = log
    var changes: [Change] = []
    for proof in gossip.fraudProofs { exchange.freeze(proof.author, into: &changes) }
    duties = Duties()
    fraudWatch = FraudWatch()
    ownOrders = [:]
    checkpointClock = CheckpointClock()
    checkpointParts = nil
    prunable = []
  }

  /// Applies a stored entry whose signature was checked when it came. Entries of one feed must come in its order.
  ///
  /// - Parameter read: its operations, where they have been read already.
  /// - Returns: nil when it counts or a proof voids it; otherwise why it does not, which means that the store was
  ///   damaged and the feed has to be fetched again from here on.
  public mutating func restore(_ entry: SignedEntry, operations read: [Operation]? = nil) -> EntryFault? {
    let operations: [Operation]
    do { operations = try read ?? codec.operations(of: entry) } catch { return EntryFault("\(error)") }
    switch gossip.restore(entry, role: OperationCodec.role(of: operations, in: entry)) {
    case .next: break
    case .frozen, .known: return nil
    case .gap(let from): return EntryFault("entries from \(from) on are missing before \(entry.sequence)")
    case .divergent, .fork: return EntryFault("entry \(entry.sequence) does not follow the one before")
    case .early: return EntryFault("entry \(entry.sequence) is ahead of its time")
    case .invalid(let refusal): return EntryFault(refusal.description)
    }
    if entry.sequence > 1, gossip.feeds.feed(of: entry.author)?.base == entry.sequence - 1 {
      exchange.jump(entry.author)
    }
    var changes: [Change] = []
    apply(entry, operations: operations, into: &changes)
    return nil
  }

  /// Everything stored has been restored: works out what is to be done, and goes on.
  public mutating func finishRestore(now: Timestamp, into effects: inout [NodeEffect]) {
    restoreInFlight()
    duties = Duties()
    // Reading a long store must not use up the time that the peers have to answer.
    recoveryDeadline = now + Self.recoveryMilliseconds
    duties.ownRecord = exchange.record(of: own)
    prunable = gossip.feeds.sorted.map(\.author)
    let held = exchange.book.orders(ownedBy: own).map(\.order)
    for order in held { duties.note(order) }
    for trade in exchange.ledger.sorted { review(trade.id) }
    for order in held {
      duties.match(order.id)
      reviewImmediate(order.id)
    }
    if gossip.feeds.feed(of: own)?.frozenFrom != nil { freezeOwn(into: &effects) }
    // What the store has lost the peers have. Until it is back a new entry would stand where another one does.
    if gossip.lacksPublishedEntries { (state, mayWrite) = (state == .running ? .recovering : state, false) }
    proceed(now: now, into: &effects)
  }

  /// What is decided stays decided: an entry under way that the store did not have yet counts as before.
  private mutating func restoreInFlight() {
    guard let written = inFlight?.entry, let operations = try? codec.operations(of: written) else { return }
    let role = OperationCodec.role(of: operations, in: written)
    guard gossip.feeds.admission(of: written, role: role, now: written.time) == .next else { return }
    gossip.appendOwn(written, role: role)
    var changes: [Change] = []
    apply(written, operations: operations, into: &changes)
  }
}
