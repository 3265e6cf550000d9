import Gossip
import Logging
import NodeCore
import NodeCrypto
import Store

extension EntryStore {
  /// Restores a core from what is stored. Feeds that are damaged are cut at the damage; the peers have the rest. When the
  /// file itself is damaged nothing is cut: what was deleted there might come back, and what is written might be lost.
  ///
  /// An entry is what it was when the next one names its id, or, at the end of a feed and where two do not fit together,
  /// when its signature is good. Bytes that changed on the disk are never taken for what their author signed.
  ///
  /// - Parameter cutsDamage: whether damaged feeds are cut in the store, too, and not only left out from the damage on.
  func restore(into core: inout NodeCore, cutsDamage: Bool = true, logger: Logger) throws {
    let maximum = core.genesis.limits.entryBytes
    for stored in try proofs() {
      if let proof = FraudProof(stored: stored, maximumEntryBytes: maximum) { core.restore(proof) }
    }
    core.beginRestore()
    var reader = RestoreReader(network: core.genesis.networkID, maximumBytes: maximum)
    try forEachEntry { reader.take($0, into: &core) }
    reader.finishFeed(into: &core)
    guard cutsDamage else { return }
    if !reader.damages.isEmpty { try checkFile() }
    for damage in reader.damages {
      logger.warning(
        "entries of a feed are damaged; fetching them again",
        metadata: ["author": "\(damage.author)", "from": "\(damage.sequence)", "why": "\(damage.fault)"])
      try truncate(damage.author, from: damage.sequence)
    }
  }
}

/// Reads entries feed by feed, each one entry behind, so that the next one can vouch for it.
private struct RestoreReader {
  let network: NetworkID
  let maximumBytes: Int
  private(set) var damages: [(author: NodeID, sequence: UInt64, fault: EntryFault)] = []
  private var pending: SignedEntry?

  init(network: NetworkID, maximumBytes: Int) {
    self.network = network
    self.maximumBytes = maximumBytes
  }

  mutating func take(_ stored: StoredEntry, into core: inout NodeCore) {
    if stored.author == damages.last?.author { return }
    if let pending, pending.author != stored.author { finishFeed(into: &core) }
    let entry: SignedEntry
    do throws(EntryError) {
      entry = try SignedEntry(stored: stored, maximumBytes: maximumBytes)
    } catch {
      damage(stored, EntryFault(error.description), into: &core)
      return
    }
    guard entry.author == stored.author, entry.sequence == stored.sequence else {
      damage(stored, EntryFault("the bytes of another entry"), into: &core)
      return
    }
    if let previous = pending {
      guard entry.previous == previous.id else {
        damage(stored, EntryFault("it does not follow the one before"), into: &core)
        return
      }
      pending = nil
      restore(previous, into: &core)
      if previous.author == damages.last?.author { return }
    }
    pending = entry
  }

  /// The last entry of a feed has no next one to vouch for it: its signature does.
  mutating func finishFeed(into core: inout NodeCore) {
    guard let last = pending else { return }
    pending = nil
    let key = try? VerifyingKey(last.author)
    if key?.isValid(last.signature, over: last.bytes, domain: .entry, network: network) == true {
      restore(last, into: &core)
    } else {
      damages.append((last.author, last.sequence, EntryFault("its signature is not good")))
    }
  }

  /// Cuts a feed at `stored`, or one before, when that is where the damage is.
  private mutating func damage(_ stored: StoredEntry, _ fault: EntryFault, into core: inout NodeCore) {
    finishFeed(into: &core)
    if damages.last?.author != stored.author { damages.append((stored.author, stored.sequence, fault)) }
  }

  private mutating func restore(_ entry: SignedEntry, into core: inout NodeCore) {
    if let fault = core.restore(entry) { damages.append((entry.author, entry.sequence, fault)) }
  }
}
