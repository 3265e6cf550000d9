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
      guard let placed = exchange.authors[entry.author]?.orders.live[order]?.place.sequence,
        let feed = gossip.feeds.feed(of: entry.author)
      else { continue }
      let first = max(placed, feed.base + 1)
      fraudWatch.cases.append(.overfill(author: entry.author, from: first, through: entry.sequence))
    }
  }

  private mutating func watch(_ operation: Operation) {
    switch operation {
    case .receipt(let decision): watch(decision)
    case .confirm(_, let acceptances): for decision in acceptances { watch(decision) }
    case .settle(_, let confirmation):
      let statement = FraudProof.Statement(
        bytes: confirmation.signed.bytes, signature: confirmation.signed.signature)
      watch(
        FraudWatch.Awaited(kind: .phantomConfirm, statement: statement), of: confirmation.taker,
        at: confirmation.confirmation.sequence)
    case .place, .cancel, .amend, .propose, .accept, .reject, .release, .purchase, .withdraw, .free, .checkpoint: break
    }
  }

  private mutating func watch(_ decision: SignedAcceptance) {
    let statement = FraudProof.Statement(bytes: decision.bytes, signature: decision.signature)
    watch(
      FraudWatch.Awaited(kind: .phantomAccept, statement: statement), of: decision.maker,
      at: decision.acceptance.sequence)
  }

  private mutating func watch(_ awaited: FraudWatch.Awaited, of author: NodeID, at sequence: UInt64) {
    guard author != own else { return }
    let feed = gossip.feeds.feed(of: author)
    if let frozenFrom = feed?.frozenFrom, frozenFrom <= sequence { return }
    guard let feed, feed.head.sequence >= sequence else {
      fraudWatch.await(awaited, of: author, at: sequence)
      return
    }
    // What is pruned, nobody can show any more.
    guard sequence > feed.base, !stands(awaited, of: author, at: sequence) else { return }
    fraudWatch.cases.append(.phantom(awaited.kind, author: author, sequence: sequence, awaited.statement))
  }

  /// Whether the trades already know from the author's own feed what the statement says; else the entry has to be read.
  private func stands(_ awaited: FraudWatch.Awaited, of author: NodeID, at sequence: UInt64) -> Bool {
    switch awaited.kind {
    case .phantomAccept:
      guard let acceptance = try? Acceptance(decoding: awaited.statement.bytes) else { return true }
      return exchange.ledger[acceptance.trade]?.acceptedAt == sequence
        && gossip.feeds.feed(of: author)?.id(at: sequence - 1) ?? acceptance.previous == acceptance.previous
    case .phantomConfirm:
      guard let confirmation = try? Confirmation(decoding: awaited.statement.bytes, network: genesis.networkID),
        let confirmed = exchange.authors[author]?.confirmed[confirmation.purchase]
      else { return false }
      return confirmed.confirmation == Blake2b.hash(awaited.statement.bytes)
    case .fork, .backdated, .overfill: return true
    }
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
