import Dispatch
import Gossip
import Market
import NodeCore
import NodeCrypto
import Synchronization

/// Checks entries on all cores, off the event loops and off the writer: reads the operations, then verifies every
/// signature in them. Results come back in any order; the core puts entries in theirs.
final class VerificationPool: Sendable {
  /// Entries that one task checks in a row: enough to make the hand-over cheap, few enough to use all cores.
  private static let batch = 16

  private let codec: OperationCodec
  private let network: NetworkID
  private let keys = VerifyingKeyCache()
  private let known = KnownSignatures()
  private let queue = DispatchQueue(label: "p2pnode.verify", attributes: .concurrent)

  init(genesis: Genesis) {
    codec = OperationCodec(genesis: genesis)
    network = genesis.networkID
  }

  /// An entry to check, and the place that its message takes until that is done.
  struct Job: Sendable {
    let entry: SignedEntry
    let credit: Credit?
  }

  /// What became of a job: a ``NodeEvent/verified(_:_:)``, and the place that its message still takes.
  struct Outcome: Sendable {
    let event: NodeEvent
    let credit: Credit?
  }

  /// Checks entries; calls `completion` with an outcome for each, in batches, from any thread.
  func check(_ jobs: [Job], completion: @escaping @Sendable ([Outcome]) -> Void) {
    for start in stride(from: 0, to: jobs.count, by: Self.batch) {
      let batch = jobs[start..<min(start + Self.batch, jobs.count)]
      queue.async {
        completion(
          batch.map { Outcome(event: .verified($0.entry, self.result(of: $0.entry)), credit: $0.credit) })
      }
    }
  }

  /// Checks the signature of one entry, and nothing else of it.
  func check(signatureOf entry: SignedEntry, completion: @escaping @Sendable (Bool) -> Void) {
    queue.async { completion(self.isValid(Self.ownCheck(entry))) }
  }

  private static func ownCheck(_ entry: SignedEntry) -> SignatureCheck {
    SignatureCheck(node: entry.author, message: entry.bytes, signature: entry.signature, domain: .entry)
  }

  /// Checks the two signatures of a proof.
  func check(_ proof: EquivocationProof, completion: @escaping @Sendable (Bool) -> Void) {
    queue.async {
      completion([proof.first, proof.second].allSatisfy { self.isValid(Self.ownCheck($0)) })
    }
  }

  private func result(of entry: SignedEntry) -> Result<[Operation], EntryFault> {
    let operations: [Operation]
    do {
      operations = try codec.operations(of: entry)
    } catch {
      return .failure(EntryFault("an entry of \(entry.author.short()): \(error)"))
    }
    for check in OperationCodec.signatureChecks(of: entry, operations: operations) where !isValid(check) {
      return .failure(
        EntryFault("entry \(entry.sequence) of \(entry.author.short()): a bad signature of \(check.node.short())"))
    }
    return .success(operations)
  }

  private func isValid(_ check: SignatureCheck) -> Bool {
    // A trade's two signatures each stand in both feeds; the second time they are known.
    let isShared = check.domain != .entry
    if isShared, known.contains(check) { return true }
    guard let key = try? keys.key(for: check.node),
      key.isValid(check.signature, over: check.message, domain: check.domain, network: network)
    else { return false }
    if isShared { known.insert(check) }
    return true
  }
}

/// Signatures that were found good, so that none is verified twice. Bounded: when the younger half is full, the older
/// is forgotten.
private final class KnownSignatures: Sendable {
  private struct State {
    var young: Set<Digest> = []
    var old: Set<Digest> = []
  }

  private static let half = 32_768
  private let state = Mutex(State())

  func contains(_ check: SignatureCheck) -> Bool {
    let key = Self.key(check)
    return state.withLock { $0.young.contains(key) || $0.old.contains(key) }
  }

  func insert(_ check: SignatureCheck) {
    let key = Self.key(check)
    state.withLock { state in
      if state.young.count >= Self.half {
        state.old = state.young
        state.young = []
      }
      state.young.insert(key)
    }
  }

  private static func key(_ check: SignatureCheck) -> Digest {
    var bytes: [UInt8] = [check.domain == .terms ? 0 : 1]
    check.node.append(to: &bytes)
    check.signature.append(to: &bytes)
    bytes += check.message
    return Blake2b.hash(bytes)
  }
}
