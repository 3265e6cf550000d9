import Gossip
import Market
import NodeCore
import NodeCrypto

/// The number of an entry in its run's ``EntryPool``.
typealias EntryNumber = Int32

/// Every entry of a run, once: its bytes, and what the checks of its signatures and operations said.
///
/// A thousand nodes that hold the same entry hold its number. Each entry is checked once, with real signatures, so that
/// the cost of a run is the protocol's.
public final class EntryPool {
  private struct Key: Hashable {
    let id: EntryID
    let signature: Signature
  }

  private let codec: OperationCodec
  private let network: NetworkID
  private let keys = VerifyingKeyCache()
  private var numbers: [Key: EntryNumber] = [:]
  private var entries: ContiguousArray<SignedEntry> = []
  private var results: ContiguousArray<Result<[Operation], EntryFault>?> = []

  /// The pool of a run on one market.
  public init(genesis: Genesis) {
    codec = OperationCodec(genesis: genesis)
    network = genesis.networkID
  }

  /// How many different entries there have been.
  public var count: Int { entries.count }

  func number(of entry: SignedEntry) -> EntryNumber {
    let key = Key(id: entry.id, signature: entry.signature)
    if let known = numbers[key] { return known }
    let number = EntryNumber(entries.count)
    numbers[key] = number
    entries.append(entry)
    results.append(nil)
    return number
  }

  subscript(_ number: EntryNumber) -> SignedEntry { entries[Int(number)] }

  /// The operations of an entry, or why it is invalid, as a node's verification has it.
  public func result(of entry: SignedEntry) -> Result<[Operation], EntryFault> {
    let number = Int(number(of: entry))
    if let known = results[number] { return known }
    let result = check(entry)
    results[number] = result
    return result
  }

  /// Whether a proof of fraud proves what it says, as a node's verification has it.
  public func isValid(_ proof: FraudProof) -> Bool {
    OperationCodec.signatureChecks(of: proof).allSatisfy(isValid) && codec.shows(proof)
  }

  private func check(_ entry: SignedEntry) -> Result<[Operation], EntryFault> {
    let operations: [Operation]
    do { operations = try codec.operations(of: entry) } catch { return .failure(EntryFault(error.description)) }
    for check in OperationCodec.signatureChecks(of: entry, operations: operations) where !isValid(check) {
      return .failure(EntryFault("a bad signature of \(check.node.short())"))
    }
    return .success(operations)
  }

  private func isValid(_ check: SignatureCheck) -> Bool {
    guard let key = try? keys.key(for: check.node) else { return false }
    return key.isValid(check.signature, over: check.message, domain: check.domain, network: network)
  }
}
