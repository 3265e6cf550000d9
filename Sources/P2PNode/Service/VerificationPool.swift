import Gossip
import Market
import NIOPosix
import NodeCore
import NodeCrypto
import Synchronization
import Transport

import class Foundation.ProcessInfo
import var Glibc.PRIO_PROCESS
import struct Glibc.__priority_which_t
import func Glibc.sched_yield
import func Glibc.setpriority

/// Checks entries on all cores, off the event loops and off the writer: reads the operations, then verifies every
/// signature in them. Results come back in any order; the core puts entries in theirs.
///
/// The connections have fair turns. The first entry of a connection that turns out bad ends the connection, so nothing
/// else that waits of it is checked: whoever sends bad signatures costs the checks of the turns that are under way, and
/// not those of all that fits into its window.
///
/// The threads give way to the others of the process: they take all the time that nobody else needs, and a flood of
/// entries does not keep the event loops and the writer waiting for a core.
final class VerificationPool: Sendable {
  private struct State {
    var waiting = FairQueue<Job>()
    /// Tasks that check at this moment.
    var taskCount = 0
  }

  /// Tasks at a time.
  private static let maximumTasks = ProcessInfo.processInfo.activeProcessorCount
  /// Entries of which it is told together what has become of them: less than a millisecond's work.
  private static let batchCount = 16
  /// The nice value of the threads: a third of another thread's share where both want a core.
  private static let niceness: Int32 = 5

  private let codec: OperationCodec
  private let network: NetworkID
  private let keys = VerifyingKeyCache()
  private let known = KnownSignatures()
  private let threads = NIOThreadPool(numberOfThreads: maximumTasks)
  private let state = Mutex(State())
  private let completion: @Sendable ([Outcome]) -> Void
  private let instruments: NodeInstruments
  private let watch: SettlementWatch

  /// - Parameters:
  ///   - watch: hears of the operations of good entries.
  ///   - completion: gets what became of the entries, each once, in groups, from any thread.
  init(
    genesis: Genesis, instruments: NodeInstruments, watch: SettlementWatch,
    completion: @escaping @Sendable ([Outcome]) -> Void
  ) {
    codec = OperationCodec(genesis: genesis)
    network = genesis.networkID
    self.instruments = instruments
    self.watch = watch
    self.completion = completion
    threads.start()
  }

  deinit { threads.shutdownGracefully { _ in } }

  /// Runs `body` on one of the threads; nothing is run any more when they are being shut down.
  private func run(_ body: @escaping @Sendable () -> Void) {
    threads.submit { state in
      guard state == .active else { return }
      // Of a Linux process each thread has a nice value of its own; 0 is the calling one.
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
      body()
    }
  }

  /// An entry to check, and the place that its message takes until that is done.
  struct Job: Sendable {
    let entry: SignedEntry
    let credit: Credit
  }

  /// What became of a job, and the place that its message still takes.
  struct Outcome: Sendable {
    let entry: SignedEntry
    /// What was found; nil when it was not looked at.
    let result: Result<[Operation], EntryFault>?
    let credit: Credit

    /// The same for the core.
    var event: NodeEvent { result.map { .verified(entry, $0) } ?? .unchecked(entry) }
  }

  /// Whether nothing is being checked and nothing waits for it.
  var isIdle: Bool { state.withLock { $0.taskCount == 0 } }
  /// Entries that wait.
  var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Checks entries.
  func check(_ jobs: [Job]) {
    let newTasks = state.withLock { state in
      for job in jobs {
        state.waiting.append(job, from: job.credit.connection.id, byteCount: job.entry.bytes.count)
      }
      let newTasks = min(jobs.count, Self.maximumTasks - state.taskCount)
      state.taskCount += newTasks
      return newTasks
    }
    for _ in 0..<newTasks { run { self.work() } }
  }

  /// Takes one turn of a connection after the other, until nothing waits.
  ///
  /// What has become of the entries is handed over together as long as more waits: each time costs the threads on both
  /// sides as much as a part of a verification.
  private func work() {
    var outcomes: [Outcome] = []
    var jobs: [Job] = []
    while true {
      jobs.removeAll(keepingCapacity: true)
      let isLast = state.withLock { state in
        state.waiting.removeFirst(upTo: 0, into: &jobs)
        return state.waiting.isEmpty
      }
      if let connection = jobs.first?.credit.connection.id { check(jobs, from: connection, into: &outcomes) }
      if isLast || outcomes.count >= Self.batchCount {
        if !outcomes.isEmpty { completion(outcomes) }
        outcomes.removeAll(keepingCapacity: true)
      }
      guard isLast else { continue }
      let isDone = state.withLock { state in
        if state.waiting.isEmpty { state.taskCount -= 1 }
        return state.waiting.isEmpty
      }
      if isDone { return }
    }
  }

  private func check(_ jobs: [Job], from connection: ConnectionID, into outcomes: inout [Outcome]) {
    var left = jobs[...]
    while let job = left.popFirst() {
      let result = result(of: job.entry)
      // Who wakes on this core waits for one check, not for the rest of the thread's slice.
      sched_yield()
      outcomes.append(Outcome(entry: job.entry, result: result, credit: job.credit))
      guard case .failure = result else { continue }
      left += state.withLock { $0.waiting.removeAll(from: connection) }
      instruments.entriesVerified["unchecked"].increment(by: left.count)
      outcomes += left.map { Outcome(entry: $0.entry, result: nil, credit: $0.credit) }
      break
    }
  }

  /// Checks a proof of fraud: its signatures, and that what is signed is a fraud of its kind.
  func check(_ proof: FraudProof, completion: @escaping @Sendable (Bool) -> Void) {
    run {
      let isValid = OperationCodec.signatureChecks(of: proof).allSatisfy(self.isValid) && self.codec.shows(proof)
      self.instruments.proofsVerified[isValid ? "valid" : "invalid"].increment()
      completion(isValid)
    }
  }

  private func result(of entry: SignedEntry) -> Result<[Operation], EntryFault> {
    let started = MonotonicTime.nanoseconds
    defer { instruments.verification.recordNanoseconds(MonotonicTime.nanoseconds - started) }
    let operations: [Operation]
    do {
      operations = try codec.operations(of: entry)
    } catch {
      instruments.entriesVerified["bad_operations"].increment()
      return .failure(EntryFault("an entry of \(entry.author.short()): \(error)"))
    }
    for check in OperationCodec.signatureChecks(of: entry, operations: operations) where !isValid(check) {
      instruments.entriesVerified["bad_signature"].increment()
      return .failure(
        EntryFault("entry \(entry.sequence) of \(entry.author.short()): a bad signature of \(check.node.short())"))
    }
    instruments.validEntries.increment()
    instruments.count(operations, isOwn: false)
    watch.heard(operations, now: started)
    return .success(operations)
  }

  private func isValid(_ check: SignatureCheck) -> Bool {
    // A trade's two signatures each stand in both feeds; the second time they are known.
    let isShared = check.domain != .entry
    if isShared, known.contains(check) {
      instruments.signaturesVerified["known"].increment()
      return true
    }
    guard let key = try? keys.key(for: check.node),
      key.isValid(check.signature, over: check.message, domain: check.domain, network: network)
    else {
      instruments.signaturesVerified["invalid"].increment()
      return false
    }
    instruments.validSignatures.increment()
    if isShared { known.insert(check) }
    return true
  }
}
