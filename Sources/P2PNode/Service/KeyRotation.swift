import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement
import Store

/// What is left to do on disk when a key was handed over: the last entry of the old feed decides, so a crash at any moment
/// leaves something that can be finished.
enum KeyRotation {
  /// The handover that an entry of a feed says, if it is one and all its signatures are good.
  static func handover(in stored: StoredEntry, genesis: Genesis) -> SignedHandover? {
    guard let entry = try? SignedEntry(stored: stored, maximumBytes: genesis.limits.entryBytes),
      case .rotate(let signed)? = try? OperationCodec(genesis: genesis).operations(of: entry).first,
      let key = try? VerifyingKey(entry.author),
      key.isValid(entry.signature, over: entry.bytes, domain: .entry, network: genesis.networkID),
      signed.isValid(network: genesis.networkID)
    else { return nil }
    return signed
  }

  /// Opens the store of the node in `directory`. When its feed was handed over to a new key whose file still waits, that
  /// is put into its place first.
  static func openStore(of directory: DataDirectory, genesis: Genesis) throws -> EntryStore {
    let node = try IdentityFile.nodeID(inDirectory: directory.path)
    let store = try open(directory, genesis: genesis, node: node)
    guard let last = try store.lastEntry(of: node), let signed = handover(in: last, genesis: genesis) else {
      return store
    }
    do throws(IdentityFileError) {
      try IdentityFile.takeOver(from: node, to: signed.successor, inDirectory: directory.path)
    } catch {
      // The new key is somewhere else: with the old one the node only reads.
      if case .notFound = error { return store }
      throw error
    }
    try store.close()
    return try open(directory, genesis: genesis, node: signed.successor)
  }

  private static func open(_ directory: DataDirectory, genesis: Genesis, node: NodeID) throws -> EntryStore {
    try EntryStore(
      path: directory.storeFile, network: genesis.networkID, node: node,
      hasTakenOver: { handover(in: $0, genesis: genesis)?.successor == node })
  }

  /// The key of a store's node and those before it.
  static func names(of node: NodeID, in store: EntryStore, genesis: Genesis) throws -> [NodeID] {
    var predecessors = Predecessors()
    for last in try store.lastEntries() {
      if let signed = handover(in: last, genesis: genesis) { predecessors[signed.successor] = last.author }
    }
    return predecessors.names(of: node)
  }
}
