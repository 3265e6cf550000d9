import Market
import NodeCrypto

/// The plain way to match rectangles, as a reference: on each price level the offers in an array by priority, each
/// with a plain calendar of the GPUs used in every slot, and a bid walks them all from the cheapest until one fits.
///
/// It is as quick as it gets without an index: what the walk reads lies together, the windows and the offer's GPUs are
/// compared before a calendar is read, a slot is a byte, and a calendar is read only as far as it takes.
struct PlainWalk {
  /// What a bid can have of an offer.
  struct Piece: Equatable {
    var offer: OrderID
    var gpus: Int32
    var slots: SlotRange
  }

  private struct Listing {
    var id: OrderID
    var priority: OrderPriority
    var gpus: Int32
    var start: Int64
    var end: Int64
    /// Where in `used` slot 0 would be.
    var origin: Int64
  }

  /// Where an offer is listed.
  private struct Place {
    var level: Int
    var priority: OrderPriority
    var origin: Int64
  }

  private var levels: [[Listing]]
  /// The GPUs used in each slot of each offer's first window.
  private var used: [UInt8] = []
  private var places: [OrderID: Place] = [:]

  /// The number of offers.
  var count: Int { places.count }

  /// A market without offers on this many levels.
  init(levels: Int) { self.levels = Array(repeating: [], count: levels) }

  /// Lists an offer.
  mutating func add(_ order: Order) {
    guard case .offer(let offer) = order.body else { return }
    let origin = Int64(used.count) - offer.window.start.index
    used.append(contentsOf: repeatElement(0, count: Int(offer.window.count)))
    list(order, offer, origin: origin)
  }

  /// Takes an offer out.
  mutating func remove(_ id: OrderID) {
    guard let place = places.removeValue(forKey: id) else { return }
    levels[place.level].remove(at: position(of: place.priority, on: place.level))
  }

  /// Changes the terms and priority of an offer whose new window lies in the old one.
  mutating func amend(_ order: Order) {
    guard case .offer(let offer) = order.body, let place = places[order.id] else { return }
    remove(order.id)
    list(order, offer, origin: place.origin)
  }

  /// Takes a piece of an offer.
  mutating func take(_ piece: Piece) {
    guard let place = places[piece.offer] else { return }
    for slot in piece.slots.start.index..<piece.slots.end.index {
      used[Int(place.origin + slot)] += UInt8(piece.gpus)
    }
  }

  /// Where a walk is.
  struct Cursor {
    var level = 0
    var index = 0
  }

  /// What the cheapest and then earliest feasible offer gives to `bid`, of which `remaining` GPUs are left.
  ///
  /// - Parameter cursor: where the walk begins, and then where it ended: at the offer of the piece.
  func match(
    _ bid: Bid, owner: NodeID, remaining: Int32, earliestStart: Slot, from cursor: inout Cursor
  ) -> Piece? {
    let smallest = min(bid.minimumGPUs, remaining)
    let limit = min(levels.count - 1, RectangleMarket.level(of: bid.price))
    while cursor.level <= limit {
      let level = cursor.level
      for index in cursor.index..<levels[level].count where levels[level][index].gpus >= smallest {
        let start = max(levels[level][index].start, bid.window.start.index, earliestStart.index)
        let end = min(levels[level][index].end, bid.window.end.index)
        guard end - start >= bid.durationSlots, levels[level][index].priority.owner != owner else { continue }
        let listing = levels[level][index]
        if let piece = piece(of: listing, from: start, to: end, bid.durationSlots, smallest, remaining) {
          cursor.index = index
          return piece
        }
      }
      cursor = Cursor(level: level + 1)
    }
    return nil
  }

  /// The earliest run of `duration` slots with `smallest` GPUs free.
  private func piece(
    of listing: Listing, from start: Int64, to end: Int64, _ duration: Int64, _ smallest: Int32, _ remaining: Int32
  ) -> Piece? {
    var first = start
    var least = listing.gpus
    for slot in start..<end {
      // As many as were amended away may be used all the same.
      let free = listing.gpus - Int32(used[Int(listing.origin + slot)])
      if free < smallest {
        first = slot + 1
        least = listing.gpus
        if end - first < duration { return nil }
      } else {
        least = min(least, free)
        if slot + 1 - first == duration {
          return Piece(
            offer: listing.id, gpus: min(remaining, least), slots: SlotRange(start: Slot(first), end: Slot(slot + 1)))
        }
      }
    }
    return nil
  }

  private mutating func list(_ order: Order, _ offer: Offer, origin: Int64) {
    let level = RectangleMarket.level(of: offer.price)
    let listing = Listing(
      id: order.id, priority: order.priority, gpus: offer.gpus, start: offer.window.start.index,
      end: offer.window.end.index, origin: origin)
    levels[level].insert(listing, at: position(of: order.priority, on: level))
    places[order.id] = Place(level: level, priority: order.priority, origin: origin)
  }

  /// The index of the first listing of a level that is not before `priority`.
  private func position(of priority: OrderPriority, on level: Int) -> Int {
    var low = 0
    var high = levels[level].count
    while low < high {
      let middle = (low + high) / 2
      if levels[level][middle].priority < priority { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
