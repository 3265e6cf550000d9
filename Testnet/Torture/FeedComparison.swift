import NodeCrypto
import Store

/// Whether any author has signed two entries at one place: all stores of a market, read side by side, without any code of
/// the node's but the reading of its database.
enum FeedComparison {
  private struct Place: Hashable {
    let author: NodeID
    let sequence: UInt64
  }

  /// Looks through the stores of nodes that do not run.
  static func run(_ market: TortureMarket) -> [Violation] {
    var found: [Violation] = []
    var entries: [Place: StoredEntry] = [:]
    for member in market.members {
      do throws(StoreError) {
        let store = try EntryStore(path: member.store, network: market.genesis.networkID, node: member.node)
        var previous: Place?
        try store.forEachEntry { entry in
          let place = Place(author: entry.author, sequence: entry.sequence)
          if let first = entries.updateValue(entry, forKey: place), first.bytes != entry.bytes {
            found.append(
              Violation(.fork, "\(entry.author) has two entries \(entry.sequence); one is at node \(member.number)"))
          }
          if let previous, previous.author == place.author, previous.sequence + 1 != place.sequence {
            found.append(
              Violation(.stuck, "node \(member.number)'s feed of \(place.author) has a gap before \(place.sequence)"))
          }
          previous = place
        }
        for proof in try store.proofs() {
          found.append(Violation(.fork, "node \(member.number) has a proof against \(proof.entries[0].author)"))
        }
        try store.close()
      } catch {
        found.append(Violation(.stuck, "node \(member.number)'s store cannot be read in the end: \(error)"))
      }
    }
    return found
  }
}
