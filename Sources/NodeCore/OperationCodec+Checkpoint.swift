import Gossip
import Market
import NodeCrypto
import Settlement
import Wire

/// Parts of checkpoints between the wire and the core.
extension OperationCodec {
  /// The most parts of a checkpoint: a bound on what an unfinished one makes others keep.
  static let maximumCheckpointParts: UInt64 = 512

  /// What an entry with these operations is to its feed.
  public static func role(of operations: [Operation], in entry: SignedEntry) -> EntryRole {
    if case .rotate? = operations.first { return .last }
    guard case .checkpoint(let part)? = operations.first else { return .plain }
    guard part.first == entry.sequence, let totals = part.totals else {
      return .checkpointPart(first: part.first, isLast: part.isLast)
    }
    return .checkpointStart(rateLeft: totals.rateLeft, isLast: part.isLast)
  }

  func read(_ wire: WireCheckpoint, index: Int, of entry: SignedEntry) throws(OperationError) -> Operation {
    guard wire.first >= 1, wire.first <= entry.sequence, entry.sequence - wire.first < Self.maximumCheckpointParts
    else {
      throw .field(
        index: index, name: "first", value: "\(wire.first)",
        allowed: "the entry's sequence \(entry.sequence), or at most \(Self.maximumCheckpointParts - 1) before it")
    }
    guard wire.hasTotals == (wire.first == entry.sequence) else {
      throw .field(
        index: index, name: "totals", value: wire.hasTotals ? "there" : "missing", allowed: "in the first part alone")
    }
    let totals = wire.hasTotals ? try read(wire.totals, index, at: entry.time) : nil
    var items = CheckpointItems()
    for order in wire.orders { items.orders.append(try read(order, before: wire.first, index, at: entry.time)) }
    for taking in wire.takings { items.takings.append(try read(taking, before: wire.first, index)) }
    for propose in wire.proposals { items.proposals.append(try restated(propose, index, of: entry)) }
    for complaint in wire.complaints {
      let (expiries, lapses) = (complaint.expiries, complaint.lapses)
      guard expiries > 0 || lapses > 0 else {
        throw .field(index: index, name: "expiries, lapses", value: "0, 0", allowed: "one or more")
      }
      items.complaints.append(
        CheckpointItems.Complaint(
          node: try identifier(complaint.node, "node", index), expiries: try count(expiries, "expiries", index),
          lapses: try count(lapses, "lapses", index)))
    }
    for accept in wire.accepts { items.accepts.append(try restated(accept, before: wire.first, index, of: entry)) }
    for purchase in wire.purchases {
      items.purchases.append(try restated(purchase, before: wire.first, index, of: entry))
    }
    for hold in wire.holds {
      let (terms, decision) = try restated(hold, before: wire.first, index, of: entry)
      guard terms.terms.leg != nil else {
        throw .field(
          index: index, name: "holds", value: "trade \(decision.acceptance.trade)", allowed: "legs of purchases")
      }
      items.holds.append((terms, decision))
    }
    return .checkpoint(CheckpointPart(first: wire.first, totals: totals, items: items, isLast: wire.last))
  }

  private func read(
    _ wire: WireCheckpointTotals, _ index: Int, at time: Timestamp
  ) throws(OperationError) -> CheckpointTotals {
    let capacity = genesis.limits.entryBurst * 1000
    guard let left = Int64(exactly: wire.rateLeft), (1000...capacity).contains(left) else {
      throw .field(index: index, name: "rate_left", value: "\(wire.rateLeft)", allowed: "1000 to \(capacity)")
    }
    guard wire.hasRejects else { throw .field(index: index, name: "rejects", value: "missing", allowed: "there") }
    guard let since = Timestamp(wire: wire.sinceMs), since <= time else {
      throw .field(
        index: index, name: "since_ms", value: "\(wire.sinceMs)", allowed: "at most \(time.milliseconds)")
    }
    var counts = FeedCounts()
    counts.since = since
    counts.proposals = try count(wire.proposals, "proposals", index)
    counts.accepts = try count(wire.accepts, "accepts", index)
    counts.rejects.orderClosed = try count(wire.rejects.orderClosed, "order_closed", index)
    counts.rejects.noCapacity = try count(wire.rejects.noCapacity, "no_capacity", index)
    counts.rejects.badTerms = try count(wire.rejects.badTerms, "bad_terms", index)
    counts.rejects.stopping = try count(wire.rejects.stopping, "stopping", index)
    counts.rejects.noHold = try count(wire.rejects.noHold, "no_hold", index)
    counts.releases = try count(wire.releases, "releases", index)
    counts.settled = try count(wire.settled, "settled", index)
    counts.sold = try gpuTime(wire.soldGpuSeconds, "sold_gpu_seconds", index)
    counts.bought = try gpuTime(wire.boughtGpuSeconds, "bought_gpu_seconds", index)
    return CheckpointTotals(rateLeft: left, counts: counts)
  }

