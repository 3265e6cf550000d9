import Market
import NodeCore
import NodeCrypto

/// A small market of which all runs are explored: who offers and who bids, which moments the clocks show, and what may
/// go wrong.
public struct Scenario: Sendable {
  /// An order that a node places before the exploration (makers) or as its first step (takers).
  public struct Placing: Sendable {
    let gpus: Int32
    /// In micro-units a GPU-hour.
    let price: Int64
    /// The smallest piece of a bid; all of it when it is to come from one offer.
    let minimumGPUs: Int32
    let isWhole: Bool
  }

  /// Its name on the command line.
  public let name: String
  /// What it is about.
  public let summary: String
  let makers: [Placing]
  let takers: [Placing]
  /// The moments that a clock shows, in milliseconds after the takers place their bids, ascending.
  let moments: [Int64]
  /// How many moments one clock may be ahead of another.
  let clockLead: Int
  /// How often a node dies.
  let crashes: Int
  /// How many of a node's own last entries are missing from the backup from which it starts after a crash, at most.
  let lostOnDisk: Int
  /// Whether an entry may come before the one that it follows.
  let hasOvertaking: Bool
  /// Whether takers hear each other before the faults stop.
  let hasTakersTalking: Bool

  var nodeCount: Int { makers.count + takers.count }

  func isTaker(_ node: Int) -> Bool { node >= makers.count }

  /// When the takers place their bids, on every clock; a slot begins there.
  static let epoch = Timestamp(milliseconds: 1_800_000_000_000)

  /// The market's genesis: the spans of the local testnet but for ticks, which come after every deadline.
  static func genesis() -> Genesis {
    let text = """
      {"format": "p2pnode-network-v1", "name": "explored", "currency": "USD", "slot_seconds": 10,
       "gpu_classes": [
         {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
          "board_power_watts": 700}],
       "limits": {"skew_ms": 2000, "tick_ms": 7001, "proposal_ms": 6000, "retry_ms": 60000,
         "operations_per_entry": 256, "entry_bytes": 32000, "entries_per_second": 1000, "entry_burst": 5000,
         "open_orders_per_author": 200, "newcomer_trades": 0, "gpus_per_order": 64, "lot_gpus": 1,
         "price_micros": 1000000000, "price_tick_micros": 1, "horizon_ms": 2592000000},
       "bootstrap": []}
      """
    guard let genesis = try? Genesis(file: Array(text.utf8)) else { preconditionFailure("a genesis of our own") }
    return genesis
  }

  /// The order that a node places: all for one window, in which only so much can be sold.
  func body(of node: Int, genesis: Genesis) -> OrderBody {
    let expiry = Self.epoch + 180_000
    let window = SlotRange(
      start: genesis.slot(containing: Self.epoch + 120_000), end: genesis.slot(containing: expiry))
    if isTaker(node) {
      let placing = takers[node - makers.count]
      return .bid(
        Bid(
          gpuClasses: [GPUClassIndex(0)], gpus: placing.gpus, durationSlots: 6, window: window,
          price: Price(micros: placing.price), minimumGPUs: placing.minimumGPUs, expiry: expiry,
          isWhole: placing.isWhole))
    }
    let placing = makers[node]
    return .offer(
      Offer(
        gpuClass: GPUClassIndex(0), gpus: placing.gpus, window: window, price: Price(micros: placing.price),
        minimumGPUs: 1, minimumSlots: 1, expiry: expiry))
  }

  /// The same scenario with another number of crashes, or other moments; nil leaves a part as it is.
  func with(
    name: String, moments: [Int64]? = nil, crashes: Int? = nil, hasOvertaking: Bool? = nil, lostOnDisk: Int? = nil,
    clockLead: Int? = nil
  ) -> Scenario {
    Scenario(
      name: name, summary: summary, makers: makers, takers: takers,
      moments: moments ?? self.moments, clockLead: clockLead ?? self.clockLead, crashes: crashes ?? self.crashes,
      lostOnDisk: lostOnDisk ?? self.lostOnDisk,
      hasOvertaking: hasOvertaking ?? self.hasOvertaking, hasTakersTalking: hasTakersTalking)
  }
}

