import Dispatch
import Gossip
import Metrics
import NodeCrypto
import Store
import Synchronization
import Transport

/// Answers peers' requests for history out of the store, piece by piece, at the pace at which each peer takes it, so
/// that a node that serves many newcomers goes on trading.
final class FeedServer: Sendable {
  private struct Job: Sendable {
    let connection: Connection
    let request: UInt64
    var ranges: [FeedRange]
  }

  /// Requests of one peer that may wait; an honest peer has one at a time.
  private static let maximumJobs = 4
  /// What one step reads and sends at most.
  private static let stepBytes = 256 << 10
  /// What one message carries at most besides its envelope.
  private static let messageBytes = 60_000

  private let writer: StoreWriter
  private let refusals: Counter
  /// Reading history must not stand in the way of commits; SQLite lets both happen at once.
  private let queue = DispatchQueue(label: "p2pnode.history")
  private let jobs = Mutex<[UInt64: [Job]]>([:])

  /// - Parameter refusals: counts what is answered with nothing.
  init(writer: StoreWriter, refusals: Counter) {
    self.writer = writer
    self.refusals = refusals
  }

  /// How many requests wait or are being answered.
  var waitingCount: Int { jobs.withLock { $0.values.reduce(0) { $0 + $1.count } } }

  /// Answers a request; one too many of a peer's at once gets an answer with nothing in it.
  func serve(_ connection: Connection, id: UInt64, request: UInt64, ranges: [FeedRange]) {
    let place = jobs.withLock { jobs in
      guard jobs[id, default: []].count < Self.maximumJobs else { return Self.maximumJobs + 1 }
      jobs[id, default: []].append(Job(connection: connection, request: request, ranges: ranges))
      return jobs[id]?.count ?? 1
    }
    if place > Self.maximumJobs {
      refusals.increment()
      let empty = GossipCore.fetchAnswer(id: request, entries: [], done: true)
      connection.send(empty, priority: .answer)
    } else if place == 1 {
      // What is asked for has been announced, so it has been handed to the disk: it is there after these commits.
      writer.afterCommits { _ in self.step(id) }
    }
  }

  /// Goes on where a full connection made it stop.
  func writable(_ id: UInt64) { step(id) }

  /// Forgets a connection's requests.
  func disconnected(_ id: UInt64) { jobs.withLock { $0[id] = nil } }

  private func step(_ id: UInt64) {
    queue.async {
      guard var job = self.jobs.withLock({ $0[id]?.first }) else { return }
      let isDone: Bool
      switch self.send(&job, from: self.writer.store) {
      case .full:
        // The transport tells when there is room again.
        self.jobs.withLock { jobs in if jobs[id]?.isEmpty == false { jobs[id]?[0] = job } }
        return
      case .more: isDone = false
      case .done: isDone = true
      }
      let hasMore = self.jobs.withLock { jobs -> Bool in
        guard jobs[id]?.isEmpty == false else { return false }
        if isDone { jobs[id]?.removeFirst() } else { jobs[id]?[0] = job }
        return jobs[id]?.isEmpty == false
      }
      if hasMore { self.step(id) }
    }
  }

  private enum Progress { case full, more, done }

  private func send(_ job: inout Job, from store: EntryStore) -> Progress {
    var budget = Self.stepBytes
    while !job.ranges.isEmpty, budget > 0 {
      var rest = job.ranges[...]
      let entries = Self.takeMessage(of: &rest, from: store)
      guard !entries.isEmpty else {
        job.ranges = []
        break
      }
      let message = GossipCore.fetchAnswer(
        id: job.request, entries: entries.map { ($0.bytes, $0.signature) }, done: false)
      guard job.connection.send(message, priority: .bulk) != .full else { return .full }
      budget -= message.count
      job.ranges = Array(rest)
    }
    guard job.ranges.isEmpty else { return .more }
    let message = GossipCore.fetchAnswer(id: job.request, entries: [], done: true)
    return job.connection.send(message, priority: .bulk) == .full ? .full : .done
  }

  /// The next entries, as many as go into one message, whatever ranges they are of; none when nothing is left.
  private static func takeMessage(of ranges: inout ArraySlice<FeedRange>, from store: EntryStore) -> [StoredEntry] {
    var message: [StoredEntry] = []
    var room = messageBytes
    while let range = ranges.first, room > 0 {
      // A damaged store gives what it can; the peer asks another one for the rest.
      let entries =
        (try? store.entries(of: range.author, from: range.from, through: range.through, maximumBytes: room)) ?? []
      for entry in entries {
        let size = entry.bytes.count + entry.signature.count + 16
        guard size <= room || message.isEmpty else { return message }
        message.append(entry)
        room -= size
        ranges[ranges.startIndex] = FeedRange(author: range.author, from: entry.sequence + 1, through: range.through)
      }
      if entries.isEmpty || entries.last?.sequence == range.through { ranges.removeFirst() }
    }
    return message
  }
}