  private func count(_ wire: UInt64, _ name: String, _ index: Int) throws(OperationError) -> Int {
    guard wire <= UInt64(FeedCounts.maximum) else {
      throw .field(index: index, name: name, value: "\(wire)", allowed: "at most \(FeedCounts.maximum)")
    }
    return Int(wire)
  }

  private func gpuTime(_ wire: UInt64, _ name: String, _ index: Int) throws(OperationError) -> GPUTime {
    guard wire <= UInt64(GPUTime.maximum.gpuSeconds) else {
      throw .field(index: index, name: name, value: "\(wire)", allowed: "at most \(GPUTime.maximum.gpuSeconds)")
    }
    return GPUTime(gpuSeconds: Int64(wire))
  }

  private func place(
    _ sequence: UInt64, _ position: UInt32, before first: UInt64, _ name: String, _ index: Int
  ) throws(OperationError) -> OrderPlace {
    guard sequence >= 1, sequence < first else {
      throw .field(index: index, name: name, value: "\(sequence)", allowed: "1 to \(first - 1), before the checkpoint")
    }
    guard position < UInt32(genesis.limits.operationsPerEntry) else {
      throw .field(
        index: index, name: name, value: "operation \(position)",
        allowed: "0 to \(genesis.limits.operationsPerEntry - 1)")
    }
    return OrderPlace(sequence: sequence, index: position)
  }

  private func read(
    _ wire: WireCheckpointOrder, before first: UInt64, _ index: Int, at time: Timestamp
  ) throws(OperationError) -> CheckpointItems.LiveOrder {
    let body: OrderBody
    switch wire.terms {
    case .offer(let offer): body = .offer(try read(offer, index: index, at: time))
    case .bid(let bid): body = .bid(try read(bid, index: index, at: time))
    case nil: throw .field(index: index, name: "terms", value: "empty", allowed: "an offer or a bid")
    }
    let place = try place(wire.sequence, wire.index, before: first, "sequence", index)
    let priority = try self.place(
      wire.prioritySequence, wire.priorityIndex, before: first, "priority_sequence", index)
    guard let priorityTime = Timestamp(wire: wire.priorityMs), priorityTime <= time else {
      throw .field(
        index: index, name: "priority_ms", value: "\(wire.priorityMs)", allowed: "at most \(time.milliseconds)")
    }
    guard place <= priority else {
      throw .field(
        index: index, name: "priority_sequence", value: "\(priority.sequence)",
        allowed: "the order's place at \(place.sequence) or later")
    }
    return CheckpointItems.LiveOrder(place: place, time: priorityTime, priority: priority, body: body)
  }

  private func read(
    _ wire: WireCheckpointTaking, before first: UInt64, _ index: Int
  ) throws(OperationError) -> CheckpointItems.Taking {
    guard let gpus = Int32(exactly: wire.gpus), gpus > 0 else {
      throw .field(index: index, name: "gpus", value: "\(wire.gpus)", allowed: "1 to \(Int32.max)")
    }
    let place = try place(wire.sequence, wire.index, before: first, "sequence", index)
    if wire.startMs == 0, wire.endMs == 0 { return CheckpointItems.Taking(place: place, gpus: gpus, slots: nil) }
    return CheckpointItems.Taking(place: place, gpus: gpus, slots: try window(wire.startMs, wire.endMs, index))
  }

  /// A proposal from an earlier entry.
  private func restated(
    _ wire: WirePropose, _ index: Int, of entry: SignedEntry
  ) throws(OperationError) -> SignedTerms {
    let signed = try terms(Array(wire.terms), signature: Array(wire.takerSignature), index)
    guard signed.terms.taker == entry.author else {
      throw .field(index: index, name: "taker", value: signed.terms.taker.hex, allowed: "the entry's author")
    }
    guard signed.terms.leg == nil else {
      throw .field(index: index, name: "purchase", value: "given", allowed: "only in the legs of a purchase")
    }
    let latest = entry.time + genesis.limits.proposalMilliseconds
    guard signed.terms.deadline <= latest, signed.terms.deadline <= signed.terms.start else {
      throw .field(
        index: index, name: "deadline_ms", value: "\(signed.terms.deadline.milliseconds)",
        allowed: "at most \(min(latest, signed.terms.start).milliseconds)")
    }
    return signed
  }

