import Market
import NodeCrypto

public struct Quote: Hashable, Sendable {
  public let cheapest: [Match]
  public let soonest: [Match]
}

public struct DepthHour: Hashable, Sendable {
  public let slots: SlotRange
  public let offers: [PriceLevel]
  public let bids: [PriceLevel]
}

extension OrderBook {
  public func quote(_ bid: Order, context: MatchContext) -> Quote {
    Quote(cheapest: plan(bid, context, false), soonest: plan(bid, context, true))
  }

  private func plan(_ bid: Order, _ context: MatchContext, _ isSoonest: Bool) -> [Match] {
    var (book, state, plan) = (self, OrderState(bid), [Match]())
    while let match = book.match(state, context: context, isSoonest: isSoonest) {
      plan.append(match)
      book.take(match.offer, gpus: match.gpus, slots: match.slots)
      state.take(gpus: match.gpus, slots: match.slots)
    }
    return plan
  }

  public func depth(
    gpuClass: GPUClassIndex, from: Slot, hours: Int, slotsPerHour: Int64, levels: Int
  ) -> [DepthHour] {
    (0..<max(0, hours)).map { hour in
      let start = from + Int64(hour) * slotsPerHour
      let slots = SlotRange(start: start, end: start + slotsPerHour)
      func sums(_ side: Side, _ gpus: (OrderState) -> Int32) -> [PriceLevel] {
        var sums: [PriceLevel] = []
        for state in ladder(gpuClass: gpuClass, side: side) {
          let gpus = gpus(state)
          if gpus < 1 { continue }
          if sums.last?.price != state.price { sums.append(PriceLevel(price: state.price, gpus: 0, orders: 0)) }
          sums[sums.count - 1].gpus += Int64(gpus)
          sums[sums.count - 1].orders += 1
        }
        return Array(sums.prefix(max(0, levels)))
      }
      return DepthHour(
        slots: slots, offers: sums(.offer) { $0.calendar!.minimumFree(in: slots) },
        bids: sums(.bid) { $0.order.body.window.intersection(slots).isEmpty ? 0 : $0.remainingGPUs })
    }
  }
}

extension Array<UInt8> {
  mutating func be(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
  mutating func text(_ text: String) {
    be(UInt8(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}

extension OrderState {
  var digestElements: [[UInt8]] {
    func start(_ kind: UInt8) -> [UInt8] { Array("p2pnode/book/v1".utf8) + [kind] + id.bytes }
    var bytes: [UInt8] = []
    let body = order.body
    bytes.be(priority.time.milliseconds)
    priority.owner.append(to: &bytes)
    bytes.be(priority.sequence)
    bytes.be(priority.index)
    bytes += [side.rawValue, body.timeInForce.rawValue, body.isPostOnly ? 1 : 0]
    bytes.be(body.gpus)
    bytes.be(body.window.start.index)
    bytes.be(body.window.end.index)
    bytes.be(body.price.micros)
    bytes.be(body.minimumGPUs)
    bytes.be(body.expiry.milliseconds)
    var elements: [[UInt8]] = []
    switch holding {
    case .offer(let offer, let calendar):
      bytes.be(offer.gpuClass.position)
      bytes.be(offer.minimumSlots)
      let at = offer.attributes
      for text in [at.region, at.interconnect, at.driver] { bytes.text(text) }
      for number in [at.wattsPerGPU, at.gramsCO2PerKWh, at.vramMiB, at.probed.rawValue] { bytes.be(number) }
      var before: Int64 = 0
      for step in calendar.steps {
        var element = start(2)
        element.be(step.start.index)
        element.be(step.used - before)
        before = step.used
        elements.append(element)
      }
    case .bid(let bid, let taken):
      bytes.be(UInt16(bid.gpuClasses.count))
      for gpuClass in bid.gpuClasses { bytes.be(gpuClass.position) }
      bytes.be(bid.durationSlots)
      let d = bid.requirements.demands
      bytes.append(UInt8(d.regions.count))
      for region in d.regions { bytes.text(region) }
      bytes.text(d.interconnect)
      for number in [d.minimumVRAMMiB, d.maximumWattsPerGPU, d.maximumGramsCO2PerKWh] { bytes.be(number) }
      bytes.append(d.probedOnly ? 1 : 0)
      for list in [d.providers, d.excludedProviders] {
        bytes.append(UInt8(list.count))
        for node in list { node.append(to: &bytes) }
      }
      bytes.be(d.minimumSettledTrades)
      if let percent = d.maximumFailurePercent {
        bytes.append(1)
        bytes.be(percent)
      } else {
        bytes.append(0)
      }
      if taken != 0 {
        var element = start(1)
        element.be(taken)
        elements.append(element)
      }
    }
    let name: Digest = Blake2b.hash(bytes)
    return [start(0) + name.bytes] + elements
  }
}
