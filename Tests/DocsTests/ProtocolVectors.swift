import Market
import NodeCrypto
import OrderBook
import Settlement
import Wire

@testable import Gossip
@testable import NodeCore

/// One trade between two nodes with fixed keys, times and chance, made by the product's own code: where the hexadecimal
/// of `docs/PROTOCOL.md` comes from.
struct ProtocolVectors {
  let genesis: Genesis
  let provider = Identity(seed: Array(0x00...0x1f))
  let buyer = Identity(seed: Array(0x20...0x3f))
  let successor = Identity(seed: Array(0x60...0x7f))
  let noiseKey = NoiseKeyPair(secretKey: SecretBytes(copying: Array(UInt8(0x40)...0x5f)))

  /// 2027-01-15T08:00:00Z.
  static let start = Timestamp(milliseconds: 1_800_000_000_000)

  let offerEntry: SignedEntry
  let bidEntry: SignedEntry
  let acceptEntry: SignedEntry
  let terms: SignedTerms
  let acceptance: SignedAcceptance
  private let codec: OperationCodec
  private let offerID: OrderID
  private let bidID: OrderID
  private let emptyDigest: Digest
  private let oneOfferDigest: Digest
  private let twoOrdersDigest: Digest
  private let tradedDigest: Digest
  private let amendedDigest: Digest
  private let receiptPayload: [UInt8]
  private let amendPayload: [UInt8]
  private let checkpointPayload: [UInt8]

  /// Makes the trade on the market of a genesis file.
  init(genesisFile: [UInt8]) throws {
    genesis = try Genesis(file: genesisFile)
    codec = OperationCodec(genesis: genesis)
    let network = genesis.networkID
    let offer = Self.offer(genesis)
    let bid = Self.bid(genesis)

    offerEntry = SignedEntry(
      after: .origin(of: network), time: Self.start, payload: codec.encode(.place(offer)), identity: provider,
      network: network)
    let offerPlace = Place(author: provider.nodeID, time: Self.start, sequence: 1, index: 0)
    offerID = offerPlace.orderID(network: network)
    let bidTime = Self.start + 1000
    let bidPlace = Place(author: buyer.nodeID, time: bidTime, sequence: 1, index: 0)
    bidID = bidPlace.orderID(network: network)

    var book = OrderBook()
    emptyDigest = book.digest()
    book.insert(Self.order(offer, at: offerPlace, network: network))
    oneOfferDigest = book.digest()
    book.insert(Self.order(bid, at: bidPlace, network: network))
    twoOrdersDigest = book.digest()
    let deadline = bidTime + genesis.limits.proposalMilliseconds
    guard
      let match = book.match(bidID, context: MatchContext(earliestStart: genesis.slot(startingFrom: deadline))),
      let total = genesis.total(match.price, gpus: match.gpus, slots: match.slots.count)
    else { throw VectorError.noMatch }
    let said = Terms(
      offer: match.offer, bid: match.bid, provider: provider.nodeID, buyer: buyer.nodeID, takerSide: match.takerSide,
      gpuClass: genesis.gpuClass(at: match.gpuClass).id, gpus: match.gpus, start: genesis.start(of: match.slots.start),
      end: genesis.start(of: match.slots.end), price: match.price, total: total, currency: genesis.currency,
      deadline: deadline, makerSequence: 1, makerHead: offerEntry.id,
      nonce: Terms.Nonce(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f))
    let termsBytes = said.encoded()
    terms = SignedTerms(
      terms: said, bytes: termsBytes, signature: buyer.sign(termsBytes, domain: .terms, network: network))
    bidEntry = SignedEntry(
      after: .origin(of: network), time: bidTime, payload: codec.encode(.place(bid)) + codec.encode(.propose(terms)),
      identity: buyer, network: network)

    let acceptTime = Self.start + 2000
    let decided = Acceptance(
      trade: Blake2b.hash(termsBytes), time: acceptTime, sequence: 2, previous: offerEntry.id)
    let decidedBytes = decided.encoded()
    acceptance = SignedAcceptance(
      acceptance: decided, bytes: decidedBytes,
      signature: provider.sign(decidedBytes, domain: .acceptance, network: network), maker: provider.nodeID)
    acceptEntry = SignedEntry(
      after: offerEntry.head, time: acceptTime, payload: codec.encode(.accept(terms, acceptance)), identity: provider,
      network: network)
    receiptPayload = codec.encode(.receipt(acceptance))

    checkpointPayload = codec.encode(
      .checkpoint(Self.checkpoint(of: offer, at: offerPlace, sold: match, terms, acceptance)))
    for order in [offerID, bidID] { book.take(order, gpus: match.gpus, slots: match.slots) }
    tradedDigest = book.digest()
    let reduced = Self.reducedOffer(genesis)
    amendPayload = codec.encode(.amend(offerID, reduced))
    guard reduced.isReduction(of: offer) else { throw VectorError.noReduction }
    book.amend(Self.order(reduced, at: offerPlace, network: network))
    book.cancel(bidID)
    amendedDigest = book.digest()
  }

