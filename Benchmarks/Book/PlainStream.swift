import Market
import MarketFiles
import NodeCrypto

/// Seeded streams of plain limit orders: one class, one slot, one GPU an order, so that a book of GPU time is a book
/// of prices alone.
///
/// What the engines that the targets come from call an operation is here one record: an order that rests (`add`), the
/// removal of a random resting order (`cancel`), an order that takes at once (`cross`).
struct PlainStream {
  /// One operation, without what all have in common.
  struct Operation {
    enum Kind: UInt8 {
      case add
      case cancel
      case cross
    }

    var kind: Kind
    var side: Side
    var owner: UInt8
    /// GPUs: 1 but for a sweep.
    var gpus: UInt8
    /// The price in ticks.
    var tick: Int32
    var id: OrderID
  }

  /// Operations that are timed together, and the adds that come before them and are not timed.
  struct Block {
    var before: [Operation] = []
    var timed: [Operation] = []
  }

  /// As many operations as the longest entry holds.
  static let blockLength = 256

  /// The stream. What is in the book before the first timed operation comes before the first block.
  private(set) var blocks: [Block] = []
  /// The orders that are taken, in order: what every book must agree on.
  private(set) var filled: [OrderID] = []

  /// The number of timed operations.
  var count: Int { blocks.reduce(0) { $0 + $1.timed.count } }

  /// The number of owners.
  static let ownerCount = 64
  /// The price between the two sides in ticks.
  static let middle: Int32 = 1_000_000

  /// Adds, cancels and crossing orders over a book that keeps `live` orders.
  ///
  /// Of a hundred operations, 10 cross and take one order each; the rest adds while the book is smaller than `live`
  /// and cancels while it is larger. That is 45 adds and 45 cancels, but for the five cancels that become adds because
  /// the crossing orders have taken out an order already.
  static func mixed(live: Int, operations count: Int, levels: Int64, seed: UInt64) -> PlainStream {
    var generator = SplitMix64(seed: seed)
    var stream = PlainStream()
    var reference = TextbookBook()
    var ids = RestingIDs()
    func add() -> Operation {
      let operation = resting(levels, gap: 1, &generator)
      reference.add(operation.id, owner: operation.owner, side: operation.side, tick: operation.tick)
      ids.insert(operation.id)
      return operation
    }
    stream.blocks = [Block(before: (0..<live).map { _ in add() })]
    for _ in 0..<count {
      if generator.uniform(in: 0...9) == 0 {
        let operation = crossing(levels, &generator)
        reference.cross(operation.side, limit: operation.tick, owner: operation.owner, quantity: 1) { id in
          stream.filled.append(id)
          ids.remove(id)
        }
        stream.append(operation)
      } else if ids.count < live || (ids.count == live && generator.uniform(in: 0...1) == 0) {
        stream.append(add())
      } else {
        let id = ids.removeAny(using: &generator)
        reference.cancel(id)
        stream.append(Operation(kind: .cancel, side: .bid, owner: 0, gpus: 0, tick: 0, id: id))
      }
    }
    return stream
  }

  /// Resting orders alone.
  static func adds(_ count: Int, levels: Int64, seed: UInt64) -> PlainStream {
    var generator = SplitMix64(seed: seed)
    var stream = PlainStream()
    for _ in 0..<count { stream.append(resting(levels, gap: 1, &generator)) }
    return stream
  }

  /// Sweeps of five orders over three levels (two, two and one), over `live` other orders. The orders that a block's
  /// sweeps take are put in before it.
  static func sweeps(_ count: Int, live: Int, levels: Int64, seed: UInt64) -> PlainStream {
    let sweepsInBlock = blockLength / 5
    // The taker is the last owner and the makers are others, so that every sweep takes what was put there for it.
    let taker = UInt8(ownerCount - 1)
    var generator = SplitMix64(seed: seed)
    var stream = PlainStream()
    stream.blocks = [Block(before: (0..<live).map { _ in resting(levels, gap: Int32(3 * sweepsInBlock), &generator) })]
    for sweep in 0..<count {
      if sweep > 0, sweep % sweepsInBlock == 0 { stream.blocks.append(Block()) }
      let block = stream.blocks.count - 1
      let best = middle + 3 * Int32(sweep % sweepsInBlock)
      for tick in [best, best, best + 1, best + 1, best + 2] {
        let operation = Operation(
          kind: .add, side: .offer, owner: UInt8(generator.uniform(in: 0...Int64(taker) - 1)), gpus: 1, tick: tick,
          id: .random(using: &generator))
        stream.blocks[block].before.append(operation)
        stream.filled.append(operation.id)
      }
      stream.blocks[block].timed.append(
        Operation(kind: .cross, side: .bid, owner: taker, gpus: 5, tick: best + 2, id: .random(using: &generator)))
    }
    return stream
  }

  /// Adds a timed operation.
  private mutating func append(_ operation: Operation) {
    if blocks.last.map({ $0.timed.count >= Self.blockLength }) ?? true { blocks.append(Block()) }
    blocks[blocks.count - 1].timed.append(operation)
  }

  /// An order that crosses nothing: `gap` to `levels` more ticks from the middle.
  private static func resting(_ levels: Int64, gap: Int32, _ generator: inout SplitMix64) -> Operation {
    let side: Side = generator.next() & 1 == 0 ? .offer : .bid
    let distance = gap + Int32(generator.uniform(in: 0...levels - 1))
    return Operation(
      kind: .add, side: side, owner: UInt8(generator.uniform(in: 0...Int64(ownerCount - 1))), gpus: 1,
      tick: side == .offer ? middle + distance : middle - distance, id: .random(using: &generator))
  }

  /// An order that crosses all of the other side.
  private static func crossing(_ levels: Int64, _ generator: inout SplitMix64) -> Operation {
    let side: Side = generator.next() & 1 == 0 ? .offer : .bid
    let reach = Int32(levels)
    return Operation(
      kind: .cross, side: side, owner: UInt8(generator.uniform(in: 0...Int64(ownerCount - 1))), gpus: 1,
      tick: side == .bid ? middle + reach : middle - reach, id: .random(using: &generator))
  }
}

/// The ids of a stream's resting orders, to draw one at random.
struct RestingIDs {
  private var ids: [OrderID] = []
  private var positions: [OrderID: Int] = [:]

  /// The number of ids.
  var count: Int { ids.count }

  /// Puts in an id.
  mutating func insert(_ id: OrderID) {
    positions[id] = ids.count
    ids.append(id)
  }

  /// Takes out an id, if it is in.
  mutating func remove(_ id: OrderID) {
    guard let position = positions.removeValue(forKey: id) else { return }
    let last = ids.removeLast()
    guard last != id else { return }
    ids[position] = last
    positions[last] = position
  }

  /// An id drawn at random; there must be one.
  func any(using generator: inout SplitMix64) -> OrderID {
    ids[Int(generator.uniform(in: 0...Int64(ids.count - 1)))]
  }

  /// Takes out an id drawn at random; there must be one.
  mutating func removeAny(using generator: inout SplitMix64) -> OrderID {
    let id = any(using: &generator)
    remove(id)
    return id
  }
}

extension Identifier {
  /// An identifier of random bytes.
  static func random(using generator: inout SplitMix64) -> Self {
    Self(
      word0: generator.next(), word1: generator.next(), word2: generator.next(), word3: generator.next())
  }
}
