import Market
import NodeAPI
import NodeClient
import Synchronization

/// A node that answers from memory and remembers what it was asked.
final class FakeNode: NodeAPIClient {
  struct State {
    var requests: [String] = []
    var placed: [OrderRequest] = []
    var amends: [AmendRequest] = []
    var quotes: [QuoteRequest] = []
    var orders: [OrderDocument] = []
    var trades: [TradeDocument] = []
    var receipts: [ReceiptDocument] = []
    var proofs: [FraudProofDocument] = []
    /// What the next one that listens is told of.
    var events: [NodeEvent] = []
    /// What every request but those for the network fails with.
    var failure: NodeClientError?
    /// How many more times a stopping node still answers.
    var answersLeft: Int?
  }

  let state = Mutex(State())

  static let network = NetworkDocument(
    id: String(repeating: "4f", count: 32), name: "local testnet", currency: "USD", slotMs: 10_000,
    gpuClasses: ["h100-sxm-80g", "h200-sxm-141g"].map {
      .init(id: $0, vendor: "NVIDIA", model: "M", interface: "SXM", vramMib: 81559, boardPowerWatts: 700)
    })

  static let status = StatusDocument(
    node: String(repeating: "ab", count: 32), network: network.id, networkName: network.name, version: "0.1.0",
    state: "running", trouble: nil, listen: "127.0.0.1:47100", timeMs: 0, uptimeMs: 61_000,
    bookDigest: String(repeating: "cd", count: 32), bookTimeMs: 0, orders: 2, feeds: 3, entries: 1, ownSequence: 1,
    peers: 4, trades: 0, ownTrades: 0, undecided: 0, frozenFeeds: 0)

  var requests: [String] { state.withLock { $0.requests } }

  private func answer<Answer>(_ request: String, _ body: (inout State) -> Answer) throws(NodeClientError) -> Answer {
    let result: Result<Answer, NodeClientError> = state.withLock { state in
      state.requests.append(request)
      if let failure = state.failure { return .failure(failure) }
      if let left = state.answersLeft {
        guard left > 0 else { return .failure(.noNode(dataDirectory: "/node")) }
        state.answersLeft = left - 1
      }
      return .success(body(&state))
    }
    return try result.get()
  }

  func network() async throws(NodeClientError) -> NetworkDocument { try answer("network") { _ in Self.network } }
  func status() async throws(NodeClientError) -> StatusDocument { try answer("status") { _ in Self.status } }

  func place(_ order: OrderRequest) async throws(NodeClientError) -> OrderDocument {
    try answer("place") { state in
      state.placed.append(order)
      let document = Self.document(order, number: state.placed.count)
      state.orders.append(document)
      return document
    }
  }

  func amend(_ id: String, _ changes: AmendRequest) async throws(NodeClientError) -> OrderDocument {
    var order = try await order(id)
    order.gpus = changes.gpus ?? order.gpus
    order.keptPriority = true
    let amended = order
    return try answer("amend \(id)") { state in
      state.amends.append(changes)
      return amended
    }
  }

  func quote(_ bid: QuoteRequest) async throws(NodeClientError) -> QuoteDocument {
    try answer("quote") { state in
      state.quotes.append(bid)
      let start = noon.milliseconds
      return QuoteDocument(
        gpuClasses: bid.gpuClasses, gpus: bid.gpus, durationMs: bid.durationMs ?? 0, startMs: start,
        endMs: start + (bid.withinMs ?? 0), priceMicros: bid.priceMicros, minimumGpus: bid.gpus, requirements: nil,
        currency: Self.network.currency, cheapest: .init(pieces: []), soonest: .init(pieces: []))
    }
  }

  func depth(gpuClass: String, spanMs: Int64?, gpus: Int64?) async throws(NodeClientError) -> DepthDocument {
    try answer("depth \(gpuClass) \(spanMs ?? 0) \(gpus ?? 0)") { _ in
      DepthDocument(gpuClass: gpuClass, rowMs: 3_600_000, gpus: gpus ?? 8, hours: [])
    }
  }

