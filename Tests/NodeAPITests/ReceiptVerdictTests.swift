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

  @Test("a receipt as a node writes it is read alike by the quick reader, whatever byte of it is another one")
  func canonical() throws {
    var leg = try receipt(nonce: 1)
    (leg.confirmation, leg.confirmationSignature) = ("AA/+", "00ff")
    leg.decoded.purchase = "ab"
    leg.decoded.purchaseLegs = 2
    (leg.decoded.confirmMs, leg.decoded.confirmedMs, leg.decoded.confirmedSequence) = (0, 9_007_199_254_740_993, .max)
    for document in [try receipt(nonce: 1), leg] {
      let bytes = Array(try NodeJSON.encode(document))
      #expect(ReceiptDocument(canonical: bytes[...]) == document)
      #expect(ReceiptDocument(canonical: (bytes + [0x20])[...]) == nil)
      for position in bytes.indices {
        for byte in [0x20, 0x22, 0x2C, 0x30, 0x39, 0x5C, 0x61, 0x7F, 0xC3] as [UInt8] {
          var altered = bytes
          altered[position] = byte
          guard let quick = ReceiptDocument(canonical: altered[...]) else { continue }
          #expect((try? NodeJSON.decode(ReceiptDocument.self, from: altered)) == quick)
        }
      }
    }
  }

  @Test("a receipt whose numbers are no canonical ones is left to the general reader")
  func unusualNumbers() throws {
    let text = try NodeJSON.text(receipt(nonce: 1))
    for number in ["04", "-4", "4.0", "4e0", "99999999999999999999", "+4", ""] {
      let altered = text.replacingOccurrences(of: "\"gpus\":4", with: "\"gpus\":\(number)")
      #expect(altered != text && ReceiptDocument(canonical: Array(altered.utf8)[...]) == nil)
    }
  }
}
