import Gossip
import Logging
import Market
import NodeCrypto
import Store

/// Writes down where to begin after a restart, when that has changed: first the neighbours that this node chose itself,
/// then other addresses at which nodes were reached.
struct AddressKeeper {
  /// How often the addresses are looked at, in milliseconds.
  private static let pause: Int64 = 1000

  private struct Kept: Equatable {
    var address: String
    var node: NodeID
  }

  private var kept: [Kept] = []
  private var lookedAt = Timestamp.zero

  /// Looks at the addresses, and hands them to the disk when they are others than before.
  mutating func keep(
    _ addresses: @autoclosure () -> [(address: PeerAddress, node: NodeID)], by writer: StoreWriter, now: Timestamp,
    logger: Logger
  ) {
    guard now - lookedAt >= Self.pause else { return }
    lookedAt = now
    let present = addresses().map { Kept(address: $0.address.description, node: $0.node) }
    guard !present.isEmpty, present != kept else { return }
    kept = present
    writer.afterCommits { store in
      do throws(StoreError) {
        try store.replaceAddresses(present.map { ($0.address, $0.node) })
      } catch {
        logger.warning("keeping addresses", metadata: ["error": "\(error)"])
      }
    }
  }
}
