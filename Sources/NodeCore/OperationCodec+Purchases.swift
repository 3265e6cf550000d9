import Gossip
import Market
import NodeCrypto
import Settlement
import Wire

/// The operations of purchases between the wire and the core.
extension OperationCodec {
  /// The most legs that this node puts into a purchase: what restates them has to fit into one entry.
  var maximumLegs: Int {
    min(Confirmation.legCounts.upperBound, (genesis.limits.entryBytes - 2 * EntryBuilder.headerBytes) / Self.legBytes)
  }

  /// What a leg takes at most, with its terms, its acceptance and both signatures.
  static let legBytes = 800

  func read(_ wire: WirePurchase, index: Int, of entry: SignedEntry) throws(OperationError) -> Operation {
    let legs = try legs(wire.legs, index)
    for leg in legs {
      try checkTimes(of: leg.terms, index, of: entry)
      let latest = leg.terms.deadline + genesis.limits.proposalMilliseconds
      guard let confirmBy = leg.terms.leg?.confirmBy, confirmBy <= latest else {
        throw .field(
          index: index, name: "confirm_ms", value: "\(leg.terms.leg?.confirmBy.milliseconds ?? 0)",
          allowed: "\(leg.terms.deadline.milliseconds) to \(latest.milliseconds)")
      }
    }
    return .purchase(legs)
  }

  /// Terms that make up one purchase: all of its legs, each of another offer, with one bid and one pair of deadlines.
  func legs(_ wire: [WirePropose], _ index: Int) throws(OperationError) -> [SignedTerms] {
    guard Confirmation.legCounts.contains(wire.count) else {
      throw .field(
        index: index, name: "legs", value: "\(wire.count)",
        allowed: "\(Confirmation.legCounts.lowerBound) to \(Confirmation.legCounts.upperBound)")
    }
    var legs: [SignedTerms] = []
    for propose in wire {
      legs.append(try terms(Array(propose.terms), signature: Array(propose.takerSignature), index))
    }
    let purchase = Confirmation.purchase(of: legs.map(\.terms.legDigest), network: genesis.networkID)
    let first = legs[0].terms
    for leg in legs {
      guard leg.terms.leg?.purchase == purchase else {
        throw .field(
          index: index, name: "purchase", value: leg.terms.leg?.purchase.hex ?? "missing",
          allowed: "\(purchase), the hash of the legs")
      }
      guard leg.terms.bid == first.bid, leg.terms.buyer == first.buyer, leg.terms.deadline == first.deadline,
        leg.terms.leg?.confirmBy == first.leg?.confirmBy
      else {
        throw .field(
          index: index, name: "legs", value: "with different bids or deadlines",
          allowed: "one bid, one pair of deadlines")
      }
    }
    guard Set(legs.map(\.terms.offer)).count == legs.count else {
      throw .field(index: index, name: "legs", value: "two of one offer", allowed: "each of another offer")
    }
    return legs
  }

  func read(_ wire: WireConfirm, index: Int, of entry: SignedEntry) throws(OperationError) -> Operation {
    let (confirmation, acceptances) = try confirm(wire, by: entry.author, index)
    let stated = confirmation.confirmation
    guard stated.time == entry.time, stated.sequence == entry.sequence, stated.previous == entry.previous else {
      throw .field(
        index: index, name: "confirmation", value: "for another place",
        allowed: "sequence \(entry.sequence), time \(entry.time.milliseconds)")
    }
    return .confirm(confirmation, acceptances)
  }

