import Market
import NodeCrypto
import Settlement

@testable import NodeCore

/// A purchase of the vectors' buyer over two providers, the vectors' trade as its first leg.
struct PurchaseVectors {
  let secondProvider = Identity(seed: Array(0x60...0x7f))
  let legs: [SignedTerms]
  let acceptances: [SignedAcceptance]
  let confirmation: SignedConfirmation

  init(_ vectors: ProtocolVectors) {
    let network = vectors.genesis.networkID
    let (buyer, providers) = (vectors.buyer, [vectors.provider, secondProvider])
    var legs = providers.enumerated().map { index, provider in
      var terms = vectors.terms.terms
      terms.provider = provider.nodeID
      if index == 1 {
        let place = Place(author: provider.nodeID, time: ProtocolVectors.start, sequence: 1, index: 0)
        terms.offer = place.orderID(network: network)
        terms.nonce.low += 1
      }
      terms.leg = Terms.Leg(
        purchase: Blake2b.hash([]), confirmBy: terms.deadline + vectors.genesis.limits.proposalMilliseconds)
      return terms
    }
    let purchase = Confirmation.purchase(of: legs.map(\.legDigest), network: network)
    for index in legs.indices { legs[index].leg?.purchase = purchase }
    self.legs = legs.map { terms in
      SignedTerms(
        terms: terms, bytes: terms.encoded(), signature: buyer.sign(terms.encoded(), domain: .terms, network: network))
    }
    acceptances = zip(providers, self.legs).map { provider, leg in
      let acceptance = Acceptance(
        trade: Blake2b.hash(leg.bytes), time: ProtocolVectors.start + 2000, sequence: 2, previous: vectors.offerEntry.id
      )
      return SignedAcceptance(
        acceptance: acceptance, bytes: acceptance.encoded(),
        signature: provider.sign(acceptance.encoded(), domain: .acceptance, network: network), maker: provider.nodeID)
    }
    let decided = Confirmation(
      purchase: purchase, time: ProtocolVectors.start + 3000, sequence: 2, previous: vectors.bidEntry.id,
      legs: zip(legs, acceptances).map {
        Confirmation.Leg(terms: $0.legDigest, acceptance: Blake2b.hash($1.bytes))
      })
    confirmation = SignedConfirmation(
      confirmation: decided,
      signed: Receipt.SignedConfirmation(
        bytes: decided.encoded(),
        signature: buyer.sign(decided.encoded(), domain: .confirmation, network: network)),
      taker: buyer.nodeID)
  }

  /// The receipt of a leg.
  func receipt(_ leg: Int) -> Receipt {
    Receipt(
      termsBytes: legs[leg].bytes, takerSignature: legs[leg].signature, acceptanceBytes: acceptances[leg].bytes,
      makerSignature: acceptances[leg].signature, confirmation: confirmation.signed)
  }

  /// The vectors by their names, in hexadecimal.
  var hexByName: [String: String] {
    [
      "purchase_id": confirmation.confirmation.purchase.hex,
      "purchase_leg_1": Hex.encode(legs[0].bytes),
      "purchase_leg_2": Hex.encode(legs[1].bytes),
      "confirmation": Hex.encode(confirmation.signed.bytes),
      "confirmation_signature": confirmation.signed.signature.hex,
    ]
  }
}