extension Scenario {
  private static func offer(_ gpus: Int32, at dollars: Int64) -> Placing {
    Placing(gpus: gpus, price: dollars * 1_000_000, minimumGPUs: 1, isWhole: false)
  }

  private static func bid(_ gpus: Int32) -> Placing {
    Placing(gpus: gpus, price: 9_000_000, minimumGPUs: gpus, isWhole: false)
  }

  private static func splitBid(_ gpus: Int32) -> Placing {
    Placing(gpus: gpus, price: 9_000_000, minimumGPUs: 1, isWhole: true)
  }

  /// The moments around the deadline of what is proposed at 0, and of what is proposed after it.
  private static let single: [Int64] = [0, 6000, 6001, 13_002, 20_003]
  /// Those around both deadlines of a purchase that is proposed at 0.
  private static let double: [Int64] = [0, 6000, 6001, 12_000, 12_001, 19_002]

  /// Two takers of one offer that is enough for one of them.
  static let rivals = Scenario(
    name: "rivals", summary: "two takers, one offer that is enough for one of them", makers: [offer(4, at: 2)],
    takers: [bid(3), bid(2)], moments: single, clockLead: 2, crashes: 1, lostOnDisk: 0, hasOvertaking: false,
    hasTakersTalking: false)

  /// One maker whose answer may come after the deadline, and one taker that waits for it.
  static let silence = Scenario(
    name: "silence", summary: "one taker, one offer, and time for its answer to come late", makers: [offer(4, at: 2)],
    takers: [bid(4)], moments: single, clockLead: 3, crashes: 1, lostOnDisk: 0, hasOvertaking: false,
    hasTakersTalking: false)

  /// One taker that has a second offer to go to when the first maker is silent or declines.
  static let fallback = Scenario(
    name: "fallback", summary: "one taker, two offers of which either is enough",
    makers: [offer(4, at: 2), offer(4, at: 3)], takers: [bid(4)], moments: single, clockLead: 2, crashes: 1,
    lostOnDisk: 1, hasOvertaking: false, hasTakersTalking: false)

  /// One purchase over two makers.
  static let purchase = Scenario(
    name: "purchase", summary: "one purchase over two offers", makers: [offer(4, at: 2), offer(4, at: 3)],
    takers: [splitBid(6)], moments: double, clockLead: 2, crashes: 1, lostOnDisk: 0, hasOvertaking: false,
    hasTakersTalking: false)

  /// A purchase over two makers, and a taker that wants what one of them holds.
  static let rival = Scenario(
    name: "rival", summary: "one purchase over two offers, and a taker of one of them",
    makers: [offer(4, at: 2), offer(4, at: 3)], takers: [splitBid(6), bid(3)], moments: double, clockLead: 1,
    crashes: 0, lostOnDisk: 0, hasOvertaking: false, hasTakersTalking: false)

  /// Two purchases over the same two makers, of which one can be had.
  static let competing = Scenario(
    name: "competing", summary: "two purchases over the same two offers, enough for one",
    makers: [offer(4, at: 2), offer(4, at: 3)], takers: [splitBid(6), splitBid(5)], moments: double, clockLead: 1,
    crashes: 0, lostOnDisk: 0, hasOvertaking: false, hasTakersTalking: false)

  /// What runs in the tests.
  public static let quick: [Scenario] = [
    silence, rivals.with(name: "rivals", moments: [0, 6000, 6001]),
    fallback.with(name: "fallback", moments: [0, 6000, 6001], clockLead: 1),
    purchase.with(name: "purchase", moments: [0, 6000, 6001], clockLead: 1),
    purchase.with(name: "purchase-late", moments: [0, 12_001], crashes: 0, clockLead: 1),
    purchase.with(name: "purchase-ticks", moments: [0, 8000, 15_002], crashes: 0, clockLead: 1),
    competing.with(name: "competing", moments: [0]),
  ]

  /// What takes minutes to hours.
  public static let deep: [Scenario] = [
    rivals, fallback, purchase, rival, competing,
    fallback.with(name: "fallback-overtaking", crashes: 0, hasOvertaking: true, lostOnDisk: 0),
    purchase.with(name: "purchase-overtaking", crashes: 0, hasOvertaking: true),
  ]
}
