import Market
import NodeCrypto

/// The limit order book of the textbooks, as a plain reference: on each side the price levels in a sorted array, on
/// each level a doubly linked list of orders, and a `Dictionary` from an order's id to its node. Good plain Swift:
/// nodes are in one array and refer to each other by index, the best level is at the array's end.
struct TextbookBook {
  private struct Node {
    var id: OrderID
    var owner: UInt8
    var side: Side
    var tick: Int32
    var next: Int32
    var previous: Int32
  }

  private struct Level {
    var tick: Int32
    var first: Int32
    var last: Int32
  }

  private var nodes: [Node] = []
  private var vacant: [Int32] = []
  private var nodeByID: [OrderID: Int32] = [:]
  /// Ascending by price.
  private var bids: [Level] = []
  /// Descending by price.
  private var offers: [Level] = []

  /// The number of orders.
  var count: Int { nodeByID.count }

  /// Adds a resting order behind the others at its price.
  mutating func add(_ id: OrderID, owner: UInt8, side: Side, tick: Int32) {
    let node = Node(id: id, owner: owner, side: side, tick: tick, next: -1, previous: -1)
    let index: Int32
    if let reused = vacant.popLast() {
      index = reused
      nodes[Int(index)] = node
    } else {
      index = Int32(nodes.count)
      nodes.append(node)
    }
    nodeByID[id] = index
    if side == .bid { Self.append(index, to: &bids, &nodes) } else { Self.append(index, to: &offers, &nodes) }
  }

  private static func append(_ index: Int32, to levels: inout [Level], _ nodes: inout [Node]) {
    let tick = nodes[Int(index)].tick
    let position = position(of: tick, in: levels, nodes[Int(index)].side)
    if position < levels.count, levels[position].tick == tick {
      let last = levels[position].last
      nodes[Int(last)].next = index
      nodes[Int(index)].previous = last
      levels[position].last = index
    } else {
      levels.insert(Level(tick: tick, first: index, last: index), at: position)
    }
  }

  /// Takes an order out.
  mutating func cancel(_ id: OrderID) {
    guard let index = nodeByID.removeValue(forKey: id) else { return }
    unlink(index)
    vacant.append(index)
  }

  /// Takes up to `quantity` orders of the other side, the best first, at prices up to `limit`, none of `owner`.
  mutating func cross(
    _ side: Side, limit: Int32, owner: UInt8, quantity: Int, fill: (OrderID) -> Void
  ) {
    var left = quantity
    var position = (side == .bid ? offers.count : bids.count) - 1
    while left > 0, position >= 0 {
      // A level that is emptied is taken out, which leaves those behind it where they are.
      let level = side == .bid ? offers[position] : bids[position]
      guard side == .bid ? level.tick <= limit : level.tick >= limit else { return }
      var index = level.first
      while left > 0, index >= 0 {
        let node = nodes[Int(index)]
        if node.owner != owner {
          fill(node.id)
          cancel(node.id)
          left -= 1
        }
        index = node.next
      }
      position -= 1
    }
  }

  private mutating func unlink(_ index: Int32) {
    let node = nodes[Int(index)]
    if node.previous >= 0 { nodes[Int(node.previous)].next = node.next }
    if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
    guard node.previous < 0 || node.next < 0 else { return }
    if node.side == .bid { Self.trim(&bids, node) } else { Self.trim(&offers, node) }
  }

  /// Brings the level of a node that was first or last on it up to date.
  private static func trim(_ levels: inout [Level], _ node: Node) {
    let position = position(of: node.tick, in: levels, node.side)
    if node.previous < 0, node.next < 0 {
      levels.remove(at: position)
    } else if node.previous < 0 {
      levels[position].first = node.next
    } else {
      levels[position].last = node.previous
    }
  }

  /// The index of the level at `tick`, or where it would be.
  private static func position(of tick: Int32, in levels: [Level], _ side: Side) -> Int {
    var low = 0
    var high = levels.count
    while low < high {
      let middle = (low + high) / 2
      let isBefore = side == .bid ? levels[middle].tick < tick : levels[middle].tick > tick
      if isBefore { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
