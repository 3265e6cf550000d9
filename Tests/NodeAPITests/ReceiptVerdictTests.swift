import Foundation
import Market
import NodeCrypto
import Settlement
import Testing

@testable import NodeAPI

@Suite("Checking a file of receipts")
struct ReceiptVerdictTests {
  private let provider = Identity(seed: [UInt8](repeating: 1, count: 32))
  private let buyer = Identity(seed: [UInt8](repeating: 2, count: 32))
  private let networkID: NetworkID = Blake2b.hash(Array("network".utf8))

  private func receipt(nonce: UInt64) throws -> ReceiptDocument {
    let terms = Terms(
      offer: Blake2b.hash([1]), bid: Blake2b.hash([2]), provider: provider.nodeID, buyer: buyer.nodeID,
      takerSide: .bid, gpuClass: "h100-sxm-80g", gpus: 4, start: noon, end: noon + 3 * hour,
      price: Price(micros: 2_100_000), total: Amount(micros: 25_200_000), currency: "USD", deadline: noon + 6000,
      makerSequence: 1, makerHead: Blake2b.hash([3]), nonce: Terms.Nonce(high: 0, low: nonce))
    let termsBytes = terms.encoded()
    let acceptance = Acceptance(
      trade: Blake2b.hash(termsBytes), time: noon, sequence: 2, previous: Blake2b.hash([3])
    ).encoded()
    let receipt = Receipt(
      termsBytes: termsBytes, takerSignature: buyer.sign(termsBytes, domain: .terms, network: networkID),
      acceptanceBytes: acceptance,
      makerSignature: provider.sign(acceptance, domain: .acceptance, network: networkID))
    return try ReceiptDocument(receipt, network: networkID)
  }

  private func shown(_ verdicts: [ReceiptVerdict]) -> String {
    DocumentText.verdicts(verdicts, time: text().time, colours: false)
  }

