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
