import Gossip
import Market
import NodeAPI
import NodeCore
import NodeCrypto
import OrderBook
import Settlement

/// Makes the API's documents out of the core's values.
struct DocumentBuilder {
  let core: NodeCore
  let now: Timestamp

  var genesis: Genesis { core.genesis }

  func order(_ order: Order, state: OwnOrderState?) -> OrderDocument {
    let held = core.book.state(of: order.id)
    var document = OrderDocument(
      id: order.id.hex, side: order.side == .offer ? "offer" : "bid",
      state: (state ?? bookState(order, held)).rawValue, owner: order.owner.hex, own: order.owner == core.own,
      stale: core.isOwnerStale(order.owner, now: now),
      gpuClasses: order.body.gpuClasses.map { genesis.gpuClass(at: $0).id }, gpus: Int64(order.body.gpus),
      gpusLeft: Int64(held.map(left) ?? 0), startMs: milliseconds(order.body.window.start),
      endMs: milliseconds(order.body.window.end), durationMs: nil, priceMicros: order.body.price.micros,
      minimumGpus: 1, minimumMs: nil, attributes: nil, requirements: nil,
      placedMs: order.priority.time.milliseconds, expiryMs: order.body.expiry.milliseconds, calendar: nil)
    document.gpuSecondsLeft = held.map(gpuSecondsLeft)
    document.timeInForce = timeInForce(order.body)
    document.postOnly = order.body.isPostOnly
    document.allOrNone = order.body.isAllOrNone
    document.ownerRecord = record(of: order.owner)
    switch order.body {
    case .offer(let offer):
      document.minimumGpus = Int64(offer.minimumGPUs)
      document.minimumMs = offer.minimumSlots * genesis.slotMilliseconds
      document.attributes = attributes(offer.attributes)
      document.calendar = held?.calendar.map(runs)
    case .bid(let bid):
      document.durationMs = bid.durationSlots * genesis.slotMilliseconds
      document.minimumGpus = Int64(bid.minimumGPUs)
      document.requirements = requirements(bid.requirements)
    }
    return document
  }

  /// `gtt` is `gtc` with an expiry before the moment from which the order could not be filled.
  private func timeInForce(_ body: OrderBody) -> String {
    switch body.timeInForce {
    case .immediateOrCancel: return "ioc"
    case .fillOrKill: return "fok"
    case .goodTillCancelled:
      let duration = if case .bid(let bid) = body { bid.durationSlots } else { Int64(0) }
      return body.expiry < genesis.start(of: body.window.end - duration) ? "gtt" : "gtc"
    }
  }

  private func bookState(_ order: Order, _ held: OrderState?) -> OwnOrderState {
    guard let held, order.body.expiry > now else { return .expired }
    return held.isOpen ? .open : .filled
  }

  /// GPUs that could still be traded: a bid's remainder, or what an offer has free in its freest slot from now on.
  private func left(_ state: OrderState) -> Int32 {
    guard let calendar = state.calendar else { return state.remainingGPUs }
    let next = genesis.slot(startingFrom: now)
    return calendar.runs.filter { $0.slots.end > next }.map(\.free).max() ?? 0
  }

  private func gpuSecondsLeft(_ state: OrderState) -> Int64 {
    let slotSeconds = genesis.slotMilliseconds / 1000
    switch state.order.body {
    case .bid(let bid): return Int64(state.remainingGPUs) * bid.durationSlots * slotSeconds
    case .offer:
      let next = genesis.slot(startingFrom: now)
      let free = state.calendar?.runs.map { run in
        Int64(run.free) * max(0, run.slots.end.index - max(run.slots.start, next).index)
      }
      return (free ?? []).reduce(0, +) * slotSeconds
    }
  }

  private func runs(_ calendar: CapacityCalendar) -> [CalendarRunDocument] {
    calendar.runs.filter { $0.used > 0 }.map {
      CalendarRunDocument(
        startMs: milliseconds($0.slots.start), endMs: milliseconds($0.slots.end), usedGpus: $0.used)
    }
  }

  func milliseconds(_ slot: Slot) -> Int64 { genesis.start(of: slot).milliseconds }

