import Gossip
import Market
import NodeCrypto
import Simulator
import Testing
import Wire

@testable import NodeCore

@Suite("orders on the wire")
struct OperationCodecTests {
  let genesis: Genesis
  let codec: OperationCodec
  let author = identity(1)

  init() throws {
    genesis = try TestMarket.genesis()
    codec = OperationCodec(genesis: genesis)
  }

  private func entry(_ payload: [UInt8]) -> SignedEntry {
    SignedEntry(
      after: .origin(of: genesis.networkID), time: epoch, payload: payload, identity: author, network: genesis.networkID
    )
  }

  private func reread(_ operation: Operation) throws -> Operation {
    let read = try codec.operations(of: entry(codec.encode(operation)))
    #expect(read.map(codec.encode) == [codec.encode(operation)])
    return try #require(read.first)
  }

  private func refusal(_ kind: WireOperation.OneOf_Kind) -> String? {
    var operation = WireOperation()
    operation.kind = kind
    var payload = WirePayload()
    payload.operations = [operation]
    do throws(OperationError) {
      _ = try codec.operations(of: entry(payload.encoded()))
      return nil
    } catch { return error.description }
  }

  private func wire(_ body: OrderBody) -> WireOperation.OneOf_Kind { codec.wire(body) }

  private func refused(offer change: (inout WireOffer) -> Void) -> String? {
    guard case .offer(var offer) = wire(genesis.offer(8, at: 2)) else { return nil }
    change(&offer)
    return refusal(.offer(offer))
  }

  private func refused(bid change: (inout WireBid) -> Void) -> String? {
    guard case .bid(var bid) = wire(genesis.bid(4, at: 2)) else { return nil }
    change(&bid)
    return refusal(.bid(bid))
  }

  static let nodes = (1...17).map { NodeID(word0: UInt64($0), word1: 0, word2: 0, word3: 0) }

  private var everyKind: [OrderBody] {
    let offer = genesis.offer(8, at: 2)
    let bid = genesis.bid(4, at: 2)
    return [
      offer, offer.postOnly, offer.works(.immediateOrCancel), bid, bid.postOnly, bid.works(.immediateOrCancel),
      bid.works(.fillOrKill),
      offer.stating(
        Attributes(
          region: "EU-FR", interconnect: "nvlink", driver: "550.54", wattsPerGPU: 700, gramsCO2PerKWh: 50,
          vramMiB: 81_920, probed: [.driver, .watts, .vram])),
      bid.demanding {
        $0.regions = ["EU", "NA"]
        $0.interconnect = "nvlink"
        $0.minimumVRAMMiB = 80_000
        $0.maximumWattsPerGPU = 700
        $0.maximumGramsCO2PerKWh = 100
        $0.probedOnly = true
        $0.providers = [Self.nodes[0], Self.nodes[3]]
        $0.minimumSettledTrades = 5
        $0.maximumFailurePercent = 10
      },
      bid.demanding { $0.excludedProviders = [Self.nodes[1], Self.nodes[2]] },
    ]
  }

  @Test("every kind of order reads as it was written, placed and in an amend")
  func roundTrips() throws {
    for body in everyKind {
      guard case .place(let read) = try reread(.place(body)) else {
        Issue.record("not an order")
        continue
      }
      #expect(read == body)
      guard !body.timeInForce.isImmediate else { continue }
      let order = OrderID(word0: 1, word1: 2, word2: 3, word3: 4)
      guard case .amend(let id, let amended) = try reread(.amend(order, body)) else {
        Issue.record("not an amend")
        continue
      }
      #expect(id == order && amended == body)
    }
  }

  @Test("no failure rate at all and a failure rate of 0 are two demands with two encodings")
  func zeroFailures() throws {
    let none = genesis.bid(4, at: 2)
    let zero = none.demanding { $0.maximumFailurePercent = 0 }
    guard case .place(let read) = try reread(.place(zero)) else { return }
    #expect(read == zero && read != none)
    #expect(codec.encode(.place(zero)) != codec.encode(.place(none)))
  }

