import Gossip
import Market
import NodeCrypto
import Settlement

/// Whether a proof of fraud proves what it says: its shape is its type's, the rest is looked at here.
extension OperationCodec {
  /// Whether the operations in a proof are a fraud of its kind; who signed what, ``signatureChecks(of:)`` says.
  ///
  /// - Complexity: O(bytes); of an overfill that of applying the operations of all its entries to an empty market.
  public func shows(_ proof: FraudProof) -> Bool {
    switch proof.kind {
    case .fork, .backdated: true
    case .phantomAccept, .phantomConfirm: showsPhantom(proof)
    case .overfill: showsOverfill(proof)
    }
  }

  /// The signatures that have to be good. Ids in signed entries vouch for the entries before them.
  public static func signatureChecks(of proof: FraudProof) -> [SignatureCheck] {
    var checks = proof.witnesses.map {
      SignatureCheck(node: $0.author, message: $0.bytes, signature: $0.signature, domain: .entry)
    }
    if let statement = proof.statement {
      checks.append(
        SignatureCheck(
          node: proof.author, message: statement.bytes, signature: statement.signature,
          domain: proof.kind == .phantomAccept ? .acceptance : .confirmation))
    }
    return checks
  }

  private func showsPhantom(_ proof: FraudProof) -> Bool {
    guard let statement = proof.statement else { return false }
    let sequence =
      proof.kind == .phantomAccept
      ? (try? Acceptance(decoding: statement.bytes))?.sequence
      : (try? Confirmation(decoding: statement.bytes, network: genesis.networkID))?.sequence
    guard sequence == proof.sequence else { return false }
    // An entry that no node takes has nothing of what it says.
    guard let operations = try? operations(of: proof.entries[0]) else { return true }
    return !Self.has(statement.bytes, operations)
  }

  /// Whether one of the operations is an accept or a confirm with exactly these bytes.
  static func has(_ statement: [UInt8], _ operations: [Operation]) -> Bool {
    operations.contains { operation in
      switch operation {
      case .accept(_, let decision): decision.bytes == statement
      case .confirm(let confirmation, _): confirmation.signed.bytes == statement
      default: false
      }
    }
  }

  private func showsOverfill(_ proof: FraudProof) -> Bool {
    var exchange = Exchange(genesis: genesis, own: proof.author, seed: 0)
    exchange.isExcerpt = true
    exchange.jump(proof.author)
    var changes: [Change] = []
    for entry in proof.entries {
      changes = []
      guard let operations = try? operations(of: entry) else { return false }
      exchange.enter(entry.author, at: entry.time, sequence: entry.sequence, into: &changes)
      for (index, operation) in operations.enumerated() {
        let place = Place(author: entry.author, time: entry.time, sequence: entry.sequence, index: UInt32(index))
        exchange.apply(operation, at: place, into: &changes)
      }
    }
    return changes.contains { if case .overfilled = $0 { true } else { false } }
  }
}
