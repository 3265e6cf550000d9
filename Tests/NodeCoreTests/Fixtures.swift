import Market
import NodeCore
import NodeCrypto
import Simulator
import Testing

/// The market of these tests: 10-second slots, two classes, the local testnet's spans.
enum TestMarket {
  static let h100 = GPUClassIndex(0)
  static let a100 = GPUClassIndex(1)

  /// A genesis; the limits that a test is about differ from the testnet's.
  static func genesis(
    name: String = "core tests", openOrders: Int = 200, entriesPerSecond: Int = 1000, burst: Int = 5000,
    operations: Int = 256, lot: Int = 1, checkpointEntries: Int? = nil, entryBytes: Int = 32_000,
    newcomer: (trades: Int, gpus: Int) = (0, 64)
  ) throws -> Genesis {
    let checkpoints = checkpointEntries.map { ", \"checkpoint_entries\": \($0)" } ?? ""
    let text = """
      {"format": "p2pnode-network-v1", "name": "\(name)", "currency": "USD", "slot_seconds": 10,
       "gpu_classes": [
         {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
          "board_power_watts": 700},
         {"id": "a100-sxm-80g", "vendor": "NVIDIA", "model": "A100", "interface": "SXM", "vram_mib": 81920,
          "board_power_watts": 400}],
       "limits": {"skew_ms": 2000, "tick_ms": 5000, "proposal_ms": 6000, "retry_ms": 5000,
         "operations_per_entry": \(operations), "entry_bytes": \(entryBytes), "entries_per_second": \(entriesPerSecond),
         "entry_burst": \(burst), "open_orders_per_author": \(openOrders), "gpus_per_order": 64,
         "newcomer_trades": \(newcomer.trades), "newcomer_gpus": \(newcomer.gpus),
         "lot_gpus": \(lot), "price_micros": 1000000000, "price_tick_micros": 1, "horizon_ms": 2592000000\(checkpoints)},
       "bootstrap": []}
      """
    return try Genesis(file: Array(text.utf8))
  }
}

/// The moment at which the virtual clock starts; a slot begins there.
let epoch = VirtualNetwork.epoch

/// The identity with the given number.
func identity(_ number: Int) -> Identity { VirtualNetwork.identity(number) }

extension Genesis {
  /// The slots from `start` up to `end` seconds after the virtual clock's start.
  func slots(_ start: Int64, _ end: Int64) -> SlotRange {
    SlotRange(start: slot(containing: epoch + start * 1000), end: slot(containing: epoch + end * 1000))
  }

  /// An offer of GPUs at dollars per GPU-hour, for delivery between two moments in seconds from the start.
  func offer(
    _ gpus: Int32, at dollars: Double, from start: Int64 = 60, until end: Int64 = 660,
    gpuClass: GPUClassIndex = TestMarket.h100, minimumGPUs: Int32 = 1, expiry: Int64? = nil
  ) -> OrderBody {
    .offer(
      Offer(
        gpuClass: gpuClass, gpus: gpus, window: slots(start, end), price: Price(micros: Int64(dollars * 1_000_000)),
        minimumGPUs: minimumGPUs, minimumSlots: 1, expiry: epoch + (expiry ?? end) * 1000))
  }

  /// A bid for GPUs at dollars per GPU-hour during `seconds`, between two moments in seconds from the start.
  func bid(
    _ gpus: Int32, at dollars: Double, for seconds: Int64 = 60, from start: Int64 = 60, until end: Int64 = 660,
    gpuClass: GPUClassIndex = TestMarket.h100, minimumGPUs: Int32? = nil, expiry: Int64? = nil
  ) -> OrderBody {
    .bid(
      Bid(
        gpuClasses: [gpuClass], gpus: gpus, durationSlots: seconds / 10, window: slots(start, end),
        price: Price(micros: Int64(dollars * 1_000_000)), minimumGPUs: minimumGPUs ?? gpus,
        expiry: epoch + (expiry ?? end) * 1000))
  }
}

extension OrderBody {
  /// The same order with other terms.
  func with(offer change: (inout Offer) -> Void = { _ in }, bid changeBid: (inout Bid) -> Void = { _ in }) -> OrderBody
  {
    switch self {
    case .offer(var offer):
      change(&offer)
      return .offer(offer)
    case .bid(var bid):
      changeBid(&bid)
      return .bid(bid)
    }
  }

  /// The same order with another time in force.
  func works(_ timeInForce: TimeInForce) -> OrderBody {
    with(offer: { $0.timeInForce = timeInForce }, bid: { $0.timeInForce = timeInForce })
  }

  /// The same order, post-only.
  var postOnly: OrderBody { with(offer: { $0.isPostOnly = true }, bid: { $0.isPostOnly = true }) }

  /// The same order at dollars per GPU-hour.
  func priced(_ dollars: Double) -> OrderBody {
    let price = Price(micros: Int64(dollars * 1_000_000))
    return with(offer: { $0.price = price }, bid: { $0.price = price })
  }

  /// The same order for other GPUs; a smallest piece that does not fit shrinks.
  func sized(_ gpus: Int32) -> OrderBody {
    with(
      offer: { ($0.gpus, $0.minimumGPUs) = (gpus, min(gpus, $0.minimumGPUs)) },
      bid: { ($0.gpus, $0.minimumGPUs) = (gpus, min(gpus, $0.minimumGPUs)) })
  }

  /// The same order with an expiry in seconds from the virtual clock's start.
  func expiring(_ seconds: Int64) -> OrderBody {
    with(offer: { $0.expiry = epoch + seconds * 1000 }, bid: { $0.expiry = epoch + seconds * 1000 })
  }

  /// The same bid with demands.
  func demanding(_ change: (inout Requirements.Demands) -> Void) -> OrderBody {
    var demands = Requirements.Demands()
    change(&demands)
    return with(bid: { $0.requirements = Requirements(demands) })
  }

  /// The same offer with attributes.
  func stating(_ attributes: Attributes) -> OrderBody { with(offer: { $0.attributes = attributes }) }
}