  /// The receipt of the trade.
  var receipt: Receipt {
    Receipt(
      termsBytes: terms.bytes, takerSignature: terms.signature, acceptanceBytes: acceptance.bytes,
      makerSignature: acceptance.signature)
  }

  /// Every vector by its name, in hexadecimal.
  var hexByName: [String: String] {
    let network = genesis.networkID
    var vectors: [String: String] = [
      "network_id": network.hex,
      "provider_id": provider.nodeID.hex,
      "buyer_id": buyer.nodeID.hex,
      "noise_public_key": noiseKey.publicKey.hex,
      "identity_proof": Hex.encode(
        HandshakeIdentityProof.make(identity: provider, noiseKey: noiseKey.publicKey, network: network)),
      "offer_id": offerID.hex,
      "bid_id": bidID.hex,
      "offer_entry": Hex.encode(offerEntry.bytes),
      "offer_entry_id": offerEntry.id.hex,
      "offer_entry_signature": offerEntry.signature.hex,
      "bid_entry": Hex.encode(bidEntry.bytes),
      "bid_entry_id": bidEntry.id.hex,
      "bid_entry_signature": bidEntry.signature.hex,
      "terms": Hex.encode(terms.bytes),
      "trade_id": acceptance.acceptance.trade.hex,
      "taker_signature": terms.signature.hex,
      "acceptance": Hex.encode(acceptance.bytes),
      "maker_signature": acceptance.signature.hex,
      "accept_entry": Hex.encode(acceptEntry.bytes),
      "accept_entry_id": acceptEntry.id.hex,
      "accept_entry_signature": acceptEntry.signature.hex,
      "receipt_payload": Hex.encode(receiptPayload),
      "amend_payload": Hex.encode(amendPayload),
      "checkpoint_payload": Hex.encode(checkpointPayload),
      "book_digest_empty": emptyDigest.hex,
      "book_digest_one_offer": oneOfferDigest.hex,
      "book_digest_two_orders": twoOrdersDigest.hex,
      "book_digest_traded": tradedDigest.hex,
      "book_digest_amended": amendedDigest.hex,
    ]
    let names = ["hello_message", "neighbour_message", "join_message", "compare_message"]
    for (name, message) in zip(names, greeting) { vectors[name] = Hex.encode(message) }
    let handover = Handover(author: provider.nodeID, sequence: 3, previous: acceptEntry.id)
    vectors["successor_id"] = successor.nodeID.hex
    vectors["handover"] = Hex.encode(handover.encoded())
    vectors["rotate_payload"] = Hex.encode(codec.encode(.rotate(handover.signed(by: successor, network: network))))
    vectors["fraud_proof"] = phantomAccept.map { Hex.encode($0.encoded()) }
    return vectors.merging(PurchaseVectors(self).hexByName) { _, new in new }
  }

  /// The proof against a provider that has signed ``acceptance``, and whose second entry is an empty one instead.
  var phantomAccept: FraudProof? {
    let empty = SignedEntry(
      after: offerEntry.head, time: acceptance.acceptance.time, payload: [], identity: provider,
      network: genesis.networkID)
    return FraudProof(
      .phantomAccept, entries: [empty],
      statement: FraudProof.Statement(bytes: acceptance.bytes, signature: acceptance.signature))
  }