  func index() async throws(NodeClientError) -> [IndexDocument] { try answer("index") { _ in [] } }
  func index(gpuClass: String, _ range: IntervalRange) async throws(NodeClientError) -> [IndexPointDocument] {
    try answer("index \(gpuClass) \(range.intervalMs) \(range.count)") { _ in [] }
  }
  func candles(gpuClass: String, _ range: IntervalRange) async throws(NodeClientError) -> [CandleDocument] {
    try answer("candles \(gpuClass) \(range.intervalMs) \(range.count)") { _ in [] }
  }
  func verify(_ file: [UInt8]) async throws(NodeClientError) -> [ReceiptVerdict] { try answer("verify") { _ in [] } }

  func orders(_ scope: ListScope) async throws(NodeClientError) -> [OrderDocument] {
    try answer("orders \(scope)") { $0.orders }
  }

  func order(_ id: String) async throws(NodeClientError) -> OrderDocument {
    let found = try answer("order \(id)") { $0.orders.first { $0.id.hasPrefix(id) } }
    guard let found else {
      throw .problem(.init(type: "urn:p2pnode:no-order", title: "No such order", status: 404, detail: "no order \(id)"))
    }
    return found
  }

  func cancel(_ id: String) async throws(NodeClientError) -> OrderDocument {
    var order = try await order(id)
    order.state = "cancelled"
    let cancelled = order
    return try answer("cancel \(id)") { _ in cancelled }
  }

  func why(_ id: String) async throws(NodeClientError) -> WhyDocument {
    WhyDocument(
      order: try await order(id), counterOrders: 0, conditions: [], matching: 0, bestCounterPriceMicros: nil,
      undecided: 0)
  }

  func book() async throws(NodeClientError) -> [BookSummaryDocument] { try answer("book") { _ in [] } }

  func book(gpuClass: String, limit: Int) async throws(NodeClientError) -> BookDocument {
    try answer("book \(gpuClass) \(limit)") { _ in BookDocument(gpuClass: gpuClass, offers: [], bids: []) }
  }

  func trades(_ scope: ListScope) async throws(NodeClientError) -> [TradeDocument] {
    try answer("trades \(scope)") { $0.trades }
  }

  func receipts(_ scope: ListScope) async throws(NodeClientError) -> [ReceiptDocument] {
    try answer("receipts \(scope)") { $0.receipts }
  }

  func proofs() async throws(NodeClientError) -> [FraudProofDocument] { try answer("proofs") { $0.proofs } }
  func record(_ node: String?) async throws(NodeClientError) -> NodeRecordDocument {
    try answer("record \(node ?? "own")") { _ in
      NodeRecordDocument(
        node: Self.status.node, own: node == nil, record: RecordDocument(settled: 12, failed: 3),
        newcomer: node == nil ? NewcomerDocument(settled: 2, trades: 10, openGpus: 8, maximumGpus: 4096) : nil)
    }
  }

  func events(
    _ topics: [EventTopic], gpuClass: String?, after last: String?, _ body: @Sendable (NodeEvent) async -> Void
  ) async throws(NodeClientError) {
    let events = try answer("events \(topics.map(\.rawValue).joined(separator: ","))") { state in
      defer { state.events = [] }
      return state.events
    }
    for event in events { await body(event) }
  }
  func peers() async throws(NodeClientError) -> [PeerDocument] { try answer("peers") { _ in [] } }
  func stop() async throws(NodeClientError) { try answer("stop") { $0.answersLeft = 2 } }

  private static func document(_ order: OrderRequest, number: Int) -> OrderDocument {
    let id = "3f2a" + String(repeating: "\(number)", count: 60)
    let start = order.startMs ?? noon.milliseconds
    return OrderDocument(
      id: id, side: order.side, state: "open", owner: status.node, own: true, stale: false,
      gpuClasses: order.gpuClasses, gpus: order.gpus, gpusLeft: order.gpus, startMs: start,
      endMs: start + (order.durationMs ?? 0), durationMs: order.durationMs, priceMicros: order.priceMicros,
      minimumGpus: order.minimumGpus ?? 1, minimumMs: order.minimumMs, attributes: order.attributes,
      requirements: order.requirements, placedMs: start, expiryMs: start + (order.durationMs ?? 0), calendar: nil)
  }
}

/// Mon 2026-11-23 12:00:00 UTC.
let noon = Timestamp(milliseconds: 1_795_435_200_000)
