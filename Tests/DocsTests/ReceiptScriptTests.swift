import Foundation
import Market
import NodeAPI
import NodeCrypto
import Settlement
import Testing

@Suite(
  "The Python lines of docs/RECEIPTS.md",
  .enabled(if: Python.withPyNaCl != nil, "python3 with PyNaCl is missing; Debian has it as python3-nacl"))
struct ReceiptScriptTests {
  private let python: Python
  private let program: String
  private let vectors: ProtocolVectors
  private let document: ReceiptDocument

  init() throws {
    python = try #require(Python.withPyNaCl)
    let blocks = Markdown(try Repository.text("docs/RECEIPTS.md")).blocks("python")
    try #require(blocks.count == 1, "the document has one program")
    program = blocks[0].text
    vectors = try ProtocolVectors(genesisFile: Array(try Data(contentsOf: Repository.url("Testnet/network.json"))))
    document = try ReceiptDocument(vectors.receipt, network: vectors.genesis.networkID)
  }

  private func verdict(_ document: ReceiptDocument) throws -> (isValid: Bool, output: String) {
    let result = try python.run(program: program, input: try NodeJSON.encode(document))
    return (result.status == 0, result.output)
  }

  @Test("a receipt is valid, and the output names its trade")
  func valid() throws {
    let result = try verdict(document)
    #expect(result.isValid, "\(result.output)")
    #expect(result.output.contains(document.decoded.trade))
  }

  @Test("the first receipt of a list is checked")
  func list() throws {
    var altered = document
    altered.makerSignature = altered.takerSignature
    let good = try python.run(program: program, input: try NodeJSON.encode([document, altered]))
    #expect(good.status == 0, "\(good.output)")
    #expect(try python.run(program: program, input: try NodeJSON.encode([altered, document])).status != 0)
  }

  @Test("an altered receipt is refused", arguments: ReceiptAlteration.allCases)
  func altered(_ alteration: ReceiptAlteration) throws {
    let altered = try alteration.apply(to: document, vectors: vectors)
    #expect(altered != document)
    let result = try verdict(altered)
    #expect(!result.isValid, "\(result.output)")
    #expect(throws: ReceiptFileError.self, "the node's own check refuses it as well") { try altered.verify() }
  }

  @Test("a leg of a purchase is valid with its confirmation, and with nothing else in its place")
  func leg() throws {
    let purchase = PurchaseVectors(vectors)
    let network = vectors.genesis.networkID
    let documents = try [0, 1].map { try ReceiptDocument(purchase.receipt($0), network: network) }
    for document in documents {
      let result = try verdict(document)
      #expect(result.isValid, "\(result.output)")
      #expect(try document.verify().terms.leg?.purchase == purchase.confirmation.confirmation.purchase)
    }
    #expect(documents[0].decoded.purchaseLegs == 2 && documents[0].decoded.purchase == documents[1].decoded.purchase)
    let changes: [(inout ReceiptDocument) -> Void] = [
      { $0.confirmation = nil }, { ($0.confirmation, $0.confirmationSignature) = (nil, nil) },
      { $0.confirmationSignature = $0.takerSignature }, { $0.confirmation = $0.acceptance },
      { ($0.terms, $0.takerSignature) = (document.terms, document.takerSignature) },
    ]
    for (index, change) in changes.enumerated() {
      var altered = documents[0]
      change(&altered)
      #expect(try verdict(altered).isValid == false, "change \(index)")
      #expect(throws: ReceiptFileError.self, "change \(index)") { try altered.verify() }
    }
    var single = document
    (single.confirmation, single.confirmationSignature) = (
      documents[0].confirmation, documents[0].confirmationSignature
    )
    #expect(try verdict(single).isValid == false)
    #expect(throws: ReceiptFileError.self) { try single.verify() }
  }

  @Test("what is no receipt is refused", arguments: ["", "{}", "[]", "null"])
  func otherFiles(_ text: String) throws {
    #expect(try python.run(program: program, input: Data(text.utf8)).status != 0)
  }
}

