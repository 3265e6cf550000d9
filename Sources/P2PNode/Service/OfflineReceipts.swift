import Logging
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
    // What the feeds add up to is a question for the node's core; it never writes, so that any key will do.
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: .generate(), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 0),
      now: .zero)
    try store.restore(
      into: &core, cutsDamage: false, logger: Logger(label: "receipts") { _ in SwiftLogNoOpLogHandler() })
    try store.close()
    let own = core.ledger.sorted.filter {
      $0.state == .settled && (names.contains($0.terms.provider) || names.contains($0.terms.buyer))
    }
    let inOrder = own.sorted { left, right in
      (left.acceptance?.acceptance.time ?? .zero) < (right.acceptance?.acceptance.time ?? .zero)
    }
    let receipts = try inOrder.compactMap { try $0.receipt.map { try ReceiptDocument($0, network: genesis.networkID) } }
    return (receipts, names)
  }
}
