import Gossip
import Market
import NodeAPI
import NodeCore
import NodeCrypto
import Settlement
import Store

/// Reads the receipts of a stopped node out of its store. Needs no passphrase: nothing is signed.
enum OfflineReceipts {
  /// The receipts of the trades in which the node of `dataDirectory` is a party, in the order of their acceptance.
  ///
  /// - Returns: the receipts, and the keys of the node, the newest first.
  static func read(dataDirectory path: String) throws -> (receipts: [ReceiptDocument], keys: [NodeID]) {
    let directory = DataDirectory(path: path)
    let lock = try DirectoryLock(directory: path)
    defer { withExtendedLifetime(lock) {} }
    let genesis = try directory.genesis()
    let store = try KeyRotation.openStore(of: directory, genesis: genesis)
    let names = try KeyRotation.names(of: try IdentityFile.nodeID(inDirectory: path), in: store, genesis: genesis)
    let codec = OperationCodec(genesis: genesis)
    let limits = genesis.limits
    var feeds = Feeds(network: genesis.networkID, limits: limits)
    for proof in try store.proofs().compactMap(\.entries.last) { _ = feeds.freeze(proof.author, from: proof.sequence) }
    var exchange = ReceiptReader()
    try store.forEachEntry { stored in
      guard let entry = try? SignedEntry(stored: stored, maximumBytes: limits.entryBytes),
        feeds.admission(of: entry, now: entry.time) == .next, let operations = try? codec.operations(of: entry)
      else { return }
      feeds.append(entry)
      exchange.take(operations, of: names, isOwn: names.contains(entry.author))
    }
    try store.close()
    return (try exchange.receipts(network: genesis.networkID), names)
  }
}

/// Collects what makes up the receipts of one node.
private struct ReceiptReader {
  private var ledger = TradeLedger()

  mutating func take(_ operations: [Operation], of names: [NodeID], isOwn: Bool) {
    func isParty(_ terms: Terms) -> Bool { names.contains(terms.provider) || names.contains(terms.buyer) }
    for operation in operations {
      switch operation {
      case .propose(let signed) where isParty(signed.terms):
        _ = ledger.propose(signed)
      case .accept(let signed, let decision) where isParty(signed.terms):
        _ = ledger.accept(signed, decision)
      case .receipt(let decision):
        guard let trade = ledger[decision.acceptance.trade], trade.terms.maker == decision.maker else { continue }
        _ = ledger.copy(
          decision.acceptance, bytes: decision.bytes, makerSignature: decision.signature, by: trade.terms.taker)
      case .purchase(let legs):
        for signed in legs where isParty(signed.terms) {
          _ = ledger.propose(signed)
        }
      // The taker's own feed has the confirmation and all acceptances, the maker's own feed copies it.
      case .confirm(let confirmation, let acceptances) where isOwn:
        for decision in acceptances { confirm(decision, confirmation) }
      case .settle(let id, let confirmation) where isOwn:
        guard let accepted = ledger[id]?.acceptance else { continue }
        _ = ledger.confirm(id, confirmation.confirmation, confirmation.signed, accepted: accepted, from: .maker)
      default: break
      }
    }
  }

  private mutating func confirm(_ decision: SignedAcceptance, _ confirmation: SignedConfirmation) {
    guard let trade = ledger[decision.acceptance.trade] else { return }
    _ = ledger.accept(
      trade.terms, bytes: trade.termsBytes, takerSignature: trade.takerSignature, acceptance: decision.acceptance,
      acceptanceBytes: decision.bytes, makerSignature: decision.signature)
    _ = ledger.confirm(
      trade.id, confirmation.confirmation, confirmation.signed, accepted: decision.held, from: .taker)
  }

  func receipts(network: NetworkID) throws -> [ReceiptDocument] {
    let settled = ledger.sorted.filter { $0.state == .settled }
    let inOrder = settled.sorted { left, right in
      (left.acceptance?.acceptance.time ?? .zero) < (right.acceptance?.acceptance.time ?? .zero)
    }
    return try inOrder.compactMap { trade in
      try trade.receipt.map { receipt in try ReceiptDocument(receipt, network: network) }
    }
  }
}
