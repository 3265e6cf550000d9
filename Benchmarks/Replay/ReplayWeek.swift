import Market
import MarketFiles
import NodeCrypto

/// The orders of a replay: every machine of the real offers for sale, and the bids of the busiest days of the real
/// demand.
///
/// The demand names no model and no price. A job's class is drawn from the offers' mix, among the classes that have a
/// machine large enough, and its limit from the class's range of asks. Each of a job's copies has draws of its own.
struct ReplayWeek {
  /// A bid, and what is needed to judge what it got.
  struct Bid {
    var order: Order
    /// The first slot in which it could start.
    var earliestStart: Slot
    /// The lowest and the average ask for its class among machines that are large enough, in micro-units.
    var cheapestAsk: Double
    var averageAsk: Double
  }

  /// The length of a slot: a quarter of an hour, as a real market has it.
  static let slotMilliseconds: Int64 = 900_000
  /// How much longer than its run a bid's window is: a day.
  static let slackSlots: Int64 = 96
  /// The beginning of the replay.
  static let firstSlot = Slot(2_000_000)
  /// How long the machines are for sale after the last job was submitted: as long as the longest job may run and wait.
  static let tailSlots: Int64 = 7 * 96

  /// The offers, one a machine.
  let offers: [Order]
  /// The bids by time.
  let bids: [Bid]
  /// The slots in which jobs are submitted.
  let slots: SlotRange
  /// Video memory by class.
  let classVRAMMiB: [UInt32]
  /// Jobs that are longer than the longest run, and are cut to it.
  let cutJobs: Int

  /// The busiest `days` days of `data`, with each job `load` times.
  init(data: MarketData, genesis: Genesis, days: Int64, load: Int, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    classVRAMMiB = genesis.gpuClasses.map { UInt32(clamping: $0.vramMiB) }
    let slots = SlotRange(start: Self.firstSlot, end: Self.firstSlot + days * 96)
    self.slots = slots
    let sale = SlotRange(start: slots.start, end: slots.end + Self.tailSlots)
    offers = data.offers.enumerated().map { index, machine in
      let priority = OrderPriority(
        time: Timestamp(milliseconds: Self.time(of: slots.start).milliseconds - 1000 + Int64(index)),
        owner: .random(using: &generator), sequence: 1, index: 0)
      var attributes = Attributes()
      attributes.region = machine.region
      let offer = Offer(
        gpuClass: Self.gpuClass(machine.gpuClass, of: genesis), gpus: Int32(machine.gpus), window: sale,
        price: Price(micros: machine.priceMicros), attributes: attributes, expiry: Self.time(of: sale.end))
      return Order(id: .random(using: &generator), priority: priority, body: .offer(offer))
    }

    let mix = ClassMix(offers: data.offers, genesis: genesis)
    let jobs = Self.busiest(data.jobs, seconds: days * 86_400)
    let beginning = jobs.first?.submitSeconds ?? 0
    let renters = (0..<64).map { _ in NodeID.random(using: &generator) }
    var bids: [Bid] = []
    var cutJobs = 0
    for job in jobs {
      let runSlots = max(1, (job.durationSeconds * 1000 + Self.slotMilliseconds - 1) / Self.slotMilliseconds)
      let longest = Self.tailSlots - Self.slackSlots
      if runSlots > longest { cutJobs += 1 }
      for _ in 0..<load {
        guard let supply = mix.draw(gpus: job.gpus, using: &generator) else { continue }
        let time = Self.time(of: slots.start) + 1000 * (job.submitSeconds - beginning)
        let start = Slot((time.milliseconds + Self.slotMilliseconds - 1) / Self.slotMilliseconds)
        let duration = min(runSlots, longest)
        let window = SlotRange(start: start, end: start + duration + Self.slackSlots)
        let bid = Market.Bid(
          gpuClasses: GPUClassList(Self.gpuClass(supply.gpuClass, of: genesis)), gpus: Int32(job.gpus),
          durationSlots: duration, window: window, price: Price(micros: generator.uniform(in: supply.asks)),
          minimumGPUs: Int32(job.gpus), expiry: Self.time(of: window.end - duration + 1))
        let priority = OrderPriority(
          time: time, owner: renters[Int(generator.uniform(in: 0...63))], sequence: UInt64(bids.count + 1), index: 0)
        let asks = data.offers.filter { $0.gpuClass == supply.gpuClass && $0.gpus >= job.gpus }.map(\.priceMicros)
        bids.append(
          Bid(
            order: Order(id: .random(using: &generator), priority: priority, body: .bid(bid)), earliestStart: start,
            cheapestAsk: Double(asks.min() ?? 0), averageAsk: Double(asks.reduce(0, +)) / Double(max(1, asks.count))))
      }
    }
    self.bids = bids
    self.cutJobs = cutJobs
  }

  /// When `slot` begins.
  static func time(of slot: Slot) -> Timestamp { Timestamp(milliseconds: slot.index * slotMilliseconds) }

  private static func gpuClass(_ name: String, of genesis: Genesis) -> GPUClassIndex {
    guard let gpuClass = genesis.gpuClass(named: name) else { preconditionFailure("the class \(name) was not refused") }
    return gpuClass
  }

  /// The jobs of the first span of `seconds` in which most were submitted.
  static func busiest(_ jobs: [Job], seconds: Int64) -> ArraySlice<Job> {
    var best = 0..<0
    var end = 0
    for start in jobs.indices {
      while end < jobs.count, jobs[end].submitSeconds < jobs[start].submitSeconds + seconds { end += 1 }
      if end - start > best.count { best = start..<end }
    }
    return jobs[best]
  }
}
