import Dispatch
import Gossip
import Logging
import NodeCore

/// What passes the writer is counted here.
extension NodeRuntime {
  /// Where an own entry's operations are counted, off the writer's queue.
  private static let counting = DispatchQueue(label: "p2pnode.counting", qos: .userInitiated)

  /// Counts an entry that goes to the disk, and an own one's operations: those of others were counted when they were
  /// checked.
  func note(_ entry: SignedEntry, _ operations: [Operation]) {
    let isOwn = entry.author == own
    instruments.persists(entry, isOwn: isOwn)
    guard isOwn else { return }
    let now = MonotonicTime.nanoseconds
    signedEntry = (entry.sequence, now)
    Self.counting.async { [instruments, watch] in
      instruments.count(operations, isOwn: true)
      instruments.ownEntryOperations.record(operations.count)
      watch.wrote(operations, now: now)
    }
  }

  /// Times an own entry that is on disk now.
  func timeOwnEntry(_ sequence: UInt64) {
    guard let signed = signedEntry, signed.sequence == sequence else { return }
    instruments.ownEntry.recordNanoseconds(MonotonicTime.nanoseconds - signed.nanoseconds)
    signedEntry = nil
  }

  /// Logs what was found wrong with entries.
  func logFaults(_ outcomes: [VerificationPool.Outcome]) {
    for case .failure(let fault)? in outcomes.map(\.result) {
      logger.debug("invalid entry", metadata: ["why": "\(fault)"])
    }
  }

  /// Counts and times a command.
  func timed<Value>(
    _ command: String, _ body: () async -> Result<Value, CommandRefusal>
  ) async -> Result<Value, CommandRefusal> {
    let started = MonotonicTime.nanoseconds
    let result = await body()
    instruments.answered(command, result, after: MonotonicTime.nanoseconds - started)
    return result
  }
}
