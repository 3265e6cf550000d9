import Gossip
import NodeCore

extension NodeRuntime {
  /// Makes a proof of fraud with what is in the store.
  func collect(_ found: FraudCase) {
    keepEntries()
    let (ranges, maximum) = (found.stored, genesis.limits.entryBytes)
    writer.afterCommits { [weak self] store in
      let stored = ranges.flatMap { range in
        (try? store.entries(
          of: range.author, from: range.from, through: range.through, maximumBytes: FraudProof.maximumBytes)) ?? []
      }
      let entries = stored.compactMap { try? SignedEntry(stored: $0, maximumBytes: maximum) }
      guard let self, let proof = found.proof(with: entries) else { return }
      // A disk forgets; an accusation must not rest on what it holds without a look at the signatures.
      self.pool.check(proof) { [weak self] isValid in
        if isValid { self?.post(.proofFound(proof)) }
      }
    }
  }
}
