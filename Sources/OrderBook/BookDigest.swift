import Market
import NodeCrypto

extension OrderBook {
  /// The digest of the book: equal on two nodes exactly if the same orders are open and as much of each is left.
  ///
  /// It is a ``SetHash`` over one element for each open order (``OrderState/isOpen``). With integers in big-endian
  /// order, an element is
  ///
  ///     "p2pnode/book/v1" in ASCII (15 bytes) ‖ 0x00 ‖ order id (32 bytes) ‖ side (1 byte: 0 offer, 1 bid) ‖ remainder
  ///
  /// The remainder of a bid is the number of its GPUs not yet taken (4 bytes). The remainder of an offer is, for each
  /// longest run of slots of its window in which the same number of GPUs is used, in ascending order and only where
  /// that number is not 0:
  ///
  ///     first slot (8 bytes) ‖ slot after the last one (8 bytes) ‖ used GPUs (4 bytes)
  ///
  /// where a used number past the offer's GPUs counts as the offer's GPUs, and one below 0 as 0. The terms need not be
  /// in it: the id names the operation that placed the order.
  ///
  /// - Complexity: O(orders changed since the last call), each at the cost of up to two ``SetHash`` operations.
  public mutating func digest() -> Digest { changes.fold(table) }

  /// The same digest, computed from all orders and from nothing that was computed before. O(n).
  public func digestFromScratch() -> Digest {
    var hash = SetHash()
    for position in table.positions {
      for element in table[position].digestElements { hash.add(element) }
    }
    return hash.digest
  }
}

/// Keeps the book's ``SetHash`` up to date with little work: a change only marks the order, and an order that changed
/// ten times since the last digest is hashed once.
struct DigestChanges: Sendable {
  private var hash = SetHash()
  /// By table position: the element that is in the hash for the order there; empty when none is.
  private var hashed: [[[UInt8]]] = []
  /// By table position: whether it is in `marked`.
  private var isMarked: [Bool] = []
  private var marked: [OrderTable.Position] = []
  /// Elements in the hash whose orders have left the table. At most as many as the hash has elements.
  private var departed: [[[UInt8]]] = []

  /// Notes that the order at `position` came or changed. O(1).
  mutating func mark(_ position: OrderTable.Position) {
    let index = Int(position)
    while isMarked.count <= index {
      isMarked.append(false)
      hashed.append([])
    }
    guard !isMarked[index] else { return }
    isMarked[index] = true
    marked.append(position)
  }

  /// Notes that the order at `position`, marked at its insertion, leaves the table. O(1).
  mutating func depart(_ position: OrderTable.Position) {
    guard !hashed[Int(position)].isEmpty else { return }
    departed.append(hashed[Int(position)])
    hashed[Int(position)] = []
  }

  /// Brings the hash up to date with `table`.
  mutating func fold(_ table: OrderTable) -> Digest {
    for element in departed { for part in element { hash.remove(part) } }
    departed.removeAll()
    for position in marked {
      let index = Int(position)
      isMarked[index] = false
      var element: [[UInt8]] = []
      if let state = table.stateIfOccupied(at: position) { element = state.digestElements }
      guard element != hashed[index] else { continue }
      for part in hashed[index] where !element.contains(part) { hash.remove(part) }
      for part in element where !hashed[index].contains(part) { hash.add(part) }
      hashed[index] = element
    }
    marked.removeAll()
    return hash.digest
  }
}

