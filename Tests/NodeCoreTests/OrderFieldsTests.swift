import Gossip
import Market
import NodeCrypto
import OrderBook
import Testing
import Wire

@testable import NodeCore

@Suite("orders out of an entry's bytes")
struct OrderFieldsTests {
  /// Bytes with up to two of them changed, left out or added.
  private func mutated(_ bytes: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 0...2, using: &generator) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.remove(at: place)
      default: bytes.insert(UInt8.random(in: 0...3, using: &generator), at: place)
      }
    }
    return bytes
  }

  private func number(_ generator: inout SplitMix64) -> UInt64 {
    let bits = UInt64.random(in: 0...64, using: &generator)
    return bits == 0 ? 0 : generator.next() >> (64 - bits)
  }

  @Test("an offer without attributes is read as its message is decoded, and nothing else is taken for one")
  func offers() {
    var generator = SplitMix64(seed: 21)
    var taken = 0
    for _ in 0..<20_000 {
      var wire = WireOffer()
      wire.gpuClass = UInt32(truncatingIfNeeded: number(&generator))
      wire.gpus = UInt32(truncatingIfNeeded: number(&generator))
      (wire.startMs, wire.endMs, wire.price) = (number(&generator), number(&generator), number(&generator))
      wire.minimumGpus = UInt32(truncatingIfNeeded: number(&generator))
      (wire.minimumMs, wire.expiryMs) = (number(&generator), number(&generator))
      wire.timeInForce = WireTimeInForce(rawValue: Int.random(in: 0...3, using: &generator)) ?? .gtc
      wire.postOnly = Bool.random(using: &generator)
      if Int.random(in: 0..<8, using: &generator) == 0 { wire.attributes.region = "de" }
      let bytes = mutated(wire.encoded(), &generator)
      let message = try? WireOffer.decodeCanonical(bytes)
      let fields = bytes.withUnsafeBytes { OfferFields(canonical: $0) }
      let isPlain = message.map { !$0.hasAttributes && [.gtc, .ioc, .fok].contains($0.timeInForce) } ?? false
      #expect((fields != nil) == isPlain, "\(Hex.encode(bytes))")
      guard let fields, let message else { continue }
      taken += 1
      #expect("\(fields)" == "\(OfferFields(message))")
    }
    #expect(taken > 5000)
  }

  @Test("a bid without requirements is read as its message is decoded, and nothing else is taken for one")
  func bids() {
    var generator = SplitMix64(seed: 22)
    var taken = 0
    for _ in 0..<20_000 {
      var wire = WireBid()
      wire.gpuClasses = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
        UInt32.random(in: 0...130, using: &generator)
      }
      wire.gpus = UInt32(truncatingIfNeeded: number(&generator))
      (wire.durationMs, wire.startMs, wire.endMs) = (number(&generator), number(&generator), number(&generator))
      (wire.price, wire.expiryMs) = (number(&generator), number(&generator))
      wire.minimumGpus = UInt32(truncatingIfNeeded: number(&generator))
      wire.timeInForce = WireTimeInForce(rawValue: Int.random(in: 0...3, using: &generator)) ?? .gtc
      wire.postOnly = Bool.random(using: &generator)
      wire.allOrNone = Bool.random(using: &generator)
      if Int.random(in: 0..<8, using: &generator) == 0 { wire.requirements.probedOnly = true }
      let bytes = mutated(wire.encoded(), &generator)
      let message = try? WireBid.decodeCanonical(bytes)
      let read = bytes.withUnsafeBytes { BidFields.read(canonical: $0) }
      let isPlain =
        message.map {
          !$0.hasRequirements && [.gtc, .ioc, .fok].contains($0.timeInForce) && $0.gpuClasses.allSatisfy { $0 < 128 }
        } ?? false
      #expect((read != nil) == isPlain, "\(Hex.encode(bytes))")
      guard let read, let message else { continue }
      taken += 1
      #expect(read.gpuClasses == message.gpuClasses && "\(read.fields)" == "\(BidFields(message))")
    }
    #expect(taken > 5000)
  }

  @Test("a payload is read exactly if its message is canonical and its operations are")
  func payloads() throws {
    let genesis = try TestMarket.genesis()
    let codec = OperationCodec(genesis: genesis)
    var generator = SplitMix64(seed: 23)
    let order: OrderID = Blake2b.hash([1])
    let operations: [Operation] = [
      .place(genesis.offer(8, at: 2.00)), .place(genesis.bid(4, at: 2.40)), .cancel(order),
      .amend(order, genesis.offer(4, at: 2.10)),
    ]
    var read = 0
    for _ in 0..<10_000 {
      let chosen = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
        operations[Int.random(in: 0..<operations.count, using: &generator)]
      }
      let payload = mutated(chosen.flatMap { codec.encode($0) }, &generator)
      let entry = SignedEntry(
        after: .origin(of: genesis.networkID), time: epoch, payload: payload, identity: identity(1),
        network: genesis.networkID)
      guard let operations = try? codec.operations(of: entry) else { continue }
      read += 1
      #expect((try? WirePayload.decodeCanonical(payload)) != nil || payload.isEmpty, "\(Hex.encode(payload))")
      #expect(operations.flatMap { codec.encode($0) } == payload)
    }
    #expect(read > 2000)
  }
}