  @Test("one valid receipt is a line that says what was traded")
  func single() throws {
    let document = try receipt(nonce: 1)
    let verdicts = try ReceiptVerdict.check(file: NodeJSON.encode(document, layout: .pretty))
    #expect(verdicts.map(\.valid) == [true])
    #expect(verdicts[0].trade == document.decoded.trade)
    #expect(
      shown(verdicts)
        == "valid    trade \(document.decoded.trade.prefix(10)): 4 x h100-sxm-80g, Mon 12:00:00 to Mon 15:00:00, "
        + "25.20 USD, provider \(provider.nodeID.short()), buyer \(buyer.nodeID.short())")
  }

  @Test("in a list, the receipts that are altered or damaged are named, and the others stay valid")
  func list() throws {
    var altered = try receipt(nonce: 2)
    altered.decoded.gpus = 5
    let parts = [
      try NodeJSON.text(receipt(nonce: 1)), try NodeJSON.text(altered), "{\"format\":\"p2pnode-receipt-v1\"}", "7",
      try NodeJSON.text(receipt(nonce: 3)),
    ]
    let verdicts = try ReceiptVerdict.check(file: "[\(parts.joined(separator: ","))]".utf8)
    #expect(verdicts.map(\.valid) == [true, false, false, false, true])
    #expect(verdicts.map(\.receipt) == [1, 2, 3, 4, 5])
    #expect(verdicts[1].error == "decoded.gpus is 5; allowed: 4, as signed")
    #expect(verdicts[1].trade == nil && verdicts[1].decoded == nil)
    #expect(verdicts[2].error?.contains("lacks the field") == true)
    let lines = shown(verdicts).split(separator: "\n")
    #expect(lines.count == 6)
    #expect(lines[5] == "5 receipts: 2 valid, 3 invalid; 50.40 USD for 24.00 GPU-hours")
    #expect(lines[1] == "invalid  receipt 2: decoded.gpus is 5; allowed: 4, as signed")
  }

  @Test("a file that is cut short anywhere is no receipt")
  func truncated() throws {
    let bytes = Array(try NodeJSON.encode(receipt(nonce: 1)))
    for length in stride(from: 0, to: bytes.count, by: 37) {
      #expect(throws: NodeJSONError.notJSON) { try ReceiptVerdict.check(file: bytes[..<length]) }
    }
  }

  @Test("a receipt for another network is not valid")
  func otherNetwork() throws {
    var document = try receipt(nonce: 1)
    document.network = String(repeating: "0", count: 64)
    let verdicts = try ReceiptVerdict.check(file: NodeJSON.encode(document))
    #expect(verdicts[0].error?.contains("the taker's signature is not one of") == true)
  }

  @Test("an empty list has nothing that is invalid")
  func empty() throws {
    #expect(try ReceiptVerdict.check(file: "[]".utf8) == [])
    #expect(shown([]) == "There are neither receipts nor proofs in it.")
  }

  @Test("a trade whose receipt is there twice counts once")
  func repeated() throws {
    let list = "[\(try Array(repeating: NodeJSON.text(receipt(nonce: 1)), count: 3).joined(separator: ","))]"
    let sum = ReceiptSum(try ReceiptVerdict.check(file: list.utf8))
    #expect(sum.valid == 3 && sum.repeated == 2 && sum.micros == ["USD": 25_200_000])
    #expect(
      DocumentText.sum(sum)
        == "3 receipts: 3 valid, 2 of trades that are there already, 0 invalid; 25.20 USD for 12.00 GPU-hours")
  }

  @Test(
    "a list is taken apart at its commas, whatever stands in its texts",
    arguments: [
      ("[]", []), (" [ ] ", []), ("[1]", ["1"]), ("[1, {\"a\":[2,3]}]", ["1", " {\"a\":[2,3]}"]),
      ("[\"a,b]\\\"\",2]\n", ["\"a,b]\\\"\"", "2"]),
    ] as [(String, [String])])
  func elements(list: String, expected: [String]) throws {
    #expect(try ReceiptVerdict.documents(in: Array(list.utf8)).map { String(decoding: $0, as: UTF8.self) } == expected)
  }

  @Test(
    "what is no whole list is refused",
    arguments: ["", " ", "[", "[1", "[1,", "[1,]", "[,1]", "[1]]", "[1] 2", "[\"a]", "[{]", "{", "x"])
  func noList(text: String) {
    #expect(throws: NodeJSONError.notJSON) { try ReceiptVerdict.documents(in: Array(text.utf8)) }
  }

  @Test("receipts are listed with what was leased")
  func table() throws {
    let lines = DocumentText.receipts(
      [try receipt(nonce: 1)], scope: .mine, time: text().time, colours: false
    ).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[1].contains("h100-sxm-80g     4   2.10  25.20  USD       Mon 12:00:00  Mon 15:00:00"))
  }

  /// A leg of a purchase of two, as the buyer confirmed it.
  private func leg() throws -> ReceiptDocument {
    let (acceptedAt, confirmBy) = (noon, noon + 12_000)
    var legs = [provider, Identity(seed: [UInt8](repeating: 3, count: 32))].map { maker in
      Terms(
        offer: Blake2b.hash(maker.nodeID.bytes), bid: Blake2b.hash([2]), provider: maker.nodeID, buyer: buyer.nodeID,
        takerSide: .bid, gpuClass: "h100-sxm-80g", gpus: 4, start: noon + hour, end: noon + 3 * hour,
        price: Price(micros: 2_100_000), total: Amount(micros: 16_800_000), currency: "USD", deadline: noon + 6000,
        makerSequence: 1, makerHead: Blake2b.hash([3]), nonce: Terms.Nonce(high: 0, low: 1),
        leg: Terms.Leg(purchase: Blake2b.hash([]), confirmBy: confirmBy))
    }
    let purchase = Confirmation.purchase(of: legs.map(\.legDigest), network: networkID)
    for index in legs.indices { legs[index].leg?.purchase = purchase }
    let acceptances = legs.map {
      Acceptance(trade: Blake2b.hash($0.encoded()), time: acceptedAt, sequence: 2, previous: Blake2b.hash([3]))
        .encoded()
    }
    let confirmation = Confirmation(
      purchase: purchase, time: confirmBy, sequence: 9, previous: Blake2b.hash([4]),
      legs: zip(legs, acceptances).map { Confirmation.Leg(terms: $0.legDigest, acceptance: Blake2b.hash($1)) }
    ).encoded()
    return try ReceiptDocument(
      Receipt(
        termsBytes: legs[0].encoded(),
        takerSignature: buyer.sign(legs[0].encoded(), domain: .terms, network: networkID),
        acceptanceBytes: acceptances[0],
        makerSignature: provider.sign(acceptances[0], domain: .acceptance, network: networkID),
        confirmation: Receipt.SignedConfirmation(
          bytes: confirmation,
          signature: buyer.sign(confirmation, domain: .confirmation, network: networkID))),
      network: networkID)
  }

  private func quick(_ bytes: [UInt8], _ keys: VerifyingKeyCache) -> ReceiptDocument.Decoded? {
    ReceiptDocument.Decoded(verifyingWritten: bytes[...], keys: keys)
  }

  @Test(
    "a receipt as a node writes it is taken at once, and with any byte of it another one only if it is valid so too")
  func written() throws {
    let keys = VerifyingKeyCache()
    for document in [try receipt(nonce: 1), try leg()] {
      let bytes = Array(try NodeJSON.encode(document))
      #expect(try document.verify(keys: keys).trade.hex == document.decoded.trade)
      #expect(quick(bytes, keys) == document.decoded)
      #expect(quick(bytes + [0x20], keys) == nil && quick([0x20] + bytes, keys) == nil)
      for position in bytes.indices {
        for byte in [0x20, 0x22, 0x2B, 0x30, 0x39, 0x41, 0x5C, 0x61, 0x7D, 0xC3] as [UInt8]
        where byte != bytes[position] {
          var altered = bytes
          altered[position] = byte
          guard let taken = quick(altered, keys) else { continue }
          let general: ReceiptDocument = try NodeJSON.decode(from: altered)
          #expect(general.decoded == taken && (try? general.verify(keys: keys)) != nil, "byte \(position)")
        }
      }
    }
  }

  @Test("a receipt that says of itself what it says in another form is left to the general reader, which takes it")
  func unusual() throws {
    let text = try NodeJSON.text(receipt(nonce: 1))
    for (from, to) in [("\"gpus\":4", "\"gpus\":4.0"), ("{", "{ "), ("h100-sxm", "h100\\u002dsxm")] {
      let altered = Array(text.replacingOccurrences(of: from, with: to).utf8)
      #expect(quick(altered, VerifyingKeyCache()) == nil)
      #expect(ReceiptVerdict(position: 1, checking: altered[...]).valid)
    }
  }

  @Test("what a receipt says beside what is signed is refused by both readers")
  func beside() throws {
    let text = try NodeJSON.text(leg())
    for (from, to) in [
      ("\"gpus\":4", "\"gpus\":5"), ("\"purchase_legs\":2", "\"purchase_legs\":3"), (",\"purchase_legs\":2", ""),
      ("\"taker\":\"", "\"taker\":\"0"), ("receipt-v1", "receipt-v2"),
    ] {
      let altered = Array(text.replacingOccurrences(of: from, with: to).utf8)
      #expect(altered != Array(text.utf8) && quick(altered, VerifyingKeyCache()) == nil)
      #expect(!ReceiptVerdict(position: 1, checking: altered[...]).valid)
    }
  }
}
