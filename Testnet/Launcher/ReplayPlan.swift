import Market
import MarketFiles
import NodeAPI

/// What a testnet's nodes will be told to place, and when: a pure function of the data, the options and the seed.
struct ReplayPlan: Sendable {
  /// An offer to place at the start.
  struct PlannedOffer: Hashable, Sendable {
    /// The machine.
    let machine: MachineOffer

    /// The order as the node's API takes it.
    var request: OrderRequest {
      var request = OrderRequest(
        side: "offer", gpuClasses: [machine.gpuClass], gpus: machine.gpus, priceMicros: machine.priceMicros)
      request.durationMs = ReplayPlan.offerWindowMilliseconds
      var attributes = AttributesDocument()
      attributes.region = machine.region
      request.attributes = attributes
      return request
    }
  }

  /// A bid to place during the replay.
  struct PlannedBid: Hashable, Sendable {
    /// Milliseconds from the start of the replay.
    let offsetMilliseconds: Int64
    /// The class's id.
    let gpuClass: String
    /// GPUs, in one piece.
    let gpus: Int64
    /// The run that it wants: whole slots.
    let durationMilliseconds: Int64
    /// The limit in micro-units per GPU-hour: a price of the network, rounded down.
    let priceMicros: Int64

    /// The order as the node's API takes it.
    var request: OrderRequest {
      var request = OrderRequest(side: "bid", gpuClasses: [gpuClass], gpus: gpus, priceMicros: priceMicros)
      request.durationMs = durationMilliseconds
      request.withinMs = durationMilliseconds + ReplayPlan.slackMilliseconds
      return request
    }
  }

  /// The length of a slot of a real market in seconds: a testnet's slot stands for one.
  static let realSlotSeconds: Int64 = 900
  /// How long each offer's window is: 12 h.
  static let offerWindowMilliseconds: Int64 = 12 * 3_600_000
  /// The longest run that a bid asks for: 6 h.
  static let longestRunMilliseconds: Int64 = 6 * 3_600_000
  /// How much longer than its run a bid's window is: 4 h.
  static let slackMilliseconds: Int64 = 4 * 3_600_000

  /// The offers, in the data's order.
  let offers: [PlannedOffer]
  /// The bids by time.
  let bids: [PlannedBid]
  /// Jobs that were cut to ``longestRunMilliseconds``.
  let cutJobs: Int
  /// The seed of the draws.
  let seed: UInt64

  /// A plan to replay the first `replay` jobs, of which there must be so many.
  ///
  /// - Parameters:
  ///   - seconds: how long the replay takes in real time. Submit times are scaled to it linearly, after pauses longer
  ///     than nine in ten of the others have been cut to the longest of those: the trace begins with months in which
  ///     next to nothing was submitted.
  ///   - seed: of the draws of class and limit price, two for each job, in the jobs' order.
  init(data: MarketData, genesis: Genesis, replay: Int, seconds: Int64, seed: UInt64) {
    precondition((0...data.jobs.count).contains(replay) && seconds >= 0, "a plan past the data")
    self.seed = seed
    offers = data.offers.map(PlannedOffer.init)
    let mix = ClassMix(offers: data.offers, genesis: genesis)
    let jobs = data.jobs.prefix(replay)
    let submits = Self.withoutLongPauses(jobs.map(\.submitSeconds))
    let span = max(submits.last ?? 0, 1)
    let longestSlots = max(Self.longestRunMilliseconds / genesis.slotMilliseconds, 1)

    let tick = genesis.limits.priceTickMicros
    var generator = SplitMix64(seed: seed)
    var cutJobs = 0
    bids = zip(jobs, submits).map { job, submit in
      guard let supply = mix.draw(gpus: job.gpus, using: &generator) else {
        preconditionFailure("a job that is larger than every machine was not refused")
      }
      let slots = max((job.durationSeconds + Self.realSlotSeconds - 1) / Self.realSlotSeconds, 1)
      if slots > longestSlots { cutJobs += 1 }
      return PlannedBid(
        offsetMilliseconds: submit * seconds * 1000 / span, gpuClass: supply.gpuClass,
        gpus: job.gpus, durationMilliseconds: min(slots, longestSlots) * genesis.slotMilliseconds,
        priceMicros: generator.uniform(in: supply.asks) / tick * tick)
    }
    self.cutJobs = cutJobs
  }

  /// Ascending times as seconds since the first, each pause cut to the ninth decile of all pauses.
  private static func withoutLongPauses(_ times: [Int64]) -> [Int64] {
    let pauses = zip(times, times.dropFirst()).map { $1 - $0 }
    guard !pauses.isEmpty else { return times.map { _ in 0 } }
    let longest = pauses.sorted()[pauses.count * 9 / 10]
    return pauses.reduce(into: [0]) { $0.append(($0.last ?? 0) + min($1, longest)) }
  }

  /// `items` dealt to `count` hands one after the other, each hand in the items' order.
  static func deal<Item>(_ items: [Item], to count: Int) -> [[Item]] {
    precondition(count > 0, "nobody to deal to")
    return (0..<count).map { hand in stride(from: hand, to: items.count, by: count).map { items[$0] } }
  }
}
