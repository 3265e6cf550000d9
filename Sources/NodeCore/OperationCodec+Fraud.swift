import Gossip
import Market
import NodeCrypto
import Settlement

/// Whether a proof of fraud proves what it says: its shape is its type's, the rest is looked at here.
extension OperationCodec {
  /// Whether the operations in a proof are a fraud of its kind; who signed what, ``signatureChecks(of:)`` says.
  ///
  /// - Complexity: O(bytes); of an overfill that of applying the operations of all its entries to an empty market.
  public func shows(_ proof: FraudProof) -> Bool {
    switch proof.kind {
    case .fork, .backdated: true
    case .phantomAccept, .phantomConfirm: showsPhantom(proof)
    case .overfill: showsOverfill(proof)
    case .falseCheckpoint: showsFalseCheckpoint(proof)
    }
  }

  /// The signatures that have to be good. Ids in signed entries vouch for the entries before them.
  public static func signatureChecks(of proof: FraudProof) -> [SignatureCheck] {
    var checks = proof.witnesses.map {
      SignatureCheck(node: $0.author, message: $0.bytes, signature: $0.signature, domain: .entry)
    }
    if let statement = proof.statement {
      checks.append(
        SignatureCheck(
          node: proof.author, message: statement.bytes, signature: statement.signature,
          domain: proof.kind == .phantomAccept ? .acceptance : .confirmation))
    }
    return checks
  }

  private func showsPhantom(_ proof: FraudProof) -> Bool {
    guard let statement = proof.statement else { return false }
    let sequence =
      proof.kind == .phantomAccept
      ? (try? Acceptance(decoding: statement.bytes))?.sequence
      : (try? Confirmation(decoding: statement.bytes, network: genesis.networkID))?.sequence
    guard sequence == proof.sequence else { return false }
    // An entry that no node takes has nothing of what it says.
    guard let operations = try? operations(of: proof.entries[0]) else { return true }
    return !Self.has(statement.bytes, operations)
  }

  /// Whether one of the operations is an accept or a confirm with exactly these bytes.
  static func has(_ statement: [UInt8], _ operations: [Operation]) -> Bool {
    operations.contains { operation in
      switch operation {
      case .accept(_, let decision): decision.bytes == statement
      case .confirm(let confirmation, _): confirmation.signed.bytes == statement
      default: false
      }
    }
  }

  private func showsOverfill(_ proof: FraudProof) -> Bool {
    var exchange = Exchange(genesis: genesis, own: proof.author, seed: 0)
    exchange.isExcerpt = true
    exchange.jump(proof.author)
    var changes: [Change] = []
    for entry in proof.entries {
      changes = []
      guard let operations = try? operations(of: entry) else { return false }
      exchange.enter(entry.author, at: entry.time, sequence: entry.sequence, into: &changes)
      for (index, operation) in operations.enumerated() {
        let place = Place(author: entry.author, time: entry.time, sequence: entry.sequence, index: UInt32(index))
        exchange.apply(operation, at: place, into: &changes)
      }
    }
    return changes.contains { if case .overfilled = $0 { true } else { false } }
  }

  /// What an accept of a single trade takes of the maker's order is never put back. So a checkpoint that restates the
  /// order has to say that at least as much is taken of it, whatever its author wrote in between.
  private func showsFalseCheckpoint(_ proof: FraudProof) -> Bool {
    guard let stated = stated(by: proof.entries.filter { $0.sequence >= proof.sequence }) else { return false }
    var excess: [OrderID: Taken] = [:]
    var leases: [(order: OrderID, slots: SlotRange?)] = []
    var trades: Set<TradeID> = []
    for entry in proof.entries where entry.sequence < proof.sequence {
      guard let operations = try? operations(of: entry) else { return false }
      for case .accept(let signed, let decision) in operations {
        let (terms, order) = (signed.terms, signed.terms.makerOrder)
        guard terms.leg == nil, let live = stated[order], live.isSide(of: terms),
          let slots = genesis.slots(of: terms), trades.insert(decision.acceptance.trade).inserted
        else { continue }
        excess[order, default: live.taken.negated(isBid: live.side == .bid)].add(terms, slots, isBid: live.side == .bid)
        leases.append((order, live.side == .bid ? nil : slots))
      }
    }
    return leases.contains { excess[$0.order]?.maximum(in: $0.slots) ?? 0 > 0 }
  }

  /// The live orders of which all parts of one checkpoint say how much is taken; nil when these are not that.
  private func stated(by parts: [SignedEntry]) -> LiveOrders? {
    guard let first = parts.first, let last = parts.last else { return nil }
    var exchange = Exchange(genesis: genesis, own: first.author, seed: 0)
    exchange.jump(first.author)
    var changes: [Change] = []
    for entry in parts {
      guard case .checkpoint(let part)? = (try? operations(of: entry))?.first, part.first == first.sequence,
        (part.totals != nil) == (entry.sequence == first.sequence), part.isLast == (entry.sequence == last.sequence)
      else { return nil }
      let place = Place(author: entry.author, time: entry.time, sequence: entry.sequence, index: 0)
      exchange.apply(.checkpoint(part), at: place, into: &changes)
    }
    return exchange.authors[first.author]?.state.orders.live
  }
}

extension LiveOrder {
  /// Whether it is on the side on which terms have the maker's order.
  func isSide(of terms: Terms) -> Bool { (side == .offer) == (terms.makerOrder == terms.offer) }
}

extension Taken {
  /// What this takes, put back.
  func negated(isBid: Bool) -> Taken {
    var out = Taken()
    forEachRun(isBid: isBid) { gpus, slots in
      if let slots { out.add(0 &- gpus, slots) } else { out.add(0 &- gpus) }
    }
    return out
  }

  /// Takes what terms say.
  mutating func add(_ terms: Terms, _ slots: SlotRange, isBid: Bool) {
    if isBid { add(Int64(terms.gpus)) } else { add(Int64(terms.gpus), slots) }
  }
}
