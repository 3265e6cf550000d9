import NodeAPI

/// The node's API as its clients see it: one function for each route.
public protocol NodeAPIClient: Sendable {
  /// `GET /v1/network`.
  func network() async throws(NodeClientError) -> NetworkDocument
  /// `GET /v1/status`.
  func status() async throws(NodeClientError) -> StatusDocument
  /// `POST /v1/orders`: places an order and answers with it as the node understood it.
  func place(_ order: OrderRequest) async throws(NodeClientError) -> OrderDocument
  /// `PATCH /v1/orders/{id}`: changes an own open order and answers with it and whether it kept its priority.
  func amend(_ id: String, _ changes: AmendRequest) async throws(NodeClientError) -> OrderDocument
  /// `POST /v1/quote`: prices a bid without placing it.
  func quote(_ bid: QuoteRequest) async throws(NodeClientError) -> QuoteDocument
  /// `GET /v1/depth?gpu_class=ID`, with `span_ms` and `gpus` where they are given.
  func depth(gpuClass: String, spanMs: Int64?, gpus: Int64?) async throws(NodeClientError) -> DepthDocument
  /// `GET /v1/index`: the spot index of every class.
  func index() async throws(NodeClientError) -> [IndexDocument]
  /// `GET /v1/index?gpu_class=ID&interval_ms=N&count=N`: the spot index of one class at the ends of intervals.
  func index(gpuClass: String, _ range: IntervalRange) async throws(NodeClientError) -> [IndexPointDocument]
  /// `GET /v1/candles?gpu_class=ID&interval_ms=N&count=N`.
  func candles(gpuClass: String, _ range: IntervalRange) async throws(NodeClientError) -> [CandleDocument]
  /// `POST /v1/verify` with the JSON of a receipt or a proof of fraud, or of a list of them.
  func verify(_ file: [UInt8]) async throws(NodeClientError) -> [ReceiptVerdict]
  /// `GET /v1/orders`.
  func orders(_ scope: ListScope) async throws(NodeClientError) -> [OrderDocument]
  /// `GET /v1/orders/{id}`, where `id` is an order's id or its first digits, at least 4.
  func order(_ id: String) async throws(NodeClientError) -> OrderDocument
  /// `DELETE /v1/orders/{id}`: cancels an own order.
  func cancel(_ id: String) async throws(NodeClientError) -> OrderDocument
  /// `GET /v1/orders/{id}/why`.
  func why(_ id: String) async throws(NodeClientError) -> WhyDocument
  /// `GET /v1/book`: every class at a glance.
  func book() async throws(NodeClientError) -> [BookSummaryDocument]
  /// `GET /v1/book?gpu_class=ID&limit=N`: one class, at most `limit` orders on each side.
  func book(gpuClass: String, limit: Int) async throws(NodeClientError) -> BookDocument
  /// `GET /v1/trades`, all pages of it, the oldest first.
  func trades(_ scope: ListScope) async throws(NodeClientError) -> [TradeDocument]
  /// `GET /v1/receipts`, all pages of it, the oldest first.
  func receipts(_ scope: ListScope) async throws(NodeClientError) -> [ReceiptDocument]
  /// `GET /v1/proofs`.
  func proofs() async throws(NodeClientError) -> [FraudProofDocument]
  /// `GET /v1/records/{node}`, or of the own node `GET /v1/records`.
  func record(_ node: String?) async throws(NodeClientError) -> NodeRecordDocument
  /// `GET /v1/peers`.
  func peers() async throws(NodeClientError) -> [PeerDocument]
  /// `GET /v1/events`: calls `body` with each event of `topics`, of one class if it is named, that comes after the event
  /// with the id `last`; returns when the node ends the stream.
  func events(
    _ topics: [EventTopic], gpuClass: String?, after last: String?, _ body: @Sendable (NodeEvent) async -> Void
  ) async throws(NodeClientError)
  /// `POST /v1/stop`: asks the node to stop, which takes it a moment after the answer.
  func stop() async throws(NodeClientError)
}
