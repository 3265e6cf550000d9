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
  /// Entries are read, hashed and decoded by other threads than the one that applies them.
  ///
  /// - Parameter cutsDamage: whether damaged feeds are cut in the store, too, and not only left out from the damage on.
  func restore(into core: inout NodeCore, cutsDamage: Bool = true, logger: Logger) throws {
    let maximum = core.genesis.limits.entryBytes
    for stored in try proofs() {
      if let proof = FraudProof(stored: stored, maximumEntryBytes: maximum) { core.restore(proof) }
    }
    core.beginRestore()
    var reader = RestoreReader(network: core.genesis.networkID)
    let entries = StoredEntryReader(store: self, codec: OperationCodec(genesis: core.genesis), maximumBytes: maximum)
    try entries.forEach { reader.take($0, into: &core) }
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

/// Takes entries feed by feed, each one entry behind, so that the next one can vouch for it.
private struct RestoreReader {
  let network: NetworkID
  private(set) var damages: [(author: NodeID, sequence: UInt64, fault: EntryFault)] = []
  private var pending: ReadEntry?

  init(network: NetworkID) { self.network = network }

  mutating func take(_ read: ReadStoredEntry, into core: inout NodeCore) {
    if read.author == damages.last?.author { return }
    if let pending, pending.entry.author != read.author { finishFeed(into: &core) }
    let next: ReadEntry
    switch read.content {
    case .success(let content): next = content
    case .failure(let fault): return damage(read, fault, into: &core)
    }
    guard next.entry.author == read.author, next.entry.sequence == read.sequence else {
      return damage(read, EntryFault("the bytes of another entry"), into: &core)
    }
    if let previous = pending {
      guard next.entry.previous == previous.entry.id else {
        return damage(read, EntryFault("it does not follow the one before"), into: &core)
      }
      pending = nil
      restore(previous, into: &core)
      if read.author == damages.last?.author { return }
    }
    pending = next
  }

  /// The last entry of a feed has no next one to vouch for it: its signature does.
  mutating func finishFeed(into core: inout NodeCore) {
    guard let last = pending else { return }
    pending = nil
    let entry = last.entry
    let key = try? VerifyingKey(entry.author)
    if key?.isValid(entry.signature, over: entry.bytes, domain: .entry, network: network) == true {
      restore(last, into: &core)
    } else {
      damages.append((entry.author, entry.sequence, EntryFault("its signature is not good")))
    }
  }

  /// Cuts a feed at an entry, or one before, when that is where the damage is.
  private mutating func damage(_ read: ReadStoredEntry, _ fault: EntryFault, into core: inout NodeCore) {
    finishFeed(into: &core)
    if damages.last?.author != read.author { damages.append((read.author, read.sequence, fault)) }
  }

  private mutating func restore(_ read: ReadEntry, into core: inout NodeCore) {
    if let fault = core.restore(read.entry, operations: read.operations) {
      damages.append((read.entry.author, read.entry.sequence, fault))
    }
  }
}
