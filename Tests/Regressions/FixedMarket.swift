import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Wire

/// A market with fixed keys, times and draws.
struct FixedMarket {
  let genesis: Genesis
  let codec: OperationCodec

  /// Entries of one author, in their order.
  struct Feed {
    let entries: [SignedEntry]
    /// Orders in each.
    let operations: Int

    var operationCount: Int { entries.count * operations }
  }

  static let start = Timestamp(milliseconds: 1_800_000_000_000)

  private static let genesisText = """
    {
      "format": "p2pnode-network-v1", "name": "regressions", "currency": "USD", "slot_seconds": 900,
      "gpu_classes": [
        {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
         "board_power_watts": 700}
      ],
      "limits": {
        "skew_ms": 2000, "tick_ms": 60000, "proposal_ms": 10000, "retry_ms": 1000, "operations_per_entry": 256,
        "entry_bytes": 32000, "entries_per_second": 100000, "entry_burst": 1000000, "open_orders_per_author": 50000,
        "gpus_per_order": 64, "lot_gpus": 1, "price_micros": 1000000000, "price_tick_micros": 1,
        "horizon_ms": 2592000000, "newcomer_trades": 0
      },
      "bootstrap": []
    }
    """

  init() throws {
    genesis = try Genesis(file: Array(Self.genesisText.utf8))
    codec = OperationCodec(genesis: genesis)
  }

  static func identity(_ number: UInt8) -> Identity {
    Identity(seed: [UInt8](repeating: number, count: Identity.seedByteCount))
  }

  func offer(_ generator: inout SplitMix64) -> OrderBody {
    let from = genesis.slot(startingFrom: Self.start + 3_600_000) + Int64.random(in: 0..<600, using: &generator)
    let window = SlotRange(start: from, end: from + Int64.random(in: 4..<192, using: &generator))
    return .offer(
      Offer(
        gpuClass: GPUClassIndex(0), gpus: Int32.random(in: 1...8, using: &generator), window: window,
        price: Price(micros: 10_000 * Int64.random(in: 200..<300, using: &generator)),
        expiry: genesis.start(of: window.end)))
  }

  func bid(_ generator: inout SplitMix64) -> OrderBody {
    let from = genesis.slot(startingFrom: Self.start + 3_600_000) + Int64.random(in: 0..<500, using: &generator)
    let window = SlotRange(start: from, end: from + 96)
    let gpus = Int32.random(in: 1...8, using: &generator)
    return .bid(
      Bid(
        gpuClasses: GPUClassList(GPUClassIndex(0)), gpus: gpus,
        durationSlots: Int64.random(in: 4..<48, using: &generator), window: window, price: Price(micros: 4_000_000),
        minimumGPUs: gpus, expiry: genesis.start(of: window.end)))
  }

  /// Offers of one author.
  func feed(entries count: Int, operations: Int) -> Feed {
    var generator = SplitMix64(seed: UInt64(operations))
    let author = Self.identity(7)
    var head = Head.origin(of: genesis.networkID)
    var entries: [SignedEntry] = []
    for number in 0..<count {
      var payload: [UInt8] = []
      for _ in 0..<operations { payload += codec.encode(.place(offer(&generator))) }
      let entry = SignedEntry(
        after: head, time: Self.start + Int64(number), payload: payload, identity: author, network: genesis.networkID)
      head = entry.head
      entries.append(entry)
    }
    return Feed(entries: entries, operations: operations)
  }