  /// A confirm that may stand in an earlier entry.
  func confirm(
    _ wire: WireConfirm, by taker: NodeID, _ index: Int
  ) throws(OperationError) -> (SignedConfirmation, [SignedAcceptance]) {
    let confirmation = try confirmation(wire.confirmation, wire.takerSignature, by: taker, index)
    let legs = confirmation.confirmation.legs
    guard wire.legs.count == legs.count else {
      throw .field(index: index, name: "legs", value: "\(wire.legs.count)", allowed: "\(legs.count), as confirmed")
    }
    var acceptances: [SignedAcceptance] = []
    for (leg, receipt) in zip(legs, wire.legs) {
      let signed = try acceptance(
        Array(receipt.acceptance), signature: Array(receipt.makerSignature),
        maker: try identifier(receipt.maker, "maker", index), index)
      guard leg.acceptance == Blake2b.hash(signed.bytes) else {
        throw .field(
          index: index, name: "acceptance", value: "of trade \(signed.acceptance.trade)",
          allowed: "the one that the confirmation names")
      }
      acceptances.append(signed)
    }
    return (confirmation, acceptances)
  }

  private func confirmation(
    _ bytes: some Collection<UInt8>, _ signature: some Collection<UInt8>, by taker: NodeID, _ index: Int
  ) throws(OperationError) -> SignedConfirmation {
    guard let signature = Signature(bytes: Array(signature)) else {
      throw .field(index: index, name: "taker_signature", value: "\(signature.count) bytes", allowed: "64 bytes")
    }
    let decoded: Confirmation
    do {
      decoded = try Confirmation(decoding: Array(bytes), network: genesis.networkID)
    } catch { throw .trade(index: index, error) }
    return SignedConfirmation(
      confirmation: decoded, signed: Receipt.SignedConfirmation(bytes: Array(bytes), signature: signature), taker: taker
    )
  }

  func read(_ wire: WireWithdraw, index: Int) throws(OperationError) -> Operation {
    let most = UInt32(Confirmation.legCounts.upperBound)
    guard zip(wire.silent, wire.silent.dropFirst()).allSatisfy({ $0 < $1 }), wire.silent.last ?? 0 < most else {
      throw .field(
        index: index, name: "silent", value: "\(wire.silent.map(String.init).joined(separator: ", "))",
        allowed: "positions of legs below \(most), ascending, each once")
    }
    return .withdraw(try identifier(wire.purchase, "purchase", index), silent: wire.silent.map(Int.init))
  }

  func read(_ wire: WireSettle, index: Int) throws(OperationError) -> Operation {
    .settle(
      try identifier(wire.trade, "trade", index),
      try confirmation(
        wire.confirmation, wire.takerSignature, by: try identifier(wire.taker, "taker", index), index))
  }

  func read(_ wire: WireFree, index: Int) throws(OperationError) -> Operation {
    guard wire.sequence > 0, wire.sequence <= 1 << 53 else {
      throw .field(index: index, name: "sequence", value: "\(wire.sequence)", allowed: "1 to 2^53")
    }
    return .free(
      try identifier(wire.trade, "trade", index),
      by: EntryReference(sequence: wire.sequence, entry: try identifier(wire.entry, "entry", index)))
  }

  // MARK: Writing

  func wire(_ legs: [SignedTerms]) -> WirePurchase {
    var out = WirePurchase()
    out.legs = legs.map { wire($0) }
    return out
  }

  func wire(_ confirmation: SignedConfirmation, _ acceptances: [SignedAcceptance]) -> WireConfirm {
    var out = WireConfirm()
    out.confirmation = .init(confirmation.signed.bytes)
    out.takerSignature = .init(confirmation.signed.signature.bytes)
    out.legs = acceptances.map { wire($0) }
    return out
  }

  func wire(_ decision: SignedAcceptance) -> WireReceipt {
    var out = WireReceipt()
    out.acceptance = .init(decision.bytes)
    out.makerSignature = .init(decision.signature.bytes)
    out.maker = .init(decision.maker.bytes)
    return out
  }

  func wire(_ trade: TradeID, _ confirmation: SignedConfirmation) -> WireSettle {
    var out = WireSettle()
    out.trade = .init(trade.bytes)
    out.confirmation = .init(confirmation.signed.bytes)
    out.takerSignature = .init(confirmation.signed.signature.bytes)
    out.taker = .init(confirmation.taker.bytes)
    return out
  }
}
