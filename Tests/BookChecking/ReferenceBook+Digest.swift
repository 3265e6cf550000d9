import Market
import NodeCrypto

extension ReferenceBook {
  /// The digest, summed up anew from each order's elements. An order's own sum is kept until the order changes.
  mutating func digest() -> Digest {
    var hash = SetHash()
    for position in entries.indices { hash.formUnion(disjoint: entries[position].hash()) }
    return hash.digest
  }

  /// The elements of the digest, ascending: equal books have equal elements.
  var elements: [[UInt8]] {
    entries.flatMap { [$0.ownElement] + $0.takenElements }.sorted { $0.lexicographicallyPrecedes($1) }
  }
}

extension ReferenceBook.Entry {
  /// The hash of the order's elements.
  fileprivate mutating func hash() -> SetHash {
    if let fullHash { return fullHash }
    var hash = ownHash ?? SetHash()
    if ownHash == nil {
      hash.add(ownElement)
      ownHash = hash
    }
    for element in takenElements { hash.add(element) }
    fullHash = hash
    return hash
  }

  private func element(_ kind: UInt8) -> [UInt8] { Array("p2pnode/book/v1".utf8) + [kind] + id.bytes }

  /// The element that says which order it is and what its terms are.
  var ownElement: [UInt8] {
    let name: Digest = Blake2b.hash(Self.encoding(terms.order))
    return element(0) + name.bytes
  }

  /// The elements that say what is taken.
  var takenElements: [[UInt8]] {
    switch terms.side {
    case .bid: return taken == 0 ? [] : [element(1) + Self.big(taken)]
    case .offer:
      let slots = Set(rectangles.flatMap { [$0.start, $0.end] })
      return slots.compactMap { slot in
        let change = used(at: slot) - used(at: slot - 1)
        return change == 0 ? nil : element(2) + Self.big(slot) + Self.big(Int64(change))
      }
    }
  }

  /// The canonical bytes of an order.
  private static func encoding(_ order: Order) -> [UInt8] {
    var bytes = big(order.priority.time.milliseconds) + order.priority.owner.bytes
    bytes += big(order.priority.sequence) + big(order.priority.index)
    switch order.body {
    case .offer(let offer):
      bytes += [0, tag(offer.timeInForce), offer.isPostOnly ? 1 : 0]
      bytes += big(offer.gpus) + big(offer.window.start.index) + big(offer.window.end.index)
      bytes += big(offer.price.micros) + big(offer.minimumGPUs) + big(offer.expiry.milliseconds)
      bytes += big(offer.gpuClass.position) + big(offer.minimumSlots)
      let attributes = offer.attributes
      bytes += text(attributes.region) + text(attributes.interconnect) + text(attributes.driver)
      bytes += big(attributes.wattsPerGPU) + big(attributes.gramsCO2PerKWh) + big(attributes.vramMiB)
      bytes += big(attributes.probed.rawValue)
    case .bid(let bid):
      bytes += [1, tag(bid.timeInForce), (bid.isPostOnly ? 1 : 0) + (bid.isWhole ? 2 : 0)]
      bytes += big(bid.gpus) + big(bid.window.start.index) + big(bid.window.end.index)
      bytes += big(bid.price.micros) + big(bid.minimumGPUs) + big(bid.expiry.milliseconds)
      bytes += big(UInt16(bid.gpuClasses.count)) + bid.gpuClasses.flatMap { big($0.position) }
      bytes += big(bid.durationSlots)
      let demands = bid.requirements.demands
      bytes += [UInt8(demands.regions.count)] + demands.regions.flatMap { text($0) }
      bytes += text(demands.interconnect) + big(demands.minimumVRAMMiB)
      bytes += big(demands.maximumWattsPerGPU) + big(demands.maximumGramsCO2PerKWh)
      bytes += [demands.probedOnly ? 1 : 0]
      bytes += [UInt8(demands.providers.count)] + demands.providers.flatMap { $0.bytes }
      bytes += [UInt8(demands.excludedProviders.count)] + demands.excludedProviders.flatMap { $0.bytes }
      bytes += big(demands.minimumSettledTrades)
      bytes += demands.maximumFailurePercent.map { [1] + big($0) } ?? [0]
    }
    return bytes
  }

  private static func tag(_ timeInForce: TimeInForce) -> UInt8 {
    switch timeInForce {
    case .goodTillCancelled: 0
    case .immediateOrCancel: 1
    case .fillOrKill: 2
    }
  }

  private static func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

  /// The bytes of an integer, the most significant first.
  private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
    stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
