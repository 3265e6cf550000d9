import Gossip
import Market
import NodeCrypto
import Settlement
import Wire

/// One change that an entry makes, read and checked as far as that needs nothing but the entry and the genesis.
public enum Operation: Sendable {
  /// Places an order.
  case place(OrderBody)
  /// Takes an order of the author's out of the book.
  case cancel(OrderID)
  /// Replaces the terms of an order of the author's.
  case amend(OrderID, OrderBody)
  /// Proposes a trade; the author is the taker.
  case propose(SignedTerms)
  /// Accepts a trade; the author is the maker.
  case accept(SignedTerms, SignedAcceptance)
  /// Declines a trade; the author is the maker.
  case reject(TradeID, RejectReason, gpusLeft: Int32)
  /// Repeats the maker's acceptance in the taker's feed.
  case receipt(SignedAcceptance)
  /// Takes the taker's reservation back; after a closure (the maker did not answer) or for another reason.
  case release(TradeID, isClosure: Bool)
  /// Proposes the legs of a purchase; the author is the taker.
  case purchase([SignedTerms])
  /// Makes a purchase final, with what every maker signed; the author is the taker.
  case confirm(SignedConfirmation, [SignedAcceptance])
  /// Brings a purchase to nothing; the author is the taker. Names the legs whose makers did not answer.
  case withdraw(PurchaseID, silent: [Int])
  /// Repeats the taker's confirmation in the feed of a leg's maker.
  case settle(TradeID, SignedConfirmation)
  /// What the author holds for a leg is for sale again; names an entry of the taker's by which the purchase came to nothing.
  case free(TradeID, by: EntryReference)
  /// Closes the author's feed, whose record goes on with another key; alone in its entry.
  case rotate(SignedHandover)
  /// Restates part of what the author's earlier entries add up to; alone in its entry.
  case checkpoint(CheckpointPart)
}

/// Terms with the bytes that were signed and the taker's signature.
public struct SignedTerms: Sendable {
  /// What they say.
  public let terms: Terms
  /// What was signed.
  public let bytes: [UInt8]
  /// The taker's signature.
  public let signature: Signature

  package init(terms: Terms, bytes: [UInt8], signature: Signature) {
    self.terms = terms
    self.bytes = bytes
    self.signature = signature
  }
}

/// An acceptance with the bytes that were signed, the maker's signature, and who the maker is.
public struct SignedAcceptance: Sendable {
  /// What it says.
  public let acceptance: Acceptance
  /// What was signed.
  public let bytes: [UInt8]
  /// The maker's signature.
  public let signature: Signature
  /// The signer.
  public let maker: NodeID

  package init(acceptance: Acceptance, bytes: [UInt8], signature: Signature, maker: NodeID) {
    self.acceptance = acceptance
    self.bytes = bytes
    self.signature = signature
    self.maker = maker
  }

  /// It as trades hold it.
  public var held: Trade.HeldAcceptance { (acceptance, bytes, signature) }
}

/// A confirmation with the bytes that were signed, the taker's signature, and who the taker is.
public struct SignedConfirmation: Sendable {
  /// What it says.
  public let confirmation: Confirmation
  /// What was signed, and the taker's signature.
  public let signed: Receipt.SignedConfirmation
  /// The signer.
  public let taker: NodeID

  /// A confirmation that `taker` is said to have signed.
  public init(confirmation: Confirmation, signed: Receipt.SignedConfirmation, taker: NodeID) {
    self.confirmation = confirmation
    self.signed = signed
    self.taker = taker
  }
}

/// Names an entry of a feed that is known from elsewhere.
public struct EntryReference: Hashable, Sendable {
  /// Its sequence.
  public let sequence: UInt64
  /// Its id.
  public let entry: EntryID
}

/// One signature to check.
public struct SignatureCheck: Sendable {
  /// The signer.
  public let node: NodeID
  /// What was signed, without prefix and network.
  public let message: [UInt8]
  /// The signature.
  public let signature: Signature
  /// For what it was given.
  public let domain: SigningDomain

  /// A check of one signature.
  public init(node: NodeID, message: [UInt8], signature: Signature, domain: SigningDomain) {
    self.node = node
    self.message = message
    self.signature = signature
    self.domain = domain
  }
}