/// What is done to a receipt before it is checked.
enum ReceiptAlteration: String, CaseIterable, Sendable {
  case firstByteOfTerms, middleByteOfTerms, lastByteOfTerms, firstByteOfAcceptance, lastByteOfAcceptance
  case takerSignature, makerSignature, otherNetwork, swappedKeys, swappedKeysAndSignatures, otherFormat
  case late, otherTrade, bothPartiesOneNode

  func apply(to document: ReceiptDocument, vectors: ProtocolVectors) throws -> ReceiptDocument {
    var altered = document
    let termsByteCount = vectors.terms.bytes.count
    let acceptanceByteCount = vectors.acceptance.bytes.count
    switch self {
    case .firstByteOfTerms: altered.terms = try Self.flipping(0, of: altered.terms)
    case .middleByteOfTerms: altered.terms = try Self.flipping(termsByteCount / 2, of: altered.terms)
    case .lastByteOfTerms: altered.terms = try Self.flipping(termsByteCount - 1, of: altered.terms)
    case .firstByteOfAcceptance: altered.acceptance = try Self.flipping(0, of: altered.acceptance)
    case .lastByteOfAcceptance: altered.acceptance = try Self.flipping(acceptanceByteCount - 1, of: altered.acceptance)
    case .takerSignature: altered.takerSignature = try Self.flippingHex(altered.takerSignature)
    case .makerSignature: altered.makerSignature = try Self.flippingHex(altered.makerSignature)
    case .otherNetwork: altered.network = try Self.flippingHex(altered.network)
    case .swappedKeys: swap(&altered.taker, &altered.maker)
    case .swappedKeysAndSignatures:
      swap(&altered.taker, &altered.maker)
      swap(&altered.takerSignature, &altered.makerSignature)
    case .otherFormat: altered.format = "p2pnode-receipt-v2"
    case .late:
      return try Self.document(vectors) { $0.time = vectors.terms.terms.deadline + 1 }
    case .otherTrade:
      return try Self.document(vectors) { $0.trade = Blake2b.hash(vectors.acceptance.bytes) }
    case .bothPartiesOneNode:
      // Signed by its only party in both roles: the file cannot be made by a node, so it is put together here.
      var terms = vectors.terms.terms
      terms.buyer = terms.provider
      altered = try Self.signedTwice(terms, document, vectors: vectors)
    }
    return altered
  }

  private static func flipping(_ position: Int, of base64: String) throws -> String {
    var data = try #require(Data(base64Encoded: base64))
    data[position] ^= 1
    return data.base64EncodedString()
  }

  private static func flippingHex(_ text: String) throws -> String {
    var bytes = try #require(Hex.decode(text))
    bytes[0] ^= 1
    return Hex.encode(bytes)
  }

  /// A receipt with good signatures whose acceptance the maker has changed before it signed.
  private static func document(
    _ vectors: ProtocolVectors, changing change: (inout Acceptance) -> Void
  ) throws -> ReceiptDocument {
    var acceptance = vectors.acceptance.acceptance
    change(&acceptance)
    let bytes = acceptance.encoded()
    let network = vectors.genesis.networkID
    return try ReceiptDocument(
      Receipt(
        termsBytes: vectors.terms.bytes, takerSignature: vectors.terms.signature, acceptanceBytes: bytes,
        makerSignature: vectors.provider.sign(bytes, domain: .acceptance, network: network)),
      network: network)
  }

  private static func signedTwice(
    _ terms: Terms, _ document: ReceiptDocument, vectors: ProtocolVectors
  ) throws -> ReceiptDocument {
    let network = vectors.genesis.networkID
    let termsBytes = terms.encoded()
    var acceptance = vectors.acceptance.acceptance
    acceptance.trade = Blake2b.hash(termsBytes)
    let acceptanceBytes = acceptance.encoded()
    var altered = document
    altered.terms = Data(termsBytes).base64EncodedString()
    altered.acceptance = Data(acceptanceBytes).base64EncodedString()
    altered.taker = vectors.provider.nodeID.hex
    altered.takerSignature = vectors.provider.sign(termsBytes, domain: .terms, network: network).hex
    altered.makerSignature = vectors.provider.sign(acceptanceBytes, domain: .acceptance, network: network).hex
    return altered
  }
}