  @Test("an order has one encoding: attributes and requirements that say nothing are not valid")
  func emptyMessages() {
    #expect(
      refused(offer: { $0.attributes = WireAttributes() })
        == "operation 0: attributes is empty; allowed: at least one, or none at all")
    #expect(
      refused(bid: { $0.requirements = WireRequirements() })
        == "operation 0: requirements is empty; allowed: at least one, or none at all")
  }

  @Test("values that no order has are refused with the field, the value and what is allowed")
  func refusals() {
    #expect(
      refused(offer: { $0.timeInForce = .UNRECOGNIZED(3) })
        == "operation 0: time_in_force is 3; allowed: 0 (gtc), 1 (ioc) or 2 (fok)")
    #expect(
      refused(bid: { $0.timeInForce = .UNRECOGNIZED(-1) })
        == "operation 0: time_in_force is -1; allowed: 0 (gtc), 1 (ioc) or 2 (fok)")
    #expect(
      refused(bid: { $0.requirements.providers = [.init([1, 2])] })
        == "operation 0: providers is 2 bytes; allowed: 32 bytes")
    #expect(
      refused(bid: { $0.requirements.excludedProviders = Self.nodes.map { .init($0.bytes) } })
        == "operation 0: excluded_providers is 17; allowed: at most 16")
    #expect(
      refused(offer: { $0.attributes.probed = 64 })
        == "operation 0: probed is 64; allowed: a sum of the bits 1, 2, 4, 8, 16, 32")
    #expect(
      refused(offer: { $0.attributes.probed = 1 })
        == "operation 0: probed is \"region\", which the offer does not state; allowed: attributes that it states")
  }

  @Test("an amend names an order and whole terms that rest in the book")
  func amends() {
    var amend = WireAmend()
    amend.order = .init(Self.nodes[0].bytes)
    #expect(refusal(.amend(amend)) == "operation 0: new is empty; allowed: an offer or a bid")
    amend.new = codec.wire(genesis.bid(4, at: 2).works(.immediateOrCancel))
    #expect(refusal(.amend(amend)) == "operation 0: time in force is ioc; allowed: gtc in an amend")
    amend.new = codec.wire(genesis.bid(65, at: 2))
    #expect(refusal(.amend(amend)) == "operation 0: gpus is 65; allowed: 1 to 64")
    amend.new = codec.wire(genesis.bid(4, at: 2))
    amend.order = .init([1])
    #expect(refusal(.amend(amend)) == "operation 0: order is 1 bytes; allowed: 32 bytes")
  }

  @Test("post-only in two bytes, and other encodings of the same order, are not valid")
  func otherEncodings() {
    let good = codec.encode(.place(genesis.bid(4, at: 2).postOnly))
    // The payload ends with the field post_only, 0x58 0x01.
    #expect(Array(good.suffix(2)) == [0x58, 0x01])
    for bad in [Array(good.dropLast()) + [0x02], Array(good.dropLast()) + [0x00]] {
      #expect(throws: OperationError.self) { try codec.operations(of: entry(bad)) }
    }
  }

  @Test("the largest legal operation fits the room that an entry keeps for one")
  func largest() throws {
    let classes = (0..<1024).map {
      "{\"id\": \"c\($0)\", \"vendor\": \"v\", \"model\": \"m\", \"interface\": \"i\", \"vram_mib\": 1, "
        + "\"board_power_watts\": 1}"
    }
    let file = """
      {"format": "p2pnode-network-v1", "name": "largest", "currency": "USD", "slot_seconds": 1,
       "gpu_classes": [\(classes.joined(separator: ","))],
       "limits": {"skew_ms": 2000, "tick_ms": 5000, "proposal_ms": 6000, "retry_ms": 5000,
         "operations_per_entry": 256, "entry_bytes": 4096, "entries_per_second": 1000, "entry_burst": 5000,
         "open_orders_per_author": 100, "gpus_per_order": 1000000, "lot_gpus": 1, "price_micros": 1000000000,
         "price_tick_micros": 1, "horizon_ms": 31622400000},
       "bootstrap": []}
      """
    let large = try Genesis(file: Array(file.utf8))
    var demands = Requirements.Demands()
    demands.regions = (0..<OrderRules.maximumRegions).map { number in
      String(decoding: [0x45, 0x55, 0x2D, 0x41 + UInt8(number / 26), 0x41 + UInt8(number % 26)], as: UTF8.self)
    }
    demands.interconnect = String(repeating: "n", count: OrderRules.maximumTextBytes)
    demands.minimumVRAMMiB = .max
    demands.maximumWattsPerGPU = .max
    demands.maximumGramsCO2PerKWh = .max
    demands.probedOnly = true
    demands.providers = Array(Self.nodes.prefix(OrderRules.maximumProviders))
    demands.minimumSettledTrades = .max
    demands.maximumFailurePercent = 100
    // Far in the future, where times take the most bytes.
    let time = Timestamp(milliseconds: Timestamp.maximum.milliseconds - 40_000_000_000)
    let first = large.slot(containing: time)
    let bid = Bid(
      gpuClasses: GPUClassList((0..<OrderRules.maximumClasses).map { GPUClassIndex(UInt16(1023 - 63 + $0)) }),
      gpus: 1_000_000, durationSlots: 31_622_000, window: SlotRange(start: first, end: first + 31_622_000),
      price: Price(micros: 1_000_000_000), minimumGPUs: 1_000_000, requirements: Requirements(demands),
      expiry: time + 31_000_000_001, isPostOnly: true)
    try OrderRules.check(.bid(bid), placedAt: time, genesis: large)
    let order = OrderID(word0: .max, word1: .max, word2: .max, word3: .max)
    let encoded = OperationCodec(genesis: large).encode(.amend(order, .bid(bid)))
    #expect(encoded.count > 1000)
    // Numbers that grow with limits of another genesis take a few bytes more.
    #expect(encoded.count + 32 <= EntryBuilder.largestOperationBytes)
    #expect(EntryBuilder.largestOperationBytes + EntryBuilder.headerBytes <= large.limits.entryBytes)
  }
}