/// Why an entry's content is not valid. Depends on the entry and the genesis alone, so every node refuses it alike.
public enum OperationError: Error, Equatable, CustomStringConvertible {
  /// The payload is not a canonical encoding.
  case malformed(WireError)
  /// More operations than the genesis allows.
  case tooMany(count: Int, maximum: Int)
  /// An operation of no known kind, or with a field that is not of its shape.
  case field(index: Int, name: String, value: String, allowed: String)
  /// An order that breaks a rule.
  case order(index: Int, OrderError)
  /// Terms or an acceptance that are not.
  case trade(index: Int, TermsError)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .malformed(let error): "payload: \(error)"
    case .tooMany(let count, let maximum): "\(count) operations in one entry; allowed: at most \(maximum)"
    case .field(let index, let name, let value, let allowed):
      "operation \(index): \(name) is \(value); allowed: \(allowed)"
    case .order(let index, let error): "operation \(index): \(error)"
    case .trade(let index, let error): "operation \(index): \(error)"
    }
  }
}

/// Reads and writes the operations of entries.
public struct OperationCodec: Sendable {
  /// The market.
  public let genesis: Genesis

  /// A codec for one market.
  public init(genesis: Genesis) { self.genesis = genesis }

  /// The operations of an entry. O(bytes).
  public func operations(of entry: SignedEntry) throws(OperationError) -> [Operation] {
    guard !entry.payload.isEmpty else { return [] }
    return try entry.payload.withBytes { (payload) throws(OperationError) in
      let count = Self.count(payload)
      guard let count else { throw Self.fault(in: entry) }
      guard (1...genesis.limits.operationsPerEntry).contains(count) else {
        throw .tooMany(count: count, maximum: genesis.limits.operationsPerEntry)
      }
      var out: [Operation] = []
      out.reserveCapacity(count)
      var reader = CanonicalReader(payload)
      while let bytes = reader.message(1) { out.append(try read(bytes, index: out.count, of: count, in: entry)) }
      return out
    }
  }

  /// The number of operations in a payload, each a field of its own; nil when the bytes are no payload.
  private static func count(_ payload: UnsafeRawBufferPointer) -> Int? {
    var reader = CanonicalReader(payload)
    var count = 0
    while reader.message(1) != nil { count += 1 }
    return reader.isComplete ? count : nil
  }

  /// Why the bytes of an entry's payload, or of an operation in it, are not canonical.
  private static func fault(in entry: SignedEntry) -> OperationError {
    do {
      _ = try WirePayload.decodeCanonical(Array(entry.payload))
    } catch {
      return .malformed(error)
    }
    return .malformed(.notCanonical(message: WirePayload.protoMessageName, byteCount: entry.payload.count))
  }

  private func read(
    _ bytes: UnsafeRawBufferPointer, index: Int, of count: Int, in entry: SignedEntry
  ) throws(OperationError) -> Operation {
    if let offer = CanonicalReader.only(1, of: bytes), let fields = OfferFields(canonical: offer) {
      return .place(.offer(try self.offer(fields, Attributes(), index: index, at: entry.time)))
    }
    if let bid = CanonicalReader.only(2, of: bytes), let (fields, classes) = BidFields.read(canonical: bid) {
      return .place(.bid(try self.bid(fields, classes, Requirements(), index: index, at: entry.time)))
    }
    let operation: WireOperation
    do { operation = try WireOperation.decodeCanonical(Array(bytes)) } catch { throw Self.fault(in: entry) }
    if let name = Self.solitary(operation), count > 1 {
      throw .field(
        index: index, name: "kind", value: "\(name) among \(count) operations", allowed: "\(name) alone in its entry")
    }
    return try read(operation, index: index, of: entry)
  }

