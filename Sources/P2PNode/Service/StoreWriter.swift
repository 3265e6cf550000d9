import Dispatch
import Gossip
import NodeCrypto
import Store
import Synchronization

/// Puts entries on disk by group commit: whatever is waiting when a commit ends goes into the next one. When the store
/// fails, the same entries are tried again until it takes them; none is dropped and none takes another's place.
final class StoreWriter: Sendable {
  /// What comes of a commit.
  enum Outcome: Sendable {
    /// The own entry with this sequence is on disk.
    case durable(UInt64)
    /// The store does not take entries; it is tried again.
    case failed(String)
    /// The store takes entries again.
    case recovered
    /// What is waiting has fallen below the bound again.
    case drained
  }

  private struct State {
    var entries: [SignedEntry] = []
    var byteCount = 0
    var isOverBound = false
    /// Whether pruned entries are being deleted.
    var isPruning = false
    var proofs: [FraudProof] = []
    var bases: [StoredBase] = []
    /// Keys of orders that own entries place, by the entry's sequence.
    var keys: [UInt64: [StoredKey]] = [:]
    var isScheduled = false
    var isFailing = false
  }

  private static let batch = 4096
  /// Bytes of entries that may wait before peers are made to wait: some seconds of the fastest sender.
  static let maximumBytes = 32 << 20
  private static let retry = DispatchTimeInterval.milliseconds(1000)
  /// Pruned entries that are deleted at a time, and how long commits have the disk to themselves in between.
  private static let pruningStep = 1000
  private static let pruningPause = DispatchTimeInterval.milliseconds(50)

  let store: EntryStore
  private let own: NodeID
  private let instruments: NodeInstruments
  private let report: @Sendable (Outcome) -> Void
  private let queue = DispatchQueue(label: "p2pnode.store")
  private let state = Mutex(State())

  /// A writer to `store`; `report` is called from its queue.
  init(
    store: EntryStore, own: NodeID, instruments: NodeInstruments, report: @escaping @Sendable (Outcome) -> Void
  ) {
    self.store = store
    self.own = own
    self.instruments = instruments
    self.report = report
    // What an earlier run did not come to delete.
    queue.async { self.deletePruned() }
  }

  /// Hands entries over, which one commit takes together as far as it takes anything: what came of one event, an entry
  /// and the answer to it, waits for one sync and not for two.
  ///
  /// - Parameter keys: of the own entries among them, by their sequences, the keys of the orders that they place.
  func keep(_ entries: [SignedEntry], keys: [UInt64: [StoredKey]] = [:]) {
    guard !entries.isEmpty else { return }
    schedule { state in
      state.entries += entries
      state.keys.merge(keys) { $1 }
      state.byteCount += entries.reduce(0) { $0 + $1.bytes.count }
      if state.byteCount > Self.maximumBytes { state.isOverBound = true }
    }
  }

  /// Whether more is waiting than should; ``Outcome/drained`` tells when that is over.
  var isOverBound: Bool { state.withLock { $0.isOverBound } }

  /// Entries that wait, and their bytes.
  var waiting: (entries: Int, byteCount: Int) { state.withLock { ($0.entries.count, $0.byteCount) } }

  /// Hands a proof over.
  func keep(_ proof: FraudProof) { schedule { $0.proofs.append(proof) } }

  /// Holds a feed, once what was handed over before is on disk, only from `first` on.
  func prune(_ author: NodeID, below first: UInt64) {
    schedule { $0.bases.append(StoredBase(author: author, first: first)) }
  }