  private func attributes(_ attributes: Attributes) -> AttributesDocument? {
    guard !attributes.isEmpty else { return nil }
    var out = AttributesDocument()
    out.region = attributes.region.isEmpty ? nil : attributes.region
    out.interconnect = attributes.interconnect.isEmpty ? nil : attributes.interconnect
    out.driver = attributes.driver.isEmpty ? nil : attributes.driver
    out.wattsPerGpu = attributes.wattsPerGPU == 0 ? nil : Int64(attributes.wattsPerGPU)
    out.gco2PerKwh = attributes.gramsCO2PerKWh == 0 ? nil : Int64(attributes.gramsCO2PerKWh)
    out.vramMib = attributes.vramMiB == 0 ? nil : Int64(attributes.vramMiB)
    let probed = AttributeSet.named.filter { attributes.probed.contains($0.attribute) }.map(\.name)
    out.probed = probed.isEmpty ? nil : probed
    return out
  }

  func requirements(_ requirements: Requirements) -> RequirementsDocument? {
    guard !requirements.isEmpty else { return nil }
    var out = RequirementsDocument()
    out.regions = requirements.regions.isEmpty ? nil : requirements.regions
    out.interconnect = requirements.interconnect.isEmpty ? nil : requirements.interconnect
    out.maximumWattsPerGpu =
      requirements.maximumWattsPerGPU == 0 ? nil : Int64(requirements.maximumWattsPerGPU)
    out.maximumGco2PerKwh =
      requirements.maximumGramsCO2PerKWh == 0 ? nil : Int64(requirements.maximumGramsCO2PerKWh)
    out.minimumVramMib = requirements.minimumVRAMMiB == 0 ? nil : Int64(requirements.minimumVRAMMiB)
    out.probedOnly = requirements.probedOnly ? true : nil
    out.providers = requirements.providers.isEmpty ? nil : requirements.providers.map(\.hex)
    out.excludedProviders = requirements.excludedProviders.isEmpty ? nil : requirements.excludedProviders.map(\.hex)
    out.minimumSettledTrades =
      requirements.minimumSettledTrades == 0 ? nil : Int64(requirements.minimumSettledTrades)
    out.maximumFailurePercent = requirements.maximumFailurePercent.map(Int64.init)
    return out
  }

  // MARK: The book

  /// The ids of a class's open orders, the best first. The book keeps an order until some feed's time has passed its expiry;
  /// people see the clock's view.
  func openOrders(_ gpuClass: GPUClassIndex, _ side: Side, limit: Int = .max) -> [OrderID] {
    core.book.restingOrders(gpuClass: gpuClass, side: side, expiringAfter: now, limit: limit)
  }

  /// An order of the book; nil when it is open no longer.
  func openOrder(_ id: OrderID) -> OrderDocument? {
    guard let held = core.book.state(of: id), held.isOpen, held.order.body.expiry > now else { return nil }
    return order(held.order, state: nil)
  }

  func bookSummary(_ gpuClass: GPUClassIndex) -> BookSummaryDocument {
    let next = genesis.slot(startingFrom: now)
    let offers = core.book.total(gpuClass: gpuClass, side: .offer, expiringAfter: now, from: next)
    let bids = core.book.total(gpuClass: gpuClass, side: .bid, expiringAfter: now, from: next)
    return BookSummaryDocument(
      gpuClass: genesis.gpuClass(at: gpuClass).id, offers: offers.orders, gpusOffered: offers.gpus,
      bestOfferMicros: offers.best?.micros, bids: bids.orders, gpusWanted: bids.gpus,
      bestBidMicros: bids.best?.micros)
  }

  // MARK: Trades

  func trade(_ trade: Trade) -> TradeDocument {
    let terms = trade.terms
    let role = core.isOwn(terms.provider) ? "provider" : core.isOwn(terms.buyer) ? "buyer" : "observer"
    let state = state(of: trade)
    let isSettled = state == "settled" || state == "disputed"
    var document = TradeDocument(
      id: trade.id.hex, state: state, role: role, offer: terms.offer.hex, bid: terms.bid.hex,
      provider: terms.provider.hex, buyer: terms.buyer.hex,
      taker: terms.takerSide == .offer ? "provider" : "buyer", gpuClass: terms.gpuClass, gpus: Int64(terms.gpus),
      startMs: terms.start.milliseconds, endMs: terms.end.milliseconds, priceMicros: terms.price.micros,
      totalMicros: terms.total.micros, currency: terms.currency, deadlineMs: terms.deadline.milliseconds,
      settledMs: isSettled ? trade.acceptance?.acceptance.time.milliseconds : nil)
    if let leg = terms.leg {
      document.purchase = leg.purchase.hex
      document.confirmMs = leg.confirmBy.milliseconds
      document.settledMs = isSettled ? trade.confirmation?.confirmation.time.milliseconds : nil
    }
    return document
  }

