import Market
import NodeCrypto
import Testing

@testable import Settlement

@Suite("receipts")
struct ReceiptTests {
  @Test("a receipt that both signed verifies, whoever took", arguments: [Side.offer, .bid])
  func valid(taker: Side) throws {
    let terms = makeTerms { $0.takerSide = taker }
    let acceptance = makeAcceptance(of: terms)
    let read = try makeReceipt(terms, acceptance).verify(network: networkID)
    #expect(read.terms == terms && read.acceptance == acceptance)
  }

  /// Two legs of a purchase with the confirmation that makes both final.
  private func purchase(
    at time: Timestamp = at(1_700_000_016_000), _ change: (inout Settlement.Confirmation) -> Void = { _ in }
  ) -> [Receipt] {
    var legs = [makeTerms(), makeTerms { $0.offer = OrderID(word0: 0, word1: 0, word2: 0, word3: 3) }]
    for index in legs.indices {
      legs[index].leg = Terms.Leg(purchase: Blake2b.hash([]), confirmBy: at(1_700_000_016_000))
    }
    let name = Settlement.Confirmation.purchase(of: legs.map(\.legDigest), network: networkID)
    for index in legs.indices { legs[index].leg?.purchase = name }
    let receipts = legs.map { makeReceipt($0, makeAcceptance(of: $0)) }
    var confirmation = Settlement.Confirmation(
      purchase: name, time: time, sequence: 3, previous: EntryID(word0: 1, word1: 1, word2: 1, word3: 1),
      legs: zip(legs, receipts).map {
        Settlement.Confirmation.Leg(terms: $0.legDigest, acceptance: Blake2b.hash($1.acceptanceBytes))
      })
    change(&confirmation)
    let bytes = confirmation.encoded()
    return receipts.map {
      Receipt(
        termsBytes: $0.termsBytes, takerSignature: $0.takerSignature, acceptanceBytes: $0.acceptanceBytes,
        makerSignature: $0.makerSignature,
        confirmation: Receipt.SignedConfirmation(
          bytes: bytes, signature: buyer.sign(bytes, domain: .confirmation, network: networkID)))
    }
  }

  private func without(_ receipt: Receipt, _ confirmation: Receipt.SignedConfirmation?) -> Receipt {
    Receipt(
      termsBytes: receipt.termsBytes, takerSignature: receipt.takerSignature, acceptanceBytes: receipt.acceptanceBytes,
      makerSignature: receipt.makerSignature, confirmation: confirmation)
  }

