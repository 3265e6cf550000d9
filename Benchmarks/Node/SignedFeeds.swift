import Dispatch
import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Synchronization

/// Feeds of several authors, signed beforehand: offers of which none crosses another order.
struct SignedFeeds: Sendable {
  /// The most authors; fewer where there are not as many entries.
  static let maximumAuthors = 64

  /// By author, each in its order.
  let feeds: [[SignedEntry]]
  /// Orders in each entry.
  let operations: Int

  private let network: NetworkID

  /// Feeds of at least `orders` orders together, with `operations` of them in each entry.
  init(orders: Int, operations: Int, in laboratory: Laboratory) {
    let (genesis, start) = (laboratory.genesis, laboratory.start)
    let authors = max(1, min(Self.maximumAuthors, orders / operations))
    let each = max(1, (orders + operations * authors - 1) / (operations * authors))
    let seeds = (0..<authors).map { _ in laboratory.generator.next() }
    let feeds = Mutex([[SignedEntry]](repeating: [], count: authors))
    DispatchQueue.concurrentPerform(iterations: authors) { author in
      var generator = SplitMix64(seed: seeds[author])
      let feed = Self.feed(each, operations, genesis: genesis, start: start, generator: &generator)
      feeds.withLock { $0[author] = feed }
    }
    self.feeds = feeds.withLock { $0 }
    self.operations = operations
    network = genesis.networkID
  }

  private static func feed(
    _ count: Int, _ operations: Int, genesis: Genesis, start: Timestamp, generator: inout SplitMix64
  ) -> [SignedEntry] {
    let (identity, codec) = (Identity.generate(), OperationCodec(genesis: genesis))
    let firstSlot = genesis.slot(startingFrom: start + 3_600_000)
    var head = Head.origin(of: genesis.networkID)
    var entries: [SignedEntry] = []
    for number in 0..<count {
      var payload: [UInt8] = []
      for _ in 0..<operations {
        let from = firstSlot + Int64.random(in: 0..<1000, using: &generator)
        let window = SlotRange(start: from, end: from + Int64.random(in: 60..<1440, using: &generator))
        let offer = Offer(
          gpuClass: GPUClassIndex(0), gpus: Int32.random(in: 1...8, using: &generator), window: window,
          price: Price(micros: Int64.random(in: 2_000_000..<4_000_000, using: &generator)),
          expiry: genesis.start(of: window.end))
        payload += codec.encode(.place(.offer(offer)))
      }
      let entry = SignedEntry(
        after: head, time: start + Int64(number), payload: payload, identity: identity, network: genesis.networkID)
      head = entry.head
      entries.append(entry)
    }
    return entries
  }

  /// How many entries there are.
  var entryCount: Int { feeds.reduce(0) { $0 + $1.count } }

  /// How many orders they place.
  var orderCount: Int { entryCount * operations }

  /// What it takes to verify the signatures of all entries on all cores with libsodium, and nothing else.
  func bareVerification() throws -> Spent {
    let all = feeds.flatMap { $0 }
    // The strict check of a key costs more than a verification and is not what is measured.
    let keys = try feeds.map { try VerifyingKey($0[0].author) }
    let each = feeds[0].count
    let batch = max(1, min(64, all.count / 64))
    let valid = Atomic<Int>(0)
    let spent = Spent.measure {
      DispatchQueue.concurrentPerform(iterations: (all.count + batch - 1) / batch) { number in
        for place in number * batch..<min((number + 1) * batch, all.count) {
          let entry = all[place]
          guard keys[place / each].isValid(entry.signature, over: entry.bytes, domain: .entry, network: network) else {
            continue
          }
          valid.add(1, ordering: .relaxed)
        }
      }
    }
    precondition(valid.load(ordering: .relaxed) == all.count, "an entry of our own is not valid")
    return spent
  }
}

/// Seconds by the clock and of processors.
struct Spent: Hashable, Sendable {
  var wall: Double
  var processor: Double

  /// What `body` takes in this process.
  static func measure(_ body: () throws -> Void) rethrows -> Spent {
    let (processor, wall) = (Stopwatch.allProcessors(), Stopwatch.now())
    try body()
    return Spent(
      wall: Double(Stopwatch.now() - wall) / 1e9, processor: Double(Stopwatch.allProcessors() - processor) / 1e9)
  }

  /// The mean of two.
  static func mean(_ first: Spent, _ second: Spent) -> Spent {
    Spent(wall: (first.wall + second.wall) / 2, processor: (first.processor + second.processor) / 2)
  }
}
