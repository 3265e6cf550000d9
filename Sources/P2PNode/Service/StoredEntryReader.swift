import Dispatch
import Gossip
import NodeCore
import NodeCrypto
import Store
import Synchronization

/// A stored entry whose bytes are one, with its operations; nil where they do not decode, which the core says then.
struct ReadEntry: Sendable {
  let entry: SignedEntry
  let operations: [Operation]?
}

/// A stored entry, read.
struct ReadStoredEntry: Sendable {
  /// Under which name it lies on the disk.
  let author: NodeID
  let sequence: UInt64
  /// What it is, or why it is none.
  let content: Result<ReadEntry, EntryFault>
}

/// Reads all entries of a store in their order: one thread reads rows, others make entries of them and decode their
/// operations, some batches ahead of whoever takes them.
struct StoredEntryReader {
  let store: EntryStore
  let codec: OperationCodec
  let maximumBytes: Int

  /// Bytes of entries that are read in one go, and batches that are under way at most.
  private static let batchByteCount = 256 << 10
  private static let batchesAhead = 8

  /// Some entries on their way through the threads.
  private final class Batch: Sendable {
    private let stored: [StoredEntry]
    private let read = Mutex<[ReadStoredEntry]>([])
    private let isDone = DispatchSemaphore(value: 0)

    init(_ stored: [StoredEntry]) { self.stored = stored }

    func work(_ reader: StoredEntryReader) {
      let result = stored.map(reader.read)
      read.withLock { $0 = result }
      isDone.signal()
    }

    /// Waits until all of them are read.
    func take() -> [ReadStoredEntry] {
      isDone.wait()
      return read.withLock { $0 }
    }
  }

  /// What the reading thread has handed over.
  private final class Line: Sendable {
    private struct State {
      var batches: [Batch] = []
      var result: Result<Void, StoreError>?
    }

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)
    private let room = DispatchSemaphore(value: StoredEntryReader.batchesAhead)

    func append(_ batch: Batch) {
      room.wait()
      state.withLock { $0.batches.append(batch) }
      filled.signal()
    }

    func finish(_ result: Result<Void, StoreError>) {
      state.withLock { $0.result = result }
      filled.signal()
    }

    /// The next batch, in the order of the rows; nil behind the last.
    func next() throws(StoreError) -> Batch? {
      filled.wait()
      let (batch, result) = state.withLock { state in
        (state.batches.isEmpty ? nil : state.batches.removeFirst(), state.result)
      }
      room.signal()
      if let batch { return batch }
      try result?.get()
      return nil
    }
  }

  /// Calls `body` with every entry that is not before its feed's base, feed by feed, each feed in its order.
  func forEach(_ body: (ReadStoredEntry) -> Void) throws(StoreError) {
    let line = Line()
    // Threads of its own: work on the global queues may wait for the very thread that waits here.
    let (rows, work) = (
      DispatchQueue(label: "p2pnode.restore.rows"),
      DispatchQueue(label: "p2pnode.restore.entries", attributes: .concurrent)
    )
    rows.async {
      var (stored, byteCount): ([StoredEntry], Int) = ([], 0)
      func handOver() {
        let batch = Batch(stored)
        line.append(batch)
        work.async { batch.work(self) }
        (stored, byteCount) = ([], 0)
      }
      let result = Result { () throws(StoreError) in
        try store.forEachEntry { entry in
          stored.append(entry)
          byteCount += entry.bytes.count
          if byteCount >= Self.batchByteCount { handOver() }
        }
      }
      if !stored.isEmpty { handOver() }
      line.finish(result)
    }
    while let batch = try line.next() {
      for entry in batch.take() { body(entry) }
    }
  }

  private func read(_ stored: StoredEntry) -> ReadStoredEntry {
    let content = Result { () throws(EntryFault) in
      do throws(EntryError) {
        let entry = try SignedEntry(stored: stored, maximumBytes: maximumBytes)
        return ReadEntry(entry: entry, operations: try? codec.operations(of: entry))
      } catch {
        throw EntryFault(error.description)
      }
    }
    return ReadStoredEntry(author: stored.author, sequence: stored.sequence, content: content)
  }
}