  @Test("the receipt of a leg is one with the confirmation of its purchase, and not without or with another one's")
  func leg() throws {
    let legs = purchase()
    for leg in legs { #expect(try leg.verify(network: networkID).terms.leg != nil) }
    let name = try #require(try legs[0].verify(network: networkID).terms.leg?.purchase)
    #expect(throws: ReceiptError.missingConfirmation(name)) { try without(legs[0], nil).verify(network: networkID) }
    let single = makeReceipt(makeTerms(), makeAcceptance(of: makeTerms()))
    #expect(throws: ReceiptError.needlessConfirmation) {
      try without(single, legs[0].confirmation).verify(network: networkID)
    }
    let late = purchase(at: at(1_700_000_016_001))[0]
    #expect(throws: ReceiptError.confirmedLate(time: at(1_700_000_016_001), latest: at(1_700_000_016_000))) {
      try late.verify(network: networkID)
    }
    #expect(throws: ReceiptError.self, "a leg less") {
      try purchase { $0.legs.removeLast() }[0].verify(network: networkID)
    }
    #expect(throws: ReceiptError.self, "another order of the legs") {
      try purchase { $0.legs.reverse() }[0].verify(network: networkID)
    }
    #expect(throws: ReceiptError.otherPurchase(confirmed: name, terms: name), "another acceptance") {
      try purchase { $0.legs[0].acceptance = $0.legs[1].acceptance }[0].verify(network: networkID)
    }
    let signedByMaker = Receipt.SignedConfirmation(
      bytes: legs[0].confirmation?.bytes ?? [],
      signature: provider.sign(legs[0].confirmation?.bytes ?? [], domain: .confirmation, network: networkID))
    #expect(throws: ReceiptError.confirmationSignature(buyer.nodeID)) {
      try without(legs[0], signedByMaker).verify(network: networkID)
    }
  }

  @Test("a confirmation in which any one byte is changed confirms nothing")
  func everyByteOfConfirmation() throws {
    let good = purchase()[0]
    let signed = try #require(good.confirmation)
    for index in signed.bytes.indices {
      var bytes = signed.bytes
      bytes[index] ^= 1
      let altered = Receipt.SignedConfirmation(bytes: bytes, signature: signed.signature)
      #expect(throws: ReceiptError.self, "byte \(index)") { try without(good, altered).verify(network: networkID) }
    }
  }

  @Test("an acceptance at the deadline is in time, one later is not")
  func deadline() {
    let terms = makeTerms()
    let inTime = makeReceipt(terms, makeAcceptance(of: terms, time: terms.deadline))
    #expect(throws: Never.self) { try inTime.verify(network: networkID) }
    let late = makeReceipt(terms, makeAcceptance(of: terms, time: terms.deadline + 1))
    #expect(throws: ReceiptError.afterDeadline(time: terms.deadline + 1, deadline: terms.deadline)) {
      try late.verify(network: networkID)
    }
  }

  @Test("an acceptance of other terms is none of these")
  func otherTerms() {
    let other = makeTerms { $0.makerSequence = 8 }
    let receipt = makeReceipt(makeTerms(), makeAcceptance(of: other))
    #expect(
      throws: ReceiptError.otherTerms(
        accepted: Blake2b.hash(other.encoded()), terms: Blake2b.hash(makeTerms().encoded()))
    ) { try receipt.verify(network: networkID) }
  }

  @Test("signatures for another network or by anybody else are none")
  func signatures() {
    let terms = makeTerms()
    let good = makeReceipt(terms, makeAcceptance(of: terms))
    let foreign = NetworkID(word0: 9, word1: 9, word2: 9, word3: 9)
    #expect(throws: ReceiptError.takerSignature(buyer.nodeID)) { try good.verify(network: foreign) }
    let swapped = Receipt(
      termsBytes: good.termsBytes, takerSignature: good.takerSignature, acceptanceBytes: good.acceptanceBytes,
      makerSignature: buyer.sign(good.acceptanceBytes, domain: .acceptance, network: networkID))
    #expect(throws: ReceiptError.makerSignature(provider.nodeID)) { try swapped.verify(network: networkID) }
    let wrongPurpose = Receipt(
      termsBytes: good.termsBytes, takerSignature: buyer.sign(good.termsBytes, domain: .entry, network: networkID),
      acceptanceBytes: good.acceptanceBytes, makerSignature: good.makerSignature)
    #expect(throws: ReceiptError.takerSignature(buyer.nodeID)) { try wrongPurpose.verify(network: networkID) }
  }

  @Test("a receipt in which any one byte is changed does not verify")
  func everyByte() throws {
    let terms = makeTerms()
    let good = makeReceipt(terms, makeAcceptance(of: terms))
    let parts = [good.termsBytes, good.takerSignature.bytes, good.acceptanceBytes, good.makerSignature.bytes]
    for part in parts.indices {
      for index in parts[part].indices {
        var changed = parts
        changed[part][index] ^= 1
        let receipt = Receipt(
          termsBytes: changed[0], takerSignature: try #require(Signature(bytes: changed[1])),
          acceptanceBytes: changed[2], makerSignature: try #require(Signature(bytes: changed[3])))
        #expect(throws: ReceiptError.self, "part \(part), byte \(index)") { try receipt.verify(network: networkID) }
      }
    }
  }

  @Test("a provider whose name is no acceptable key has signed nothing")
  func badKey() {
    let terms = makeTerms { $0.provider = NodeID(word0: 0, word1: 0, word2: 0, word3: 0) }
    let receipt = makeReceipt(terms, makeAcceptance(of: terms))
    #expect(throws: ReceiptError.makerSignature(terms.provider)) { try receipt.verify(network: networkID) }
  }
}