  /// What a provider's node that holds ``offerEntry`` says first to a node that it has dialled, and that accepts a link.
  private var greeting: [[UInt8]] {
    var gossip = GossipCore(
      own: provider.nodeID, network: genesis.networkID, limits: genesis.limits, agent: "vectors 1", listenPort: 47_100,
      advertisedHost: "node.example", bootstrap: [], seed: 0, now: Self.start)
    _ = gossip.restore(offerEntry)
    var effects: [GossipEffect] = []
    gossip.connected(
      1, node: buyer.nodeID, address: PeerAddress(host: "127.0.0.1", port: 47_101), direction: .outbound,
      now: Self.start, into: &effects)
    let accepted: [UInt8] = [0xAA, 0x01, 0x02, 0x08, 0x01]
    for message in Self.sent(effects).prefix(1) + [accepted] {
      gossip.received(PeerMessage(message), on: 1, now: Self.start, into: &effects)
    }
    return Self.sent(effects)
  }

  private static func sent(_ effects: [GossipEffect]) -> [[UInt8]] {
    effects.compactMap { if case .send(_, let message, _) = $0 { message } else { nil } }
  }

  /// What the provider's feed adds up to after its accept, when its bucket is full again.
  private static func checkpoint(
    of offer: OrderBody, at place: Place, sold: Match, _ terms: SignedTerms, _ acceptance: SignedAcceptance
  ) -> CheckpointPart {
    let offerPlace = OrderPlace(sequence: place.sequence, index: place.index)
    var items = CheckpointItems()
    items.orders = [
      CheckpointItems.LiveOrder(place: offerPlace, time: place.time, priority: offerPlace, body: offer)
    ]
    items.takings = [CheckpointItems.Taking(place: offerPlace, gpus: sold.gpus, slots: sold.slots)]
    items.accepts = [(terms, acceptance)]
    var counts = FeedCounts()
    counts.since = place.time
    counts.accepts = 1
    counts.settled = 1
    counts.sold = GPUTime(gpus: terms.terms.gpus, from: terms.terms.start, until: terms.terms.end)
    return CheckpointPart(
      first: 3, totals: CheckpointTotals(rateLeft: 100_000, counts: counts), items: items, isLast: true)
  }

  private static func offer(_ genesis: Genesis) -> OrderBody { offer(8, until: 3_660_000, genesis) }

  private static func reducedOffer(_ genesis: Genesis) -> OrderBody { offer(6, until: 1_860_000, genesis) }

  private static func offer(_ gpus: Int32, until end: Int64, _ genesis: Genesis) -> OrderBody {
    let window = SlotRange(
      start: genesis.slot(containing: start + 60_000), end: genesis.slot(containing: start + end))
    return .offer(
      Offer(
        gpuClass: GPUClassIndex(1), gpus: gpus, window: window, price: Price(micros: 2_100_001), minimumGPUs: 2,
        minimumSlots: 3,
        attributes: Attributes(
          region: "EU-FR", interconnect: "nvlink", wattsPerGPU: 700, vramMiB: 81_000, probed: [.watts, .vram]),
        expiry: genesis.start(of: window.end)))
  }

  private static func bid(_ genesis: Genesis) -> OrderBody {
    let window = SlotRange(
      start: genesis.slot(containing: start + 60_000), end: genesis.slot(containing: start + 660_000))
    var demands = Requirements.Demands()
    demands.regions = ["EU"]
    demands.minimumVRAMMiB = 80_000
    demands.excludedProviders = [NodeID(word0: 0, word1: 0, word2: 0, word3: 0)]
    demands.maximumFailurePercent = 0
    return .bid(
      Bid(
        gpuClasses: [GPUClassIndex(0), GPUClassIndex(1)], gpus: 3, durationSlots: 5, window: window,
        price: Price(micros: 2_400_000), minimumGPUs: 3, requirements: Requirements(demands),
        expiry: genesis.start(of: window.end), timeInForce: .fillOrKill))
  }

  private static func order(_ body: OrderBody, at place: Place, network: NetworkID) -> Order {
    Order(
      id: place.orderID(network: network),
      priority: OrderPriority(time: place.time, owner: place.author, sequence: place.sequence, index: place.index),
      body: body)
  }
}

/// Why there are no vectors.
enum VectorError: Error {
  /// The two orders do not match.
  case noMatch
  /// The amend is no reduction.
  case noReduction
}
