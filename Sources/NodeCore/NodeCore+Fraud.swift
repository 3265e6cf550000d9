import Gossip
import Market
import NodeCrypto
import Settlement

/// Frauds that show when feeds are read together: what an author takes too much of its own order, and what it signed for
/// others and does not have in its feed.
extension NodeCore {
  /// Looks at an entry that has just been applied, and at what it changed.
  mutating func watch(_ entry: SignedEntry, _ operations: [Operation], _ changes: ArraySlice<Change>) {
    for awaited in fraudWatch.take(entry.author, at: entry.sequence)
    where !OperationCodec.has(awaited.statement.bytes, operations) {
      guard let proof = FraudProof(awaited.kind, entries: [entry], statement: awaited.statement) else { continue }
      fraudWatch.proofs.append(proof)
    }
    for operation in operations { watch(operation) }
    for case .overfilled(let order) in changes where entry.author != own {
      guard let placed = exchange.authors[entry.author]?.state.orders.live[order]?.place.sequence,
        let feed = gossip.feeds.feed(of: entry.author)
      else { continue }
      let first = max(placed, feed.base + 1)
      fraudWatch.cases.append(.overfill(author: entry.author, from: first, through: entry.sequence))
    }
    for case .understated(let first, let accepts) in changes where entry.author != own {
      fraudWatch.cases.append(
        .falseCheckpoint(author: entry.author, from: first, through: entry.sequence, accepts: accepts))
    }
  }

  private mutating func watch(_ operation: Operation) {
    switch operation {
    case .receipt(let decision): watch(decision)
    case .confirm(_, let acceptances): for decision in acceptances { watch(decision) }
    case .settle(_, let confirmation): watch(confirmation)
    case .place, .cancel, .amend, .propose, .accept, .reject, .release, .purchase, .withdraw, .free, .checkpoint,
      .rotate:
      break
    }
  }

  private mutating func watch(_ decision: SignedAcceptance) {
    let (acceptance, maker) = (decision.acceptance, decision.maker)
    let statement = FraudProof.Statement(bytes: decision.bytes, signature: decision.signature)
    switch knowledge(of: maker, at: acceptance.sequence) {
    case .never: break
    case .later:
      fraudWatch.await(
        .init(kind: .phantomAccept, statement: statement), of: maker, at: acceptance.sequence,
        isStranger: gossip.feeds.feed(of: maker) == nil)
    case .held(let previous):
      if exchange.ledger[acceptance.trade]?.acceptedAt == acceptance.sequence,
        previous.map({ $0 == acceptance.previous }) ?? true
      {
        return
      }
      fraudWatch.cases.append(.phantom(.phantomAccept, author: maker, sequence: acceptance.sequence, statement))
    }
  }

  private mutating func watch(_ signed: SignedConfirmation) {
    let (confirmation, taker) = (signed.confirmation, signed.taker)
    let statement = FraudProof.Statement(bytes: signed.signed.bytes, signature: signed.signed.signature)
    switch knowledge(of: taker, at: confirmation.sequence) {
    case .never: break
    case .later:
      fraudWatch.await(
        .init(kind: .phantomConfirm, statement: statement), of: taker, at: confirmation.sequence,
        isStranger: gossip.feeds.feed(of: taker) == nil)
    case .held:
      let held = exchange.authors[taker]?.state.confirmed[confirmation.purchase]?.confirmation
      guard held != Blake2b.hash(statement.bytes) else { return }
      fraudWatch.cases.append(.phantom(.phantomConfirm, author: taker, sequence: confirmation.sequence, statement))
    }
  }

  /// What this node can know of an entry of another author.
  private enum Knowledge {
    /// Nothing: it is pruned, void, or this node's own.
    case never
    /// Its feed is not held that far yet.
    case later
    /// It is held, and follows this entry where that is held too.
    case held(after: EntryID?)
  }

  private func knowledge(of author: NodeID, at sequence: UInt64) -> Knowledge {
    guard author != own else { return .never }
    guard let feed = gossip.feeds.feed(of: author) else { return .later }
    if feed.isFrozen(at: sequence) { return .never }
    guard feed.head.sequence >= sequence else { return .later }
    return sequence > feed.base ? .held(after: feed.id(at: sequence - 1)) : .never
  }

  /// Hands on what was found.
  mutating func proceedWithFrauds(now: Timestamp, into effects: inout [NodeEffect]) {
    let (cases, proofs) = (fraudWatch.cases, fraudWatch.proofs)
    (fraudWatch.cases, fraudWatch.proofs) = ([], [])
    for found in cases { effects.append(.collect(found)) }
    for proof in proofs { gossip.proofFound(proof, now: now, into: &gossipEffects) }
    if !proofs.isEmpty { drainGossip(now: now, into: &effects) }
  }
}
