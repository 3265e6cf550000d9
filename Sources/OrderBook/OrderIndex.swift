import Market

/// Orders sorted by a rank, then by their place in time: the ladders, the expiries and each owner's orders.
///
/// A sorted array in chunks, so that an insertion moves at most one chunk's entries. An entry has the two numbers that
/// decide nearly every comparison; only orders with the same rank and time look up the rest of the priority, in the
/// table's `priorities`.
///
/// Insertion and removal cost O(log n + chunk + n / chunk), the last term being a move of 8 bytes each, rarely.
struct OrderIndex: Sendable {
  /// One order's sort key and position.
  struct Entry: Sendable {
    /// The first criterion, ascending: see the factory methods.
    let rank: Int64
    /// The order's time, in milliseconds.
    let time: Int64
    /// Where the order is in the table.
    let position: OrderTable.Position
  }

  /// Never empty, ascending within and from one to the next.
  private var chunks: [[Entry]] = []

  private static let chunkCapacity = 256

  /// Whether there is no entry.
  var isEmpty: Bool { chunks.isEmpty }
  /// The first entry, or nil.
  var first: Entry? { chunks.first?.first }

  /// Puts in an entry; one that is in already stays in once.
  mutating func insert(_ entry: Entry, _ priorities: [OrderPriority]) {
    guard !chunks.isEmpty else {
      chunks.append([entry])
      return
    }
    let chunk = Swift.min(chunkIndex(of: entry, priorities), chunks.count - 1)
    let offset = Self.lowerBound(of: entry, in: chunks[chunk], priorities)
    if offset < chunks[chunk].count, chunks[chunk][offset].position == entry.position { return }
    chunks[chunk].insert(entry, at: offset)
    if chunks[chunk].count > Self.chunkCapacity {
      let upperHalf = Array(chunks[chunk][(Self.chunkCapacity / 2)...])
      chunks[chunk].removeSubrange((Self.chunkCapacity / 2)...)
      chunks.insert(upperHalf, at: chunk + 1)
    }
  }

  /// Takes out an entry; one that is not in is left alone. The order must still be in the table.
  mutating func remove(_ entry: Entry, _ priorities: [OrderPriority]) {
    let chunk = chunkIndex(of: entry, priorities)
    guard chunk < chunks.count else { return }
    let offset = Self.lowerBound(of: entry, in: chunks[chunk], priorities)
    guard chunks[chunk][offset].position == entry.position else { return }
    chunks[chunk].remove(at: offset)
    if chunks[chunk].isEmpty {
      chunks.remove(at: chunk)
    } else if chunk + 1 < chunks.count, chunks[chunk].count + chunks[chunk + 1].count <= Self.chunkCapacity / 2 {
      chunks[chunk].append(contentsOf: chunks[chunk + 1])
      chunks.remove(at: chunk + 1)
    }
  }

  /// The first chunk that does not end before `entry`; the count of chunks when all do.
  private func chunkIndex(of entry: Entry, _ priorities: [OrderPriority]) -> Int {
    var low = 0
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      let last = chunks[middle][chunks[middle].count - 1]
      if Entry.precedes(last, entry, priorities) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func lowerBound(of entry: Entry, in chunk: [Entry], _ priorities: [OrderPriority]) -> Int {
    var low = 0
    var high = chunk.count
    while low < high {
      let middle = (low + high) / 2
      if Entry.precedes(chunk[middle], entry, priorities) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension OrderIndex.Entry {
  /// Best price first: the lowest ask, the highest bid.
  static func ladder(_ state: OrderState, at position: OrderTable.Position) -> Self {
    Self(rank: ladderRank(state.side, state.price), state, position)
  }

  /// The first to expire first.
  static func expiry(_ state: OrderState, at position: OrderTable.Position) -> Self {
    Self(rank: state.expiry.milliseconds, state, position)
  }

  /// By place in time alone.
  static func owned(_ state: OrderState, at position: OrderTable.Position) -> Self {
    Self(rank: 0, state, position)
  }

  /// The rank of a price on a ladder. The complement turns the order round and, unlike the negative, fits every value.
  static func ladderRank(_ side: Side, _ price: Price) -> Int64 {
    side == .offer ? price.micros : ~price.micros
  }

  /// The price of a ladder's entry.
  func ladderPrice(_ side: Side) -> Price {
    Price(micros: side == .offer ? rank : ~rank)
  }

  /// Whether `left` stands before `right`.
  static func precedes(_ left: Self, _ right: Self, _ priorities: [OrderPriority]) -> Bool {
    if left.rank != right.rank { return left.rank < right.rank }
    if left.time != right.time { return left.time < right.time }
    return priorities[Int(left.position)] < priorities[Int(right.position)]
  }

  private init(rank: Int64, _ state: OrderState, _ position: OrderTable.Position) {
    self.init(rank: rank, time: state.priority.time.milliseconds, position: position)
  }
}

extension OrderIndex: Sequence {
  /// Walks the entries in ascending order.
  struct Iterator: IteratorProtocol {
    private let chunks: [[Entry]]
    private var chunk = 0
    private var offset = 0

    fileprivate init(_ chunks: [[Entry]]) { self.chunks = chunks }

    mutating func next() -> Entry? {
      guard chunk < chunks.count else { return nil }
      let entry = chunks[chunk][offset]
      offset += 1
      if offset == chunks[chunk].count {
        chunk += 1
        offset = 0
      }
      return entry
    }
  }

  func makeIterator() -> Iterator { Iterator(chunks) }
}

/// The entries of several indexes in one ascending order: a bid that accepts several classes sees their ladders as one.
struct MergedOrders: Sequence, IteratorProtocol {
  private var heads: [OrderIndex.Entry] = []
  private var rests: [OrderIndex.Iterator] = []
  private let priorities: [OrderPriority]

  init(_ indexes: [OrderIndex], _ priorities: [OrderPriority]) {
    self.priorities = priorities
    for index in indexes {
      var rest = index.makeIterator()
      guard let head = rest.next() else { continue }
      heads.append(head)
      rests.append(rest)
    }
  }

  /// O(number of indexes).
  mutating func next() -> OrderIndex.Entry? {
    guard !heads.isEmpty else { return nil }
    var best = 0
    for other in heads.indices.dropFirst() where OrderIndex.Entry.precedes(heads[other], heads[best], priorities) {
      best = other
    }
    let entry = heads[best]
    if let head = rests[best].next() {
      heads[best] = head
    } else {
      heads.remove(at: best)
      rests.remove(at: best)
    }
    return entry
  }
}
