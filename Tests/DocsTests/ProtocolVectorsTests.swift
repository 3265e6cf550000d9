import Foundation
import Gossip
import Market
import NodeCrypto
import Settlement
import Testing

@testable import NodeCore

@Suite("The vectors of docs/PROTOCOL.md")
struct ProtocolVectorsTests {
  private let document: Markdown
  private let vectors: ProtocolVectors

  init() throws {
    document = Markdown(try Repository.text("docs/PROTOCOL.md"))
    let genesis = try #require(document.blocks("json").first { $0.text.contains("p2pnode-network-v1") })
    vectors = try ProtocolVectors(genesisFile: Array(genesis.text.utf8))
  }

  private static func kept() throws -> [String: String] {
    let file = try Data(contentsOf: Repository.url("Tests/DocsTests/vectors/protocol.json"))
    return try JSONDecoder().decode([String: String].self, from: file)
  }

  @Test("the code computes exactly the vectors that are kept")
  func recomputed() throws {
    let kept = try Self.kept()
    let computed = vectors.hexByName
    #expect(kept.keys.sorted() == computed.keys.sorted())
    for (name, hex) in computed.sorted(by: { $0.key < $1.key }) {
      #expect(kept[name] == hex, "\(name)")
    }
  }

  @Test("the document shows exactly the vectors that are kept")
  func documented() throws {
    var shown: [String: String] = [:]
    for block in document.blocks("hex") {
      let name = String(block.info.dropFirst("hex ".count))
      #expect(shown[name] == nil, "\(name) stands in the document twice")
      shown[name] = String(block.text.filter { !$0.isWhitespace })
    }
    let kept = try Self.kept()
    #expect(shown.keys.sorted() == kept.keys.sorted())
    for (name, hex) in kept.sorted(by: { $0.key < $1.key }) { #expect(shown[name] == hex, "\(name)") }
  }

  @Test("a node takes the entries of the vectors")
  func taken() throws {
    let codec = OperationCodec(genesis: vectors.genesis)
    var feeds = Feeds(network: vectors.genesis.networkID, limits: vectors.genesis.limits)
    for made in [vectors.offerEntry, vectors.bidEntry, vectors.acceptEntry] {
      let entry = try SignedEntry(
        bytes: made.bytes, signature: made.signature.bytes, maximumBytes: vectors.genesis.limits.entryBytes)
      let operations = try codec.operations(of: entry)
      for check in OperationCodec.signatureChecks(of: entry, operations: operations) {
        #expect(
          try VerifyingKey(check.node).isValid(
            check.signature, over: check.message, domain: check.domain, network: vectors.genesis.networkID))
      }
      #expect(feeds.admission(of: entry, now: entry.time) == .next)
      feeds.append(entry)
    }
    let parts = try vectors.receipt.verify(network: vectors.genesis.networkID)
    #expect(parts.terms == vectors.terms.terms)
  }

  @Test("the proof of fraud shows what it is said to show, and with the entry that has the acceptance nothing")
  func fraud() throws {
    let proof = try #require(vectors.phantomAccept)
    let (codec, network) = (OperationCodec(genesis: vectors.genesis), vectors.genesis.networkID)
    for check in OperationCodec.signatureChecks(of: proof) {
      let key = try VerifyingKey(check.node)
      #expect(key.isValid(check.signature, over: check.message, domain: check.domain, network: network))
    }
    #expect(codec.shows(proof) && proof.author == vectors.provider.nodeID && proof.sequence == 2)
    let honest = FraudProof(.phantomAccept, entries: [vectors.acceptEntry], statement: proof.statement)
    #expect(!codec.shows(try #require(honest)))
  }

  @Test("the table of limits shows the local testnet's values")
  func limits() throws {
    let limits = try Genesis(file: Array(try Data(contentsOf: Repository.url("Testnet/network.json")))).limits
    let rows: [String: Int64] = [
      "skew_ms": limits.skewMilliseconds, "tick_ms": limits.tickMilliseconds,
      "proposal_ms": limits.proposalMilliseconds, "retry_ms": limits.retryMilliseconds,
      "operations_per_entry": Int64(limits.operationsPerEntry), "entry_bytes": Int64(limits.entryBytes),
      "entries_per_second": limits.entriesPerSecond, "entry_burst": limits.entryBurst,
      "open_orders_per_author": Int64(limits.openOrdersPerAuthor), "gpus_per_order": Int64(limits.gpusPerOrder),
      "lot_gpus": Int64(limits.lotGPUs), "price_micros": limits.priceMicros,
      "newcomer_gpus": limits.newcomerGPUs, "price_tick_micros": limits.priceTickMicros,
      "horizon_ms": limits.horizonMilliseconds,
    ]
    let lines = try Repository.text("docs/PROTOCOL.md").split(separator: "\n")
    for (name, value) in rows.sorted(by: { $0.key < $1.key }) {
      let row = try #require(lines.first { $0.hasPrefix("| `\(name)` |") }, "\(name)")
      let last = row.split(separator: "|").last?.trimmingCharacters(in: .whitespaces)
      #expect(last?.replacingOccurrences(of: ",", with: "") == String(value), "\(name)")
    }
  }
}