  /// The signatures in an entry, its own first: what has to be checked before it counts.
  public static func signatureChecks(of entry: SignedEntry, operations: [Operation]) -> [SignatureCheck] {
    var checks = [
      SignatureCheck(node: entry.author, message: entry.bytes, signature: entry.signature, domain: .entry)
    ]
    func add(_ signed: SignedTerms) {
      checks.append(
        SignatureCheck(
          node: signed.terms.taker, message: signed.bytes, signature: signed.signature, domain: .terms))
    }
    func add(_ signed: SignedAcceptance) {
      checks.append(
        SignatureCheck(
          node: signed.maker, message: signed.bytes, signature: signed.signature, domain: .acceptance))
    }
    func add(_ signed: SignedConfirmation) {
      checks.append(
        SignatureCheck(
          node: signed.taker, message: signed.signed.bytes, signature: signed.signed.signature, domain: .confirmation))
    }
    for operation in operations {
      switch operation {
      case .propose(let terms): add(terms)
      case .purchase(let legs): for terms in legs { add(terms) }
      case .confirm(let confirmation, let acceptances):
        add(confirmation)
        for acceptance in acceptances { add(acceptance) }
      case .settle(_, let confirmation): add(confirmation)
      case .accept(let terms, let acceptance):
        add(terms)
        add(acceptance)
      case .receipt(let acceptance): add(acceptance)
      case .checkpoint(let part):
        for terms in part.items.proposals { add(terms) }
        for (terms, acceptance) in part.items.accepts + part.items.holds {
          add(terms)
          add(acceptance)
        }
        for purchase in part.items.purchases {
          for terms in purchase.legs { add(terms) }
          guard let confirmed = purchase.confirmed else { continue }
          add(confirmed.confirmation)
          for acceptance in confirmed.acceptances { add(acceptance) }
        }
      case .rotate(let signed):
        checks.append(
          SignatureCheck(
            node: signed.successor, message: signed.handover.encoded(), signature: signed.signature, domain: .handover))
      case .place, .cancel, .amend, .reject, .release, .withdraw, .free: break
      }
    }
    return checks
  }

  private func read(
    _ wire: WireOperation, index: Int, of entry: SignedEntry
  ) throws(OperationError) -> Operation {
    switch wire.kind {
    case .offer(let offer): return .place(.offer(try read(offer, index: index, at: entry.time)))
    case .bid(let bid): return .place(.bid(try read(bid, index: index, at: entry.time)))
    case .cancel(let cancel): return .cancel(try identifier(cancel.order, "order", index))
    case .amend(let amend): return try read(amend, index: index, at: entry.time)
    case .propose(let propose): return try read(propose, index: index, of: entry)
    case .accept(let accept): return try read(accept, index: index, of: entry)
    case .reject(let reject):
      guard let reason = RejectReason(rawValue: UInt8(clamping: reject.reason.rawValue)) else {
        throw .field(index: index, name: "reason", value: "\(reject.reason.rawValue)", allowed: "1 to 5")
      }
      guard let left = Int32(exactly: reject.gpusLeft) else {
        throw .field(index: index, name: "gpus_left", value: "\(reject.gpusLeft)", allowed: "0 to \(Int32.max)")
      }
      return .reject(try identifier(reject.trade, "trade", index), reason, gpusLeft: left)
    case .receipt(let receipt):
      let maker: NodeID = try identifier(receipt.maker, "maker", index)
      return .receipt(
        try acceptance(Array(receipt.acceptance), signature: Array(receipt.makerSignature), maker: maker, index))
    case .release(let release):
      return .release(try identifier(release.trade, "trade", index), isClosure: release.closure)
    case .checkpoint(let part): return try read(part, index: index, of: entry)
    case .purchase(let purchase): return try read(purchase, index: index, of: entry)
    case .confirm(let confirm): return try read(confirm, index: index, of: entry)
    case .withdraw(let withdraw): return try read(withdraw, index: index)
    case .settle(let settle): return try read(settle, index: index)
    case .free(let free): return try read(free, index: index)
    case .rotate(let rotate): return try read(rotate, index: index, of: entry)
    case nil:
      throw .field(index: index, name: "kind", value: "unknown", allowed: "a kind of this protocol version")
    }
  }

  private func read(
    _ propose: WirePropose, index: Int, of entry: SignedEntry
  ) throws(OperationError) -> Operation {
    let signed = try terms(Array(propose.terms), signature: Array(propose.takerSignature), index)
    guard signed.terms.leg == nil else {
      throw .field(index: index, name: "purchase", value: "given", allowed: "only in the legs of a purchase")
    }
    try checkTimes(of: signed.terms, index, of: entry)
    return .propose(signed)
  }

