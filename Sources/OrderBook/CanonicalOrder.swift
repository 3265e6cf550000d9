import Market
import NodeCrypto

extension Order {
  /// All that an order states, its priority included, in one encoding: what the book's digest says of its terms. Integers
  /// are big-endian. `docs/PROTOCOL.md` has the layout.
  var canonicalBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(192)
    bytes.appendBigEndian(priority.time.milliseconds)
    owner.append(to: &bytes)
    bytes.appendBigEndian(priority.sequence)
    bytes.appendBigEndian(priority.index)
    bytes.append(side.rawValue)
    bytes.append(body.timeInForce.rawValue)
    bytes.append((body.isPostOnly ? 1 : 0) | (body.isWhole ? 2 : 0))
    bytes.appendBigEndian(body.gpus)
    bytes.appendBigEndian(body.window.start.index)
    bytes.appendBigEndian(body.window.end.index)
    bytes.appendBigEndian(body.price.micros)
    bytes.appendBigEndian(body.minimumGPUs)
    bytes.appendBigEndian(body.expiry.milliseconds)
    switch body {
    case .offer(let offer): offer.appendRest(to: &bytes)
    case .bid(let bid): bid.appendRest(to: &bytes)
    }
    return bytes
  }
}

extension Offer {
  fileprivate func appendRest(to bytes: inout [UInt8]) {
    bytes.appendBigEndian(gpuClass.position)
    bytes.appendBigEndian(minimumSlots)
    bytes.appendText(attributes.region)
    bytes.appendText(attributes.interconnect)
    bytes.appendText(attributes.driver)
    bytes.appendBigEndian(attributes.wattsPerGPU)
    bytes.appendBigEndian(attributes.gramsCO2PerKWh)
    bytes.appendBigEndian(attributes.vramMiB)
    bytes.appendBigEndian(attributes.probed.rawValue)
  }
}

extension Bid {
  fileprivate func appendRest(to bytes: inout [UInt8]) {
    let demands = requirements.demands
    bytes.appendBigEndian(UInt16(truncatingIfNeeded: gpuClasses.count))
    for gpuClass in gpuClasses { bytes.appendBigEndian(gpuClass.position) }
    bytes.appendBigEndian(durationSlots)
    bytes.append(UInt8(truncatingIfNeeded: demands.regions.count))
    for region in demands.regions { bytes.appendText(region) }
    bytes.appendText(demands.interconnect)
    bytes.appendBigEndian(demands.minimumVRAMMiB)
    bytes.appendBigEndian(demands.maximumWattsPerGPU)
    bytes.appendBigEndian(demands.maximumGramsCO2PerKWh)
    bytes.append(demands.probedOnly ? 1 : 0)
    for nodes in [demands.providers, demands.excludedProviders] {
      bytes.append(UInt8(truncatingIfNeeded: nodes.count))
      for node in nodes { node.append(to: &bytes) }
    }
    bytes.appendBigEndian(demands.minimumSettledTrades)
    bytes.append(demands.maximumFailurePercent == nil ? 0 : 1)
    if let maximum = demands.maximumFailurePercent { bytes.appendBigEndian(maximum) }
  }
}

extension [UInt8] {
  mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }

  /// Appends a text of the protocol, of which none is longer than 255 bytes.
  fileprivate mutating func appendText(_ text: String) {
    append(UInt8(truncatingIfNeeded: text.utf8.count))
    append(contentsOf: text.utf8)
  }
}
