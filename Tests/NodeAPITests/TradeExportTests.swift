import Foundation
import Market
import NodeCrypto
import Settlement
import Testing

@testable import NodeAPI

@Suite("Exported trades")
struct TradeExportTests {
  private static let provider = Identity(seed: [UInt8](repeating: 1, count: 32))
  private static let buyer = Identity(seed: [UInt8](repeating: 2, count: 32))
  private static let networkID: NetworkID = Blake2b.hash(Array("network".utf8))

  /// A receipt that the provider accepted at a moment.
  private func receipt(_ accepted: Timestamp) throws -> ReceiptDocument {
    let (provider, buyer, network) = (Self.provider, Self.buyer, Self.networkID)
    let terms = Terms(
      offer: Blake2b.hash([1]), bid: Blake2b.hash([2]), provider: provider.nodeID, buyer: buyer.nodeID,
      takerSide: .bid, gpuClass: "h100-sxm-80g", gpus: 4, start: noon, end: noon + 3 * hour,
      price: Price(micros: 2_100_000), total: Amount(micros: 25_200_000), currency: "USD", deadline: accepted + 6000,
      makerSequence: 1, makerHead: Blake2b.hash([3]), nonce: Terms.Nonce(high: 0, low: 1))
    let bytes = terms.encoded()
    let acceptance = Acceptance(
      trade: Blake2b.hash(bytes), time: accepted, sequence: 2, previous: Blake2b.hash([3])
    ).encoded()
    return try ReceiptDocument(
      Receipt(
        termsBytes: bytes, takerSignature: buyer.sign(bytes, domain: .terms, network: network),
        acceptanceBytes: acceptance, makerSignature: provider.sign(acceptance, domain: .acceptance, network: network)),
      network: network)
  }

  /// The receipt of a leg that was accepted at one moment and confirmed at another.
  private func leg(accepted: Timestamp, confirmed: Timestamp) throws -> ReceiptDocument {
    let (provider, buyer, network) = (Self.provider, Self.buyer, Self.networkID)
    var legs = (0..<2).map { number in
      Terms(
        offer: Blake2b.hash([1]), bid: Blake2b.hash([2]), provider: provider.nodeID, buyer: buyer.nodeID,
        takerSide: .bid, gpuClass: "h100-sxm-80g", gpus: 4, start: noon, end: noon + 3 * hour,
        price: Price(micros: 2_100_000), total: Amount(micros: 25_200_000), currency: "USD", deadline: accepted + 6000,
        makerSequence: 1, makerHead: Blake2b.hash([3]), nonce: Terms.Nonce(high: 0, low: UInt64(number)),
        leg: Terms.Leg(purchase: Blake2b.hash([]), confirmBy: accepted + 12_000))
    }
    let purchase = Confirmation.purchase(of: legs.map(\.legDigest), network: network)
    for index in legs.indices { legs[index].leg?.purchase = purchase }
    let bytes = legs.map { $0.encoded() }
    let acceptances = bytes.map {
      Acceptance(trade: Blake2b.hash($0), time: accepted, sequence: 2, previous: Blake2b.hash([3])).encoded()
    }
    let confirmation = Confirmation(
      purchase: purchase, time: confirmed, sequence: 9, previous: Blake2b.hash([4]),
      legs: zip(legs, acceptances).map { Confirmation.Leg(terms: $0.legDigest, acceptance: Blake2b.hash($1)) }
    ).encoded()
    return try ReceiptDocument(
      Receipt(
        termsBytes: bytes[0], takerSignature: buyer.sign(bytes[0], domain: .terms, network: network),
        acceptanceBytes: acceptances[0],
        makerSignature: provider.sign(acceptances[0], domain: .acceptance, network: network),
        confirmation: Receipt.SignedConfirmation(
          bytes: confirmation, signature: buyer.sign(confirmation, domain: .confirmation, network: network))),
      network: network)
  }