  /// Whether terms that an entry proposes are its author's, and begin and end in time.
  func checkTimes(of terms: Terms, _ index: Int, of entry: SignedEntry) throws(OperationError) {
    guard terms.taker == entry.author else {
      throw .field(index: index, name: "taker", value: terms.taker.hex, allowed: "the entry's author")
    }
    let latest = entry.time + genesis.limits.proposalMilliseconds
    guard terms.deadline >= entry.time, terms.deadline <= latest else {
      throw .field(
        index: index, name: "deadline_ms", value: "\(terms.deadline.milliseconds)",
        allowed: "\(entry.time.milliseconds) to \(latest.milliseconds)")
    }
    let decided = terms.leg?.confirmBy ?? terms.deadline
    guard terms.start >= decided else {
      throw .field(
        index: index, name: "start_ms", value: "\(terms.start.milliseconds)",
        allowed: "\(decided.milliseconds) or later, when the trade is decided")
    }
  }

  private func read(_ accept: WireAccept, index: Int, of entry: SignedEntry) throws(OperationError) -> Operation {
    let signed = try terms(Array(accept.terms), signature: Array(accept.takerSignature), index)
    let decision = try acceptance(
      Array(accept.acceptance), signature: Array(accept.makerSignature), maker: entry.author, index)
    guard signed.terms.maker == entry.author else {
      throw .field(index: index, name: "maker", value: signed.terms.maker.hex, allowed: "the entry's author")
    }
    let trade: TradeID = Blake2b.hash(signed.bytes)
    let place = Acceptance(trade: trade, time: entry.time, sequence: entry.sequence, previous: entry.previous)
    guard decision.acceptance == place else {
      throw .field(
        index: index, name: "acceptance", value: "for another trade or place",
        allowed: "trade \(trade) at sequence \(entry.sequence), time \(entry.time.milliseconds)")
    }
    guard entry.time <= signed.terms.deadline else {
      throw .field(
        index: index, name: "time_ms", value: "\(entry.time.milliseconds)",
        allowed: "at most the deadline \(signed.terms.deadline.milliseconds)")
    }
    return .accept(signed, decision)
  }

  func terms(_ bytes: [UInt8], signature: [UInt8], _ index: Int) throws(OperationError) -> SignedTerms {
    guard let signature = Signature(bytes: signature) else {
      throw .field(index: index, name: "taker_signature", value: "\(signature.count) bytes", allowed: "64 bytes")
    }
    let terms: Terms
    do { terms = try Terms(decoding: bytes) } catch { throw .trade(index: index, error) }
    guard genesis.gpuClass(named: terms.gpuClass) != nil else {
      throw .field(
        index: index, name: "gpu_class", value: "\"\(terms.gpuClass)\"", allowed: "a class of the network")
    }
    guard terms.currency == genesis.currency else {
      throw .field(index: index, name: "currency", value: "\"\(terms.currency)\"", allowed: genesis.currency)
    }
    let latest = terms.deadline + genesis.limits.horizonMilliseconds
    guard terms.end <= latest else {
      throw .field(
        index: index, name: "end_ms", value: "\(terms.end.milliseconds)",
        allowed: "at most \(latest.milliseconds), the horizon after the deadline")
    }
    guard genesis.slot(at: terms.start) != nil, genesis.slot(at: terms.end) != nil else {
      throw .field(
        index: index, name: "start_ms, end_ms", value: "\(terms.start.milliseconds), \(terms.end.milliseconds)",
        allowed: "multiples of \(genesis.slotMilliseconds)")
    }
    return SignedTerms(terms: terms, bytes: bytes, signature: signature)
  }

  func acceptance(
    _ bytes: [UInt8], signature: [UInt8], maker: NodeID, _ index: Int
  ) throws(OperationError) -> SignedAcceptance {
    guard let signature = Signature(bytes: signature) else {
      throw .field(index: index, name: "maker_signature", value: "\(signature.count) bytes", allowed: "64 bytes")
    }
    let acceptance: Acceptance
    do { acceptance = try Acceptance(decoding: bytes) } catch { throw .trade(index: index, error) }
    return SignedAcceptance(acceptance: acceptance, bytes: bytes, signature: signature, maker: maker)
  }

  func identifier<Tag>(
    _ bytes: some Collection<UInt8>, _ name: String, _ index: Int
  ) throws(OperationError) -> Identifier<Tag> {
    guard let value = Identifier<Tag>(bytes: bytes) else {
      throw .field(index: index, name: name, value: "\(bytes.count) bytes", allowed: "32 bytes")
    }
    return value
  }
}