  /// A node that knows nothing.
  func core() -> NodeCore {
    NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: Self.identity(1), agent: "regressions", listenPort: 0, advertisedHost: nil,
        bootstrap: [], seed: 1), now: Self.start)
  }

  /// The operations of entries.
  func reading(_ name: String, _ feed: Feed) -> Measurement {
    Measurement(name: name, operations: feed.operationCount) {
      for entry in feed.entries {
        let read = try? codec.operations(of: entry)
        precondition(read?.count == feed.operations, "operations of our own do not decode")
      }
    }
  }

  /// A new node that takes the feed out of its store.
  func restoring(_ name: String, _ feed: Feed) -> Measurement {
    Measurement(name: name, operations: feed.operationCount) {
      var core = core()
      for entry in feed.entries {
        let fault = core.restore(entry)
        precondition(fault == nil, "an entry of our own does not restore")
      }
    }
  }

  /// A node that is sent the feed by a peer, from the message's bytes until the entries are handed to the disk and the
  /// next peer; their signatures are taken for good.
  func receiving(_ name: String, _ feed: Feed) throws -> Measurement {
    let wires = feed.entries.map(\.wire)
    let messages = stride(from: 0, to: wires.count, by: 128).map { first in
      var push = WirePush()
      push.entries = Array(wires[first..<min(first + 128, wires.count)])
      return Self.encoded(.push(push))
    }
    return Measurement(name: name, operations: feed.operationCount) {
      var core = core()
      var effects: [NodeEffect] = []
      core.finishRestore(now: Self.start, into: &effects)
      greet(&core, into: &effects)
      var kept = 0
      for message in messages {
        core.handle(.received(1, PeerMessage(message)), now: Self.start, into: &effects)
        while !effects.isEmpty {
          let batch = effects
          effects = []
          for effect in batch {
            switch effect {
            case .verify(let entry):
              guard let operations = try? codec.operations(of: entry) else { preconditionFailure("our own entry") }
              core.handle(.verified(entry, .success(operations)), now: Self.start, into: &effects)
            case .persist: kept += 1
            default: break
            }
          }
        }
      }
      precondition(kept == feed.entries.count, "\(kept) of \(feed.entries.count) entries were taken")
    }
  }

  private func greet(_ core: inout NodeCore, into effects: inout [NodeEffect]) {
    core.handle(
      .connected(
        1, node: Self.identity(2).nodeID, address: PeerAddress(host: "192.0.2.1", port: 1), direction: .outbound),
      now: Self.start, into: &effects)
    var hello = WireHello()
    hello.protocol = GossipCore.protocolVersion
    hello.agent = "regressions"
    core.handle(.received(1, PeerMessage(Self.encoded(.hello(hello)))), now: Self.start, into: &effects)
  }

  private static func encoded(_ message: WirePeerMessage.OneOf_Message) -> [UInt8] {
    var wire = WirePeerMessage()
    wire.message = message
    return wire.encoded()
  }

  /// A node whose person places offers, until their entry is handed to the disk: signed once.
  func placing(_ name: String) throws -> Measurement {
    var generator = SplitMix64(seed: 3)
    let orders = (0..<256).map { _ in offer(&generator) }
    return Measurement(name: name, operations: orders.count) {
      var core = core()
      var effects: [NodeEffect] = []
      core.finishRestore(now: Self.start, into: &effects)
      for (number, order) in orders.enumerated() {
        core.handle(.command(CommandID(number), .place(order)), now: Self.start, into: &effects)
      }
      // The first order went alone; the others waited for it.
      core.handle(.durable(sequence: 1), now: Self.start + 1000, into: &effects)
      core.handle(.durable(sequence: 2), now: Self.start + 2000, into: &effects)
      precondition(core.book.openCount(.offer) == orders.count, "offers are missing")
    }
  }

  private func orders(_ count: Int, seed: UInt64, _ body: (inout SplitMix64) -> OrderBody) -> [Order] {
    var generator = SplitMix64(seed: seed)
    // Nobody trades with itself.
    let owner = Self.identity(UInt8(seed)).nodeID
    return (0..<count).map { number in
      let priority = OrderPriority(
        time: Self.start + Int64(number), owner: owner, sequence: UInt64(number + 1), index: 0)
      return Order(id: Blake2b.hash(Array("\(seed) \(number)".utf8)), priority: priority, body: body(&generator))
    }
  }

  private func book(of orders: [Order]) -> OrderBook {
    var book = OrderBook(
      classVRAMMiB: [81_559], own: Self.identity(1).nodeID, slotsPerHour: 4, seed: 1)
    for order in orders { book.insert(order) }
    return book
  }

  /// Offers into an empty book.
  func inserting(_ name: String) -> Measurement {
    let orders = orders(4096, seed: 4, offer)
    return Measurement(name: name, operations: orders.count) {
      let book = book(of: orders)
      precondition(book.openCount(.offer) == orders.count, "offers are missing")
    }
  }

  /// Bids against 2,000 offers: inserted, matched, and taken from both sides.
  func matching(_ name: String) -> Measurement {
    let offers = orders(2000, seed: 5, offer)
    let bids = orders(500, seed: 6, bid)
    return Measurement(name: name, operations: bids.count) {
      var book = book(of: offers)
      var filled = 0
      for bid in bids {
        book.insert(bid)
        guard let match = book.match(bid.id, context: MatchContext(earliestStart: Self.firstSlot(genesis))) else {
          continue
        }
        filled += 1
        book.take(match.offer, gpus: match.gpus, slots: match.slots)
        book.take(bid.id, gpus: match.gpus, slots: match.slots)
      }
      precondition(filled > bids.count / 2, "\(filled) bids of \(bids.count) found something")
    }
  }

  private static func firstSlot(_ genesis: Genesis) -> Slot { genesis.slot(startingFrom: start) }
}