  /// A purchase from an earlier entry, open or confirmed.
  private func restated(
    _ wire: WireCheckpointPurchase, before first: UInt64, _ index: Int, of entry: SignedEntry
  ) throws(OperationError) -> CheckpointItems.Purchase {
    let legs = try legs(wire.legs, index)
    let latest = entry.time + genesis.limits.proposalMilliseconds
    for leg in legs {
      guard leg.terms.taker == entry.author else {
        throw .field(index: index, name: "taker", value: leg.terms.taker.hex, allowed: "the entry's author")
      }
      guard leg.terms.deadline <= latest, let confirmBy = leg.terms.leg?.confirmBy, confirmBy <= leg.terms.start,
        confirmBy <= leg.terms.deadline + genesis.limits.proposalMilliseconds
      else {
        throw .field(
          index: index, name: "deadline_ms", value: "\(leg.terms.deadline.milliseconds)",
          allowed: "at most \(latest.milliseconds), and confirm_ms after it and before the start")
      }
    }
    guard wire.hasConfirm else { return CheckpointItems.Purchase(legs: legs, confirmed: nil) }
    let (confirmation, acceptances) = try confirm(wire.confirm, by: entry.author, index)
    let stated = confirmation.confirmation
    guard stated.sequence < first, stated.time <= entry.time,
      zip(legs, acceptances).allSatisfy({ Self.isConfirmed($0, by: stated, $1) })
    else {
      throw .field(
        index: index, name: "confirm", value: "of purchase \(stated.purchase) at sequence \(stated.sequence)",
        allowed: "one of the legs, in time and before the checkpoint")
    }
    return CheckpointItems.Purchase(legs: legs, confirmed: (confirmation, acceptances))
  }

  /// Whether a confirm makes a leg final: it is for the leg and in time, and so is the maker's acceptance.
  static func isConfirmed(_ leg: SignedTerms, by confirmation: Confirmation, _ accepted: SignedAcceptance) -> Bool {
    accepted.maker == leg.terms.maker && accepted.acceptance.trade == Blake2b.hash(leg.bytes)
      && accepted.acceptance.time <= leg.terms.deadline
      && confirmation.confirms(leg.terms, acceptanceBytes: accepted.bytes)
  }

  /// An accept from an earlier entry.
  private func restated(
    _ wire: WireAccept, before first: UInt64, _ index: Int, of entry: SignedEntry
  ) throws(OperationError) -> (terms: SignedTerms, decision: SignedAcceptance) {
    let signed = try terms(Array(wire.terms), signature: Array(wire.takerSignature), index)
    let decision = try acceptance(
      Array(wire.acceptance), signature: Array(wire.makerSignature), maker: entry.author, index)
    let accepted = decision.acceptance
    guard signed.terms.maker == entry.author, accepted.trade == Blake2b.hash(signed.bytes),
      accepted.sequence < first, accepted.time <= min(signed.terms.deadline, entry.time)
    else {
      throw .field(
        index: index, name: "acceptance", value: "of trade \(accepted.trade) at sequence \(accepted.sequence)",
        allowed: "one of the author's, of its terms, within their deadline and before the checkpoint")
    }
    return (signed, decision)
  }
}

extension OperationCodec {
  func wire(_ part: CheckpointPart) -> WireCheckpoint {
    var out = WireCheckpoint()
    out.first = part.first
    if let totals = part.totals {
      out.totals = wire(totals)
    }
    out.orders = part.items.orders.map { wire($0) }
    out.takings = part.items.takings.map { wire($0) }
    out.proposals = part.items.proposals.map { wire($0) }
    out.complaints = part.items.complaints.map { complaint in
      var out = WireCheckpointComplaint()
      out.node = .init(complaint.node.bytes)
      out.expiries = UInt64(complaint.expiries)
      out.lapses = UInt64(complaint.lapses)
      return out
    }
    out.accepts = part.items.accepts.map { wire($0.terms, $0.decision) }
    out.last = part.isLast
    out.purchases = part.items.purchases.map { purchase in
      var out = WireCheckpointPurchase()
      out.legs = purchase.legs.map { wire($0) }
      if let confirmed = purchase.confirmed { out.confirm = wire(confirmed.confirmation, confirmed.acceptances) }
      return out
    }
    out.holds = part.items.holds.map { wire($0.terms, $0.decision) }
    return out
  }