  private func state(of trade: Trade) -> String {
    switch trade.state {
    case .settled where !core.isPublished(trade): trade.terms.leg == nil ? "proposed" : "held"
    case .held: "held"
    case .settled: core.isDisputed(trade) ? "disputed" : "settled"
    case .rejected: "rejected"
    case .released: "released"
    case .proposed: now > trade.terms.deadline ? "held" : "proposed"
    }
  }

  /// The latest trades that are this node's or anybody's, in the order of their deadlines.
  func trades(_ page: TradePage) -> [Trade] {
    core.ledger.latest(page.limit, before: page.cursor) { !page.isOwnOnly || isOwn($0) }
  }

  /// Those of ``trades(_:)`` that have a receipt.
  func receipts(_ page: TradePage) -> [Trade] {
    core.ledger.latest(page.limit, before: page.cursor) {
      $0.state == .settled && (!page.isOwnOnly || isOwn($0)) && core.isPublished($0)
    }
  }

  private func isOwn(_ trade: Trade) -> Bool { core.isOwn(trade.terms.provider) || core.isOwn(trade.terms.buyer) }

  // MARK: The network

  func network() -> NetworkDocument {
    NetworkDocument(
      id: genesis.networkID.hex, name: genesis.name, currency: genesis.currency, slotMs: genesis.slotMilliseconds,
      gpuClasses: genesis.gpuClasses.map {
        NetworkDocument.GPUClassDocument(
          id: $0.id, vendor: $0.vendor, model: $0.model, interface: $0.interface, vramMib: $0.vramMiB,
          boardPowerWatts: $0.boardPowerWatts)
      }, priceTickMicros: genesis.limits.priceTickMicros, lotGpus: Int64(genesis.limits.lotGPUs))
  }

  func peers(bookDigest: Digest) -> [PeerDocument] {
    core.peers.map { peer in
      var document = PeerDocument(
        node: peer.node.hex, address: peer.address.description,
        direction: peer.direction == .inbound ? "inbound" : "outbound", agent: peer.agent,
        bookDigest: peer.summary?.bookDigest.hex, agrees: peer.summary.flatMap { agrees($0, bookDigest) },
        entries: peer.summary.map { Int64(clamping: $0.entries) }, roundTripMs: peer.roundTripMilliseconds,
        connectedMs: now - peer.connectedAt)
      document.record = record(of: peer.node)
      return document
    }
  }

  /// Equal books agree. Different ones disagree only when they come from the same entries; otherwise one side has seen
  /// what the other will see in a moment.
  private func agrees(_ summary: Summary, _ digest: Digest) -> Bool? {
    if summary.bookDigest == digest { return true }
    let hasSameEntries =
      summary.entries == UInt64(core.feeds.entryCount) && summary.bookTime == core.feeds.latestTime
    return hasSameEntries ? false : nil
  }

  func why(_ id: OrderID, explanation: MatchExplanation) -> WhyDocument? {
    guard let state = core.book.state(of: id) else { return nil }
    var document = WhyDocument(
      order: order(state.order, state: core.ownOrderState(id, now: now)?.state),
      counterOrders: explanation.counterOrders,
      conditions: MatchCondition.allCases.filter { $0 != .matching }.map {
        WhyDocument.Condition(condition: $0.rawValue, ruledOut: explanation.count($0))
      },
      matching: explanation.count(.matching), bestCounterPriceMicros: explanation.bestCounterPrice?.micros,
      undecided: core.ledger.trades(of: id).filter {
        let state = core.ledger[$0]?.state
        return state == .proposed || state == .held
      }.count)
    if state.owner == core.own { document.newcomer = newcomer() }
    if let open = core.openPurchase {
      if open.bid == id {
        document.purchase = PurchaseDocument(
          id: open.id.hex, legs: open.legs, accepted: open.accepted, confirmMs: open.confirmBy.milliseconds)
      } else if core.isWaitingForPurchase(id) {
        document.waitsForPurchase = true
      }
    }
    return document
  }
}
