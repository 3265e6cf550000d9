import Market
import NodeCrypto

/// A trade that both sides signed: all that is needed to show that it happened, to anybody, offline.
public struct Receipt: Hashable, Sendable {
  /// The encoded ``Terms``, exactly as the taker signed them.
  public let termsBytes: [UInt8]
  /// The taker's signature over them.
  public let takerSignature: Signature
  /// The encoded ``Acceptance``, exactly as the maker signed it.
  public let acceptanceBytes: [UInt8]
  /// The maker's signature over it.
  public let makerSignature: Signature

  /// A receipt from its four parts; nothing is checked.
  public init(termsBytes: [UInt8], takerSignature: Signature, acceptanceBytes: [UInt8], makerSignature: Signature) {
    self.termsBytes = termsBytes
    self.takerSignature = takerSignature
    self.acceptanceBytes = acceptanceBytes
    self.makerSignature = makerSignature
  }

  /// Checks everything that makes it a receipt of `network`: both encodings, that the acceptance is for these terms and
  /// within their deadline, and both signatures.
  ///
  /// Complexity: two hashes and two Ed25519 verifications.
  public func verify(network: NetworkID) throws(ReceiptError) -> (terms: Terms, acceptance: Acceptance) {
    let terms: Terms
    let acceptance: Acceptance
    do { terms = try Terms(decoding: termsBytes) } catch { throw .terms(error) }
    do { acceptance = try Acceptance(decoding: acceptanceBytes) } catch { throw .acceptance(error) }
    let trade: TradeID = Blake2b.hash(termsBytes)
    guard acceptance.trade == trade else { throw .otherTerms(accepted: acceptance.trade, terms: trade) }
    guard acceptance.time <= terms.deadline else {
      throw .afterDeadline(time: acceptance.time, deadline: terms.deadline)
    }
    guard Self.isValid(takerSignature, over: termsBytes, by: terms.taker, domain: .terms, network: network) else {
      throw .takerSignature(terms.taker)
    }
    guard
      Self.isValid(makerSignature, over: acceptanceBytes, by: terms.maker, domain: .acceptance, network: network)
    else {
      throw .makerSignature(terms.maker)
    }
    return (terms, acceptance)
  }

  private static func isValid(
    _ signature: Signature, over bytes: [UInt8], by node: NodeID, domain: SigningDomain, network: NetworkID
  ) -> Bool {
    guard let key = try? VerifyingKey(node) else { return false }
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
    }
  }
}
