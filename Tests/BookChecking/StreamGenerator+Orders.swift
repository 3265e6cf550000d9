import Market
import NodeCrypto

extension StreamGenerator {
  /// An order of a random owner, with the next id.
  mutating func order() -> Order {
    draw.once(in: 2) ? make(.offer(offer())) : bid()
  }

  mutating func bid() -> Order { make(.bid(bidTerms())) }

  private mutating func make(_ body: OrderBody) -> Order {
    let priority = priority(owner())
    return Order(id: newID(), priority: priority, body: body)
  }

  private mutating func offer() -> Offer {
    let (gpus, window) = (gpus(), window())
    var offer = Offer(
      gpuClass: gpuClass(), gpus: gpus, window: window, price: price(isOffer: true), minimumGPUs: smallestPiece(gpus),
      minimumSlots: draw.once(in: 4) ? slotCount(window) : 1, attributes: attributes(), expiry: expiry())
    if draw.once(in: 12) { (offer.minimumGPUs, offer.minimumSlots) = (gpus, window.count) }
    (offer.timeInForce, offer.isPostOnly) = flags()
    return offer
  }

  private mutating func bidTerms() -> Bid {
    let (gpus, window) = (gpus(), window())
    var classes = (0..<shape.classes).filter { _ in draw.once(in: 2) }.map { GPUClassIndex(UInt16($0)) }
    if classes.isEmpty { classes = [gpuClass()] }
    if draw.once(in: shape.oddsOfEdges) {
      classes = draw.pick([[], classes + classes, [GPUClassIndex(65_535)] + classes])
    }
    var bid = Bid(
      gpuClasses: GPUClassList(classes), gpus: gpus, durationSlots: slotCount(window), window: window,
      price: price(isOffer: false), minimumGPUs: smallestPiece(gpus),
      requirements: draw.once(in: shape.oddsOfDemands) ? demands() : Requirements(), expiry: expiry())
    (bid.timeInForce, bid.isPostOnly) = flags()
    bid.isWhole = bid.minimumGPUs < bid.gpus && draw.once(in: 3)
    return bid
  }

  /// An order of which one or two things differ.
  mutating func amended(_ body: OrderBody) -> OrderBody {
    switch body {
    case .offer(var offer):
      for _ in 0...draw.below(2) {
        switch draw.below(7) {
        case 0: offer.gpus = reduced(offer.gpus)
        case 1: offer.window = narrowed(offer.window)
        case 2: offer.expiry = draw.once(in: 30) ? Timestamp(milliseconds: clock - 100) : expiry()
        case 3: offer.price = price(isOffer: true)
        case 4: offer.gpus = gpus()
        case 5: offer.window = window()
        default: (offer.attributes, offer.gpuClass) = (attributes(), draw.once(in: 2) ? gpuClass() : offer.gpuClass)
        }
      }
      if shape.oddsOfEdges == 0 || draw.once(in: 2) {
        offer.minimumGPUs = max(1, min(offer.minimumGPUs, offer.gpus))
        offer.minimumSlots = max(1, min(offer.minimumSlots, offer.window.count))
      }
      return .offer(offer)
    case .bid(var bid):
      for _ in 0...draw.below(2) {
        switch draw.below(7) {
        case 0: bid.gpus = reduced(bid.gpus)
        case 1: bid.window = narrowed(bid.window)
        case 2: bid.expiry = draw.once(in: 30) ? Timestamp(milliseconds: clock - 100) : expiry()
        case 3: bid.price = price(isOffer: false)
        case 4: bid.gpus = gpus()
        case 5: bid.window = window()
        default: (bid.requirements, bid.durationSlots) = (demands(), slotCount(bid.window))
        }
      }
      if shape.oddsOfEdges == 0 || draw.once(in: 2) {
        bid.minimumGPUs = max(1, min(bid.minimumGPUs, bid.gpus))
        bid.durationSlots = max(1, min(bid.durationSlots, bid.window.count))
      }
      return .bid(bid)
    }
  }

  private mutating func reduced(_ gpus: Int32) -> Int32 { gpus > 1 ? gpus - Int32(draw.below(Int(gpus))) : gpus }

  private mutating func narrowed(_ window: SlotRange) -> SlotRange {
    guard window.count > 1 else { return window }
    let cut = Int64(draw.below(Int(window.count)))
    let fromStart = draw.once(in: 2) ? cut : 0
    return SlotRange(start: window.start + fromStart, end: window.end - (cut - fromStart))
  }

  // MARK: - Single terms