  private func schedule(_ change: (inout State) -> Void) {
    let mustStart = state.withLock { state in
      change(&state)
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    if mustStart { queue.async { self.commitWaiting() } }
  }

  /// Runs `body` on the store's queue, after everything handed over so far has been tried.
  func afterCommits(_ body: @escaping @Sendable (EntryStore) -> Void) {
    queue.async { body(self.store) }
  }

  /// Runs `body` on the store's queue and waits for it.
  func syncAfterCommits<Value>(_ body: (EntryStore) -> Value) -> Value {
    queue.sync {
      // Work that was scheduled later in this queue is done now: the caller needs all of it on disk.
      commitWaiting()
      return body(store)
    }
  }

  private func commitWaiting() {
    while true {
      let (entries, proofs, bases, keys) = state.withLock { state in
        if state.entries.isEmpty, state.proofs.isEmpty, state.bases.isEmpty { state.isScheduled = false }
        // A base counts together with or after all that was handed over before it.
        let bases = state.entries.count <= Self.batch ? state.bases : []
        let entries = Array(state.entries.prefix(Self.batch))
        let keys =
          state.keys.isEmpty ? [] : entries.filter { $0.author == own }.flatMap { state.keys[$0.sequence] ?? [] }
        return (entries, state.proofs, bases, keys)
      }
      guard !entries.isEmpty || !proofs.isEmpty || !bases.isEmpty else { return }
      let started = MonotonicTime.nanoseconds
      do {
        try store.append(entries.map(\.stored), proofs: proofs.map(\.stored), bases: bases, keys: keys)
      } catch {
        instruments.storeFailures.increment()
        let isNew = state.withLock { state in
          defer { state.isFailing = true }
          return !state.isFailing
        }
        if isNew { report(.failed(error.description)) }
        queue.asyncAfter(deadline: .now() + Self.retry) { self.commitWaiting() }
        return
      }
      instruments.commit.recordNanoseconds(MonotonicTime.nanoseconds - started)
      instruments.commitEntries.record(entries.count)
      let (hasRecovered, hasDrained) = state.withLock { state in
        state.entries.removeFirst(entries.count)
        state.proofs.removeFirst(proofs.count)
        state.bases.removeFirst(bases.count)
        for entry in entries where entry.author == own { state.keys[entry.sequence] = nil }
        state.byteCount -= entries.reduce(0) { $0 + $1.bytes.count }
        let hasDrained = state.isOverBound && state.byteCount <= Self.maximumBytes / 2
        if hasDrained { state.isOverBound = false }
        defer { state.isFailing = false }
        return (state.isFailing, hasDrained)
      }
      if hasRecovered { report(.recovered) }
      if hasDrained { report(.drained) }
      for entry in entries where entry.author == own { report(.durable(entry.sequence)) }
      if !bases.isEmpty { startPruning() }
    }
  }

  /// Begins to delete pruned entries, unless that is under way.
  private func startPruning() {
    let isFirst = state.withLock { state in
      defer { state.isPruning = true }
      return !state.isPruning
    }
    if isFirst { queue.async { self.deletePruned() } }
  }

  /// Deletes pruned entries a little at a time, so that no commit waits for more than one step.
  private func deletePruned() {
    // A disk that takes no deletion takes no entry either, and that is reported.
    guard let count = try? store.deletePruned(maximum: Self.pruningStep), count == Self.pruningStep else {
      return state.withLock { $0.isPruning = false }
    }
    queue.asyncAfter(deadline: .now() + Self.pruningPause) { self.deletePruned() }
  }
}

extension SignedEntry {
  /// The entry as it lies on disk.
  var stored: StoredEntry {
    StoredEntry(author: author, sequence: sequence, bytes: bytes, signature: signature.bytes)
  }

  /// Reads an entry from disk; its id is computed from the bytes, so damage shows.
  init(stored: StoredEntry, maximumBytes: Int) throws(EntryError) {
    try self.init(bytes: stored.bytes, signature: stored.signature, maximumBytes: maximumBytes)
  }
}

extension FraudProof {
  /// The proof as it lies on disk.
  var stored: StoredProof {
    StoredProof(
      kind: kind.rawValue, entries: entries.map(\.stored), statement: statement?.bytes ?? [],
      statementSignature: statement?.signature.bytes ?? [])
  }

  /// Reads a proof from disk; nil when it is damaged.
  init?(stored: StoredProof, maximumEntryBytes: Int) {
    guard let kind = FraudKind(rawValue: stored.kind) else { return nil }
    let entries = stored.entries.compactMap { try? SignedEntry(stored: $0, maximumBytes: maximumEntryBytes) }
    guard entries.count == stored.entries.count else { return nil }
    let statement = Signature(bytes: stored.statementSignature).map {
      Statement(bytes: stored.statement, signature: $0)
    }
    self.init(kind, entries: entries, statement: statement)
  }
}