  private func wire(_ totals: CheckpointTotals) -> WireCheckpointTotals {
    let counts = totals.counts
    var out = WireCheckpointTotals()
    out.rateLeft = UInt64(totals.rateLeft)
    out.sinceMs = counts.since?.wire ?? 0
    out.proposals = UInt64(counts.proposals)
    out.accepts = UInt64(counts.accepts)
    out.rejects.orderClosed = UInt64(counts.rejects.orderClosed)
    out.rejects.noCapacity = UInt64(counts.rejects.noCapacity)
    out.rejects.badTerms = UInt64(counts.rejects.badTerms)
    out.rejects.stopping = UInt64(counts.rejects.stopping)
    out.rejects.noHold = UInt64(counts.rejects.noHold)
    out.releases = UInt64(counts.releases)
    out.settled = UInt64(counts.settled)
    out.soldGpuSeconds = UInt64(counts.sold.gpuSeconds)
    out.boughtGpuSeconds = UInt64(counts.bought.gpuSeconds)
    return out
  }

  private func wire(_ order: CheckpointItems.LiveOrder) -> WireCheckpointOrder {
    var out = WireCheckpointOrder()
    out.sequence = order.place.sequence
    out.index = order.place.index
    out.priorityMs = order.time.wire
    out.prioritySequence = order.priority.sequence
    out.priorityIndex = order.priority.index
    switch order.body {
    case .offer(let offer): out.offer = wire(offer)
    case .bid(let bid): out.bid = wire(bid)
    }
    return out
  }

  private func wire(_ taking: CheckpointItems.Taking) -> WireCheckpointTaking {
    var out = WireCheckpointTaking()
    out.sequence = taking.place.sequence
    out.index = taking.place.index
    out.gpus = UInt32(taking.gpus)
    if let slots = taking.slots {
      out.startMs = genesis.start(of: slots.start).wire
      out.endMs = genesis.start(of: slots.end).wire
    }
    return out
  }

  func wire(_ signed: SignedTerms) -> WirePropose {
    var out = WirePropose()
    out.terms = .init(signed.bytes)
    out.takerSignature = .init(signed.signature.bytes)
    return out
  }

  func wire(_ signed: SignedTerms, _ decision: SignedAcceptance) -> WireAccept {
    var out = WireAccept()
    out.terms = .init(signed.bytes)
    out.takerSignature = .init(signed.signature.bytes)
    out.acceptance = .init(decision.bytes)
    out.makerSignature = .init(decision.signature.bytes)
    return out
  }

  /// The parts that restate `items`, each as much as fits into one entry, in the order of the fields.
  ///
  /// - Parameter totals: nil when the first part has been written already.
  func parts(of items: CheckpointItems, first: UInt64, totals: CheckpointTotals?) -> [CheckpointPart] {
    let maximum = genesis.limits.entryBytes - EntryBuilder.headerBytes - Self.partOverheadBytes
    var parts: [CheckpointPart] = []
    var part = CheckpointPart(first: first, totals: totals, items: CheckpointItems(), isLast: false)
    var size = 0
    func add(_ items: CheckpointItems) {
      let bytes = wire(CheckpointPart(first: 0, totals: nil, items: items, isLast: false)).encoded().count
      if size + bytes > maximum {
        parts.append(part)
        part = CheckpointPart(first: first, totals: nil, items: CheckpointItems(), isLast: false)
        size = 0
      }
      size += bytes
      part.items.append(items)
    }
    func each<Item>(_ path: WritableKeyPath<CheckpointItems, [Item]>) {
      for item in items[keyPath: path] {
        var one = CheckpointItems()
        one[keyPath: path] = [item]
        add(one)
      }
    }
    each(\.orders)
    each(\.takings)
    each(\.proposals)
    each(\.complaints)
    each(\.accepts)
    each(\.purchases)
    each(\.holds)
    part.isLast = true
    return parts + [part]
  }

  /// A part's tags, lengths, first sequence and totals.
  private static let partOverheadBytes = 256
}