  private mutating func gpus() -> Int32 {
    if draw.once(in: shape.oddsOfEdges) { return draw.pick([0, -1, .min, .max, 1, 9]) }
    return Int32(1 + draw.below(shape.mostGPUs))
  }

  private mutating func smallestPiece(_ gpus: Int32) -> Int32 {
    if draw.once(in: shape.oddsOfEdges) { return draw.pick([0, -1, .min, .max, gpus]) }
    switch draw.below(4) {
    case 0: return gpus
    case 1: return gpus < 1 ? gpus : 1 + Int32(draw.below(Int(gpus)))
    default: return 1
    }
  }

  private mutating func window() -> SlotRange {
    if draw.once(in: shape.oddsOfEdges) { return edgeRange() }
    let start = base + Int64(draw.below(shape.span))
    return SlotRange(start: Slot(start), end: Slot(start + 1 + Int64(draw.below(shape.longestWindow))))
  }

  /// A duration: mostly a small part of the window.
  private mutating func slotCount(_ window: SlotRange) -> Int64 {
    if draw.once(in: shape.oddsOfEdges) {
      return draw.pick([0, -1, .min, .max, 1 << 40, 1 << 31 - 1, 1 << 31, -(1 << 31)])
    }
    guard window.count > 1 else { return 1 }
    switch draw.below(10) {
    case 0: return window.count
    case 1...5: return 1 + Int64(draw.below(Int(min(window.count, 12))))
    default: return 1 + Int64(draw.below(Int((window.count + 1) / 2)))
    }
  }

  private mutating func price(isOffer: Bool) -> Price {
    if draw.once(in: shape.oddsOfEdges) { return Price(micros: draw.pick([.min, .max, 0, -1, 1, 1_000_000_000_000])) }
    // The two ranges overlap by half, so that most pairs cross.
    let lowest = isOffer ? 1000 : 1000 + shape.prices / 3
    return Price(micros: Int64(lowest + draw.below(shape.prices)))
  }

  /// So far ahead that about as many orders live at a time as the shape wants.
  private mutating func expiry() -> Timestamp {
    if draw.once(in: shape.oddsOfEdges) {
      return Timestamp(milliseconds: draw.pick([.max, .min, clock, clock + 1, 1 << 48 - 1, 1 << 48]))
    }
    let span = draw.once(in: 20) ? 1 << draw.below(40) : 80 * shape.liveOrders
    return Timestamp(milliseconds: clock + 1 + Int64(draw.below(span)))
  }

  private mutating func flags() -> (TimeInForce, isPostOnly: Bool) {
    let force: TimeInForce = draw.once(in: shape.oddsOfFlags) ? draw.pick(TimeInForce.allCases) : .goodTillCancelled
    return (force, draw.once(in: shape.oddsOfFlags))
  }

  private mutating func attributes() -> Attributes {
    guard !draw.once(in: 3) else { return Attributes() }
    return Attributes(
      region: draw.pick(["EU", "EU-FR", "US-CA", ""]), interconnect: draw.pick(["nvlink", "pcie", ""]),
      driver: draw.pick(["", "", "570.1"]), wattsPerGPU: draw.pick([0, 350, 700]),
      gramsCO2PerKWh: draw.pick([0, 50, 400]),
      vramMiB: draw.pick([0, 0, 24_576, 81_920]),
      probed: AttributeSet(rawValue: draw.pick([0, 63, UInt32(draw.below(64))])))
  }

  private mutating func demands() -> Requirements {
    var demands = Requirements.Demands()
    demands.regions = draw.pick([[], [], ["EU"], ["EU-FR", "US"], ["US-CA"]])
    demands.interconnect = draw.pick(["", "", "", "nvlink"])
    demands.minimumVRAMMiB = draw.pick([0, 0, 0, 24_576, 40_961])
    demands.maximumWattsPerGPU = draw.pick([0, 0, 0, 350, 699])
    demands.maximumGramsCO2PerKWh = draw.pick([0, 0, 0, 50, 399])
    demands.probedOnly = draw.once(in: 4)
    if draw.once(in: 5) { demands.providers = owners() }
    if draw.once(in: 5) { demands.excludedProviders = owners() }
    demands.minimumSettledTrades = draw.pick([0, 0, 0, 0, 3])
    demands.maximumFailurePercent = draw.pick([nil, nil, nil, nil, 0, 40, 100])
    return Requirements(demands)
  }

  private mutating func owners() -> [NodeID] { Set((0...draw.below(3)).map { _ in owner() }).sorted() }
}
