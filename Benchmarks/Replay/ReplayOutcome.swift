import Market
import NodeCrypto
import OrderBook

/// What a replay's bids got.
struct ReplayOutcome: Hashable {
  /// Bids that got what they wanted, and all.
  var filled = 0
  var bids = 0
  /// GPU-slots that were sold, and that were wanted.
  var soldGPUSlots: Int64 = 0
  var wantedGPUSlots: Int64 = 0
  /// Sums over the GPU-slots sold, in micro-units per GPU-hour: what was paid, the lowest ask, the average ask.
  var paid = 0.0
  var cheapest = 0.0
  var average = 0.0
  /// Slots from the first possible start to the start.
  var delays: [Int64] = []
  /// GPU-slots in the days of the replay: all, those free, those free in gaps shorter than an hour.
  var offeredGPUSlots: Int64 = 0
  var freeGPUSlots: Int64 = 0
  var shortGapGPUSlots: Int64 = 0

  /// Notes what a bid got.
  mutating func add(_ bid: ReplayWeek.Bid, _ match: Match?) {
    guard case .bid(let terms) = bid.order.body else { return }
    bids += 1
    wantedGPUSlots += Int64(terms.gpus) * terms.durationSlots
    guard let match else { return }
    let gpuSlots = Int64(match.gpus) * match.slots.count
    filled += 1
    soldGPUSlots += gpuSlots
    paid += Double(match.price.micros) * Double(gpuSlots)
    cheapest += bid.cheapestAsk * Double(gpuSlots)
    average += bid.averageAsk * Double(gpuSlots)
    delays.append(match.slots.start.index - bid.earliestStart.index)
  }

  /// Notes what is left of a machine's calendar in `slots`.
  ///
  /// With `k` from 1 to the machine's GPUs, a gap is a longest run of slots in which at least `k` GPUs are free.
  mutating func add(_ calendar: CapacityCalendar, in slots: SlotRange) {
    guard calendar.gpus > 0 else { return }
    for level in 1...calendar.gpus {
      var gap: Int64 = 0
      for index in slots.start.index..<slots.end.index {
        offeredGPUSlots += 1
        if calendar.free(at: Slot(index)) >= level {
          gap += 1
        } else {
          close(&gap)
        }
      }
      // The last gap goes on after the days of the replay.
      freeGPUSlots += gap
    }
  }

  private mutating func close(_ gap: inout Int64) {
    freeGPUSlots += gap
    if gap < 4 { shortGapGPUSlots += gap }
    gap = 0
  }

  /// The rows, but for the times.
  func rows(_ name: String) -> [Row] {
    let sold = Double(max(1, soldGPUSlots))
    let dollars = 1e-6
    let minutes = 15.0
    let sortedDelays = delays.sorted()
    let late = sortedDelays.isEmpty ? 0 : sortedDelays[min(sortedDelays.count - 1, sortedDelays.count * 99 / 100)]
    let meanDelay = Double(delays.reduce(0, +)) / Double(max(1, delays.count))
    return [
      Row("\(name)/bids", Double(bids), "bids"),
      Row("\(name)/filled", Double(filled) / Double(max(1, bids)), "share"),
      Row("\(name)/gpu-hours", Double(soldGPUSlots) / 4, "GPU-h", floor: Double(wantedGPUSlots) / 4),
      Row("\(name)/used", Double(offeredGPUSlots - freeGPUSlots) / Double(max(1, offeredGPUSlots)), "share"),
      Row("\(name)/price-to-cheapest", paid / sold * dollars, "USD/GPU-h", floor: cheapest / sold * dollars),
      Row("\(name)/price-to-average", paid / sold * dollars, "USD/GPU-h", floor: average / sold * dollars),
      Row("\(name)/delay-mean", meanDelay * minutes, "min"),
      Row("\(name)/delay-p99", Double(late) * minutes, "min"),
      Row("\(name)/short-gaps", Double(shortGapGPUSlots) / Double(max(1, freeGPUSlots)), "share"),
    ]
  }
}