  @Test("a leg belongs to the moment of its purchase's confirmation, and its row has purchase and confirmation")
  func legs() throws {
    let receipts = [try leg(accepted: noon - 1000, confirmed: noon + 2000), try receipt(noon + 1000)]
    #expect(export(receipts, from: noon).trades.map(\.finalMs) == [noon.milliseconds + 1000, noon.milliseconds + 2000])
    #expect(export(receipts, to: noon + 2000).trades.map(\.purchase) == [nil])
    let lines = export(receipts).csv.split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    #expect(lines.allSatisfy { $0.count == lines[0].count })
    let single = Dictionary(uniqueKeysWithValues: zip(lines[0], lines[1]))
    #expect(single["purchase"] == "" && single["confirmation"] == "" && single["confirmation_signature"] == "")
    let row = Dictionary(uniqueKeysWithValues: zip(lines[0], lines[2]))
    #expect(row["final"] == "2026-11-23T12:00:02.000Z" && row["accepted"] == "2026-11-23T11:59:59.000Z")
    #expect(row["purchase"] == receipts[0].decoded.purchase)
    let confirmation = Receipt.SignedConfirmation(
      bytes: Array(try #require(Data(base64Encoded: row["confirmation"] ?? ""))),
      signature: try #require(Signature(hex: row["confirmation_signature"] ?? "")))
    let signed = Receipt(
      termsBytes: Array(try #require(Data(base64Encoded: row["terms"] ?? ""))),
      takerSignature: try #require(Signature(hex: row["taker_signature"] ?? "")),
      acceptanceBytes: Array(try #require(Data(base64Encoded: row["acceptance"] ?? ""))),
      makerSignature: try #require(Signature(hex: row["maker_signature"] ?? "")), confirmation: confirmation)
    #expect(try signed.verify(network: Self.networkID).terms.gpus == 4)
  }

  @Test("trades under a key from which the node took over are its own")
  func predecessors() throws {
    let new = Identity(seed: [UInt8](repeating: 3, count: 32)).nodeID
    let receipts = [try receipt(noon)]
    let export = TradeExport(
      of: new.hex, predecessors: [Self.provider.nodeID.hex], network: Self.networkID.hex, receipts: receipts, from: nil,
      to: nil)
    #expect(export.trades.map(\.role) == ["provider"] && export.trades[0].counterparty == Self.buyer.nodeID.hex)
  }

  private func export(
    _ receipts: [ReceiptDocument], of node: NodeID = provider.nodeID, from: Timestamp? = nil, to: Timestamp? = nil
  ) -> TradeExport {
    TradeExport(of: node.hex, network: Self.networkID.hex, receipts: receipts, from: from, to: to)
  }

  @Test("the span has its first moment and not its last, and trades come by the time at which they became final")
  func span() throws {
    let receipts = try [noon + 2, noon + 1, noon, noon - 1].map(receipt)
    #expect(
      export(receipts, from: noon, to: noon + 2).trades.map(\.acceptedMs)
        == [noon.milliseconds, noon.milliseconds + 1])
    #expect(export(receipts).trades.count == 4)
  }

  @Test("each party sees its own part and the other side; trades of others are left out")
  func roles() throws {
    let receipts = [try receipt(noon)]
    let sold = try #require(export(receipts).trades.first)
    #expect(sold.role == "provider" && sold.counterparty == Self.buyer.nodeID.hex)
    let bought = try #require(export(receipts, of: Self.buyer.nodeID).trades.first)
    #expect(bought.role == "buyer" && bought.counterparty == Self.provider.nodeID.hex)
    #expect(bought.gpuSeconds == 4 * 3 * 3600 && bought.totalMicros == 25_200_000)
    #expect(export(receipts, of: Identity(seed: [UInt8](repeating: 3, count: 32)).nodeID).trades.isEmpty)
  }

  @Test("a row of the table has as many fields as the names, and ends with a receipt that verifies")
  func table() throws {
    let lines = export([try receipt(noon)]).csv.split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    #expect(lines.count == 2 && lines[0].count == lines[1].count)
    let row = Dictionary(uniqueKeysWithValues: zip(lines[0], lines[1]))
    #expect(row["accepted"] == "2026-11-23T12:00:00.000Z" && row["end"] == "2026-11-23T15:00:00.000Z")
    #expect(row["price"] == "2.10" && row["total"] == "25.20" && row["gpu_seconds"] == "43200")
    let signed = Receipt(
      termsBytes: Array(try #require(Data(base64Encoded: row["terms"] ?? ""))),
      takerSignature: try #require(Signature(hex: row["taker_signature"] ?? "")),
      acceptanceBytes: Array(try #require(Data(base64Encoded: row["acceptance"] ?? ""))),
      makerSignature: try #require(Signature(hex: row["maker_signature"] ?? "")))
    #expect(try signed.verify(network: Self.networkID).terms.gpus == 4)
  }

  @Test("without trades there is a line of names alone")
  func empty() { #expect(!export([]).csv.contains("\n") && export([]).csv.hasPrefix("trade,role,")) }

  @Test(
    "a field that could be read as more than one, or as a formula, is quoted",
    arguments: [
      ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("one\ntwo", "\"one\ntwo\""), ("=1+1", "\"'=1+1\""),
      ("plain text", "plain text"), ("", ""),
    ])
  func quoting(value: String, field: String) { #expect(TradeExport.field(value) == field) }

  @Test("an export reads back as JSON")
  func json() throws {
    let export = export([try receipt(noon)], from: noon)
    #expect(try NodeJSON.decode(TradeExport.self, from: NodeJSON.encode(export)) == export)
  }
}
