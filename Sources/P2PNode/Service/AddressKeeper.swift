import Gossip
import Logging
import Market
import NodeCrypto
import Store

/// Writes down where the peers can be dialled, when that has changed: a restarted node asks them for its own feed.
struct AddressKeeper {
  /// How often the peers are looked at, in milliseconds.
  private static let pause: Int64 = 1000

  private struct Kept: Equatable {
    var address: String
    var node: NodeID
  }

  private var kept: [Kept] = []
  private var lookedAt = Timestamp.zero

  /// Looks at the peers, and hands their addresses to the disk when they are others than before.
  mutating func keep(_ peers: @autoclosure () -> [Peer], by writer: StoreWriter, now: Timestamp, logger: Logger) {
    guard now - lookedAt >= Self.pause else { return }
    lookedAt = now
    let present = peers().compactMap { peer in
      peer.listens.map { Kept(address: $0.description, node: peer.node) }
    }
    guard !present.isEmpty, present != kept else { return }
    kept = present
    writer.afterCommits { store in
      do throws(StoreError) {
        try store.replaceAddresses(present.map { ($0.address, $0.node) })
      } catch {
        logger.warning("keeping the peers' addresses", metadata: ["error": "\(error)"])
      }
    }
  }
}
