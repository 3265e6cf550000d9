import Market
import NodeCrypto

/// A trade that both sides signed: all that is needed to show that it happened, to anybody, offline. That of a purchase's
/// leg has the confirmation too: before it nothing is final.
public struct Receipt: Hashable, Sendable {
  /// The encoded ``Terms``, exactly as the taker signed them.
  public let termsBytes: [UInt8]
  /// The taker's signature over them.
  public let takerSignature: Signature
  /// The encoded ``Acceptance``, exactly as the maker signed it.
  public let acceptanceBytes: [UInt8]
  /// The maker's signature over it.
  public let makerSignature: Signature
  /// Of a leg, the encoded ``Confirmation`` of the purchase, exactly as the taker signed it, and the taker's signature
  /// over it.
  public let confirmation: SignedConfirmation?

  /// A confirmation's bytes and the taker's signature over them.
  public struct SignedConfirmation: Hashable, Sendable {
    /// The encoded ``Confirmation``.
    public let bytes: [UInt8]
    /// The taker's signature.
    public let signature: Signature

    /// Bytes and a signature; nothing is checked.
    public init(bytes: [UInt8], signature: Signature) {
      self.bytes = bytes
      self.signature = signature
    }
  }

  /// A receipt from its parts; nothing is checked.
  public init(
    termsBytes: [UInt8], takerSignature: Signature, acceptanceBytes: [UInt8], makerSignature: Signature,
    confirmation: SignedConfirmation? = nil
  ) {
    self.termsBytes = termsBytes
    self.takerSignature = takerSignature
    self.acceptanceBytes = acceptanceBytes
    self.makerSignature = makerSignature
    self.confirmation = confirmation
  }

  /// Checks everything that makes it a receipt of `network`: both encodings, that the acceptance is for these terms and
  /// within their deadline, and both signatures; of a leg also that the confirmation is for it, in time and signed.
  ///
  /// Complexity: a few hashes and two Ed25519 verifications, of a leg three.
  ///
  /// - Parameter keys: keys that were checked before need no second look; a receipt alone needs none.
  public func verify(
    network: NetworkID, keys: VerifyingKeyCache = VerifyingKeyCache()
  ) throws(ReceiptError) -> (terms: Terms, acceptance: Acceptance, confirmation: Confirmation?) {
    let terms: Terms
    let acceptance: Acceptance
    do { terms = try Terms(decoding: termsBytes) } catch { throw .terms(error) }
    do { acceptance = try Acceptance(decoding: acceptanceBytes) } catch { throw .acceptance(error) }
    let trade: TradeID = Blake2b.hash(termsBytes)
    guard acceptance.trade == trade else { throw .otherTerms(accepted: acceptance.trade, terms: trade) }
    guard acceptance.time <= terms.deadline else {
      throw .afterDeadline(time: acceptance.time, deadline: terms.deadline)
    }
    guard Self.isValid(takerSignature, over: termsBytes, by: terms.taker, domain: .terms, network, keys) else {
      throw .takerSignature(terms.taker)
    }
    guard
      Self.isValid(makerSignature, over: acceptanceBytes, by: terms.maker, domain: .acceptance, network, keys)
    else {
      throw .makerSignature(terms.maker)
    }
    return (terms, acceptance, try verifiedConfirmation(of: terms, network, keys))
  }

  private func verifiedConfirmation(
    of terms: Terms, _ network: NetworkID, _ keys: VerifyingKeyCache
  ) throws(ReceiptError) -> Confirmation? {
    guard let leg = terms.leg else {
      if confirmation != nil { throw .needlessConfirmation }
      return nil
    }
    guard let confirmation else { throw .missingConfirmation(leg.purchase) }
    let decoded: Confirmation
    do {
      decoded = try Confirmation(decoding: confirmation.bytes, network: network)
    } catch { throw .confirmation(error) }
    guard decoded.time <= leg.confirmBy else {
      throw .confirmedLate(time: decoded.time, latest: leg.confirmBy)
    }
    guard decoded.confirms(terms, acceptanceBytes: acceptanceBytes) else {
      throw .otherPurchase(confirmed: decoded.purchase, terms: leg.purchase)
    }
    guard
      Self.isValid(
        confirmation.signature, over: confirmation.bytes, by: terms.taker, domain: .confirmation, network, keys)
    else { throw .confirmationSignature(terms.taker) }
    return decoded
  }

  private static func isValid(
    _ signature: Signature, over bytes: [UInt8], by node: NodeID, domain: SigningDomain, _ network: NetworkID,
    _ keys: VerifyingKeyCache
  ) -> Bool {
    guard let key = try? keys.key(for: node) else { return false }
    return key.isValid(signature, over: bytes, domain: domain, network: network)
  }
}

/// Why something is not a receipt.
public enum ReceiptError: Error, Equatable, CustomStringConvertible {
  /// The terms are not terms.
  case terms(TermsError)
  /// The acceptance is not an acceptance.
  case acceptance(TermsError)
  /// The acceptance is for other terms.
  case otherTerms(accepted: TradeID, terms: TradeID)
  /// The maker accepted too late.
  case afterDeadline(time: Timestamp, deadline: Timestamp)
  /// The taker did not sign these terms on this network.
  case takerSignature(NodeID)
  /// The maker did not sign this acceptance on this network.
  case makerSignature(NodeID)
  /// The terms are a leg of a purchase, and nothing shows that it was confirmed.
  case missingConfirmation(PurchaseID)
  /// The terms are no leg of a purchase.
  case needlessConfirmation
  /// The confirmation is not a confirmation.
  case confirmation(TermsError)
  /// The confirmation is for other legs or another purchase, or for another acceptance of this leg.
  case otherPurchase(confirmed: PurchaseID, terms: PurchaseID)
  /// The taker confirmed too late.
  case confirmedLate(time: Timestamp, latest: Timestamp)
  /// The taker did not sign this confirmation on this network.
  case confirmationSignature(NodeID)

  /// What was wrong, with what value.
  public var description: String {
    switch self {
    case .terms(let error): "terms: \(error)"
    case .acceptance(let error): "acceptance: \(error)"
    case .otherTerms(let accepted, let terms): "the acceptance is for trade \(accepted); the terms are trade \(terms)"
    case .afterDeadline(let time, let deadline):
      "accepted at \(time.milliseconds); allowed: at most the deadline \(deadline.milliseconds)"
    case .takerSignature(let node): "the taker's signature is not one of \(node) over these terms on this network"
    case .makerSignature(let node):
      "the maker's signature is not one of \(node) over this acceptance on this network"
    case .missingConfirmation(let purchase):
      "the terms are a leg of purchase \(purchase) and the confirmation is missing; without it nothing is traded"
    case .needlessConfirmation: "a confirmation is there; allowed: only with terms that are a leg of a purchase"
    case .confirmation(let error): "confirmation: \(error)"
    case .otherPurchase(let confirmed, let terms):
      "the confirmation of purchase \(confirmed) does not name this leg of purchase \(terms) with this acceptance"
    case .confirmedLate(let time, let latest):
      "confirmed at \(time.milliseconds); allowed: at most \(latest.milliseconds)"
    case .confirmationSignature(let node):
      "the confirmation's signature is not one of \(node) on this network"
    }
  }
}
