import Gossip
import Market
import NodeCore
import NodeCrypto

/// Checks entries as a node's verification pool does, with real signatures; each entry once for all nodes of a run.
final class Verifier {
  private struct Key: Hashable {
    let id: EntryID
    let signature: Signature
  }

  private let codec: OperationCodec
  private let network: NetworkID
  private let keys = VerifyingKeyCache()
  private var results: [Key: Result<[Operation], EntryFault>] = [:]

  init(genesis: Genesis) {
    codec = OperationCodec(genesis: genesis)
    network = genesis.networkID
  }

  func result(of entry: SignedEntry) -> Result<[Operation], EntryFault> {
    let key = Key(id: entry.id, signature: entry.signature)
    if let known = results[key] { return known }
    let result = check(entry)
    results[key] = result
    return result
  }

  func isValid(_ proof: EquivocationProof) -> Bool {
    [proof.first, proof.second].allSatisfy { entry in
      isValid(SignatureCheck(node: entry.author, message: entry.bytes, signature: entry.signature, domain: .entry))
    }
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
