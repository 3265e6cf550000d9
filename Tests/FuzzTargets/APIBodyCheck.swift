import Gossip
import Market
import NodeAPI
import NodeCore
import NodeCrypto

/// The first byte of an input says what is asked: `a` to amend an offer, `A` to amend a bid, `q` for a quote, anything
/// else to place an order. The rest is the JSON body.
///
/// A request that is read and written again is the same request. It becomes an order, or an error that says why; an
/// order that keeps the rules is the same order when its operation is written and read again.
enum APIBodyCheck {
  private static let resolver = OrderResolver(
    genesis: FuzzMarket.genesis, now: FuzzMarket.start,
    nodes: [FuzzMarket.provider.nodeID, FuzzMarket.buyer.nodeID])

  static func run(_ input: [UInt8]) throws(BrokenProperty) -> FuzzTarget.Verdict {
    guard let kind = input.first else { return .refused }
    let body = input.dropFirst()
    switch kind {
    case UInt8(ascii: "a"): return try amend(body, of: offer)
    case UInt8(ascii: "A"): return try amend(body, of: bid)
    case UInt8(ascii: "q"):
      guard let request: QuoteRequest = try document(body) else { return .refused }
      return try judge { () throws(OrderError) in .bid(try resolver.resolve(request)) }
    default:
      guard let request: OrderRequest = try document(body) else { return .refused }
      return try place(request)
    }
  }

  /// What becomes of a request to place an order.
  static func place(_ request: OrderRequest) throws(BrokenProperty) -> FuzzTarget.Verdict {
    try judge { () throws(OrderError) in try resolver.resolve(request) }
  }

  private static func amend(
    _ body: ArraySlice<UInt8>, of old: OrderBody
  ) throws(BrokenProperty) -> FuzzTarget.Verdict {
    guard let request: AmendRequest = try document(body) else { return .refused }
    return try judge { () throws(OrderError) in try resolver.resolve(request, of: old) }
  }

  private static func document<Document: Codable & Equatable>(
    _ body: ArraySlice<UInt8>
  ) throws(BrokenProperty) -> Document? {
    let document: Document
    do {
      document = try NodeJSON.decode(Document.self, from: body)
    } catch {
      try require(!error.description.isEmpty, "an error says nothing")
      return nil
    }
    guard let written = try? NodeJSON.encode(document), let again = try? NodeJSON.decode(Document.self, from: written)
    else { throw BrokenProperty(description: "a request that was read cannot be written and read again") }
    try require(again == document, "a request is another one when it is written again")
    return document
  }

  private static func judge(
    _ resolve: () throws(OrderError) -> OrderBody
  ) throws(BrokenProperty) -> FuzzTarget.Verdict {
    let body: OrderBody
    do throws(OrderError) {
      body = try resolve()
      try OrderRules.check(body, placedAt: FuzzMarket.start, genesis: FuzzMarket.genesis)
    } catch {
      try require(!error.description.isEmpty, "an error says nothing")
      return .refused
    }
    let codec = OperationCodec(genesis: FuzzMarket.genesis)
    let entry = SignedEntry(
      after: .origin(of: FuzzMarket.genesis.networkID), time: FuzzMarket.start, payload: codec.encode(.place(body)),
      identity: FuzzMarket.bystander, network: FuzzMarket.genesis.networkID)
    guard let operations = try? codec.operations(of: entry), operations.count == 1,
      case .place(let read) = operations[0]
    else { throw BrokenProperty(description: "an order that keeps the rules is refused in an entry") }
    try require(read == body, "an order is another one in an entry")
    return .accepted
  }

  private static let offer = standing(
    #"{"side":"offer","gpu_classes":["h100-sxm-80g"],"gpus":8,"price_micros":2100000,"duration_ms":43200000}"#)
  private static let bid = standing(
    #"{"side":"bid","gpu_classes":["any"],"gpus":4,"price_micros":2400000,"duration_ms":10800000,"split":true}"#)

  private static func standing(_ text: String) -> OrderBody {
    do {
      return try resolver.resolve(try NodeJSON.decode(OrderRequest.self, from: text.utf8))
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
