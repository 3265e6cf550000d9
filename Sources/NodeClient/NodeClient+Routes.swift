import NodeAPI

extension NodeClient {
  /// The market: `GET /v1/network`.
  public func network() async throws(NodeClientError) -> NetworkDocument { try await get("/v1/network") }

  /// The node at a glance: `GET /v1/status`.
  public func status() async throws(NodeClientError) -> StatusDocument { try await get("/v1/status") }

  /// Places an order under a new key: `POST /v1/orders`, as ``place(_:key:)`` does.
  public func place(_ order: OrderRequest) async throws(NodeClientError) -> OrderDocument {
    let key = [UInt64.random(in: .min ... .max), .random(in: .min ... .max)].map { String($0, radix: 16) }
    return try await place(order, key: key.joined(separator: "-"))
  }

  /// Places an order under a key, once: `POST /v1/orders` with `Idempotency-Key`. When the connection is lost the same
  /// request is made again for some seconds, in which a node can be restarted: it is the same order.
  public func place(_ order: OrderRequest, key: String) async throws(NodeClientError) -> OrderDocument {
    var first: NodeClientError?
    for pause in retryPauses.map(Optional.some) + [nil] {
      do throws(NodeClientError) {
        return try await send(.post, "/v1/orders", order, headers: [("Idempotency-Key", key)])
      } catch {
        switch error {
        case .connectionLost: first = first ?? error
        // Nobody was there from the beginning: nothing was asked of anybody.
        case .noNode where first != nil: break
        default: throw error
        }
      }
      guard let pause, (try? await Task.sleep(for: pause)) != nil else { break }
    }
    throw first ?? .cancelled(request: "POST /v1/orders")
  }

  /// Changes an own open order: `PATCH /v1/orders/{id}`.
  public func amend(_ id: String, _ changes: AmendRequest) async throws(NodeClientError) -> OrderDocument {
    try await send(.patch, "/v1/orders/\(Self.percentEncoded(id))", changes)
  }

  /// Prices a bid without placing it: `POST /v1/quote`.
  public func quote(_ bid: QuoteRequest) async throws(NodeClientError) -> QuoteDocument {
    try await send(.post, "/v1/quote", bid)
  }

  /// What a class's orders add up to, by delivery hour: `GET /v1/depth?gpu_class=ID&span_ms=N&gpus=N`.
  public func depth(
    gpuClass: String, spanMs: Int64?, gpus: Int64?
  ) async throws(NodeClientError) -> DepthDocument {
    let span = spanMs.map { "&span_ms=\($0)" } ?? ""
    let size = gpus.map { "&gpus=\($0)" } ?? ""
    return try await get("/v1/depth?gpu_class=\(Self.percentEncoded(gpuClass))\(span)\(size)")
  }

  /// The spot index of every class: `GET /v1/index`.
  public func index() async throws(NodeClientError) -> [IndexDocument] { try await get("/v1/index") }

  /// The spot index of one class at the ends of intervals: `GET /v1/index?gpu_class=ID&interval_ms=N&count=N`.
  public func index(
    gpuClass: String, _ range: IntervalRange
  ) async throws(NodeClientError) -> [IndexPointDocument] {
    try await get("/v1/index?gpu_class=\(Self.percentEncoded(gpuClass))\(Self.query(range))")
  }

  /// What a class traded at: `GET /v1/candles?gpu_class=ID&interval_ms=N&count=N`.
  public func candles(
    gpuClass: String, _ range: IntervalRange
  ) async throws(NodeClientError) -> [CandleDocument] {
    try await get("/v1/candles?gpu_class=\(Self.percentEncoded(gpuClass))\(Self.query(range))")
  }

  private static func query(_ range: IntervalRange) -> String {
    "&interval_ms=\(range.intervalMs)&count=\(range.count)"
  }

  /// Checks receipts or proofs of fraud, one or a list: `POST /v1/verify`.
  public func verify(_ file: [UInt8]) async throws(NodeClientError) -> [ReceiptVerdict] {
    try decode(await send(.post, "/v1/verify", body: file), "POST /v1/verify")
  }

  /// The orders of `scope`: `GET /v1/orders`.
  public func orders(_ scope: ListScope) async throws(NodeClientError) -> [OrderDocument] {
    try await get("/v1/orders?scope=\(scope.rawValue)")
  }

  /// One order, by its id or its first digits, at least 4: `GET /v1/orders/{id}`.
  public func order(_ id: String) async throws(NodeClientError) -> OrderDocument {
    try await get("/v1/orders/\(Self.percentEncoded(id))")
  }

  /// Cancels an own order: `DELETE /v1/orders/{id}`.
  public func cancel(_ id: String) async throws(NodeClientError) -> OrderDocument {
    let target = "/v1/orders/\(Self.percentEncoded(id))"
    return try decode(await send(.delete, target), "DELETE \(target)")
  }

  /// Why an order has not traded: `GET /v1/orders/{id}/why`.
  public func why(_ id: String) async throws(NodeClientError) -> WhyDocument {
    try await get("/v1/orders/\(Self.percentEncoded(id))/why")
  }

  /// A node's public record, the own without a name: `GET /v1/records/{node}`.
  public func record(_ node: String?) async throws(NodeClientError) -> NodeRecordDocument {
    try await get(node.map { "/v1/records/\(Self.percentEncoded($0))" } ?? "/v1/records")
  }

  /// The node's key and where its feed stands: `GET /v1/key`.
  public func key() async throws(NodeClientError) -> KeyDocument { try await get("/v1/key") }

  /// Hands the node's feed over to a new key: `POST /v1/key/rotate`.
  public func rotate(_ request: RotationRequest) async throws(NodeClientError) -> RotationDocument {
    try await send(.post, "/v1/key/rotate", request)
  }

  /// Every class at a glance: `GET /v1/book`.
  public func book() async throws(NodeClientError) -> [BookSummaryDocument] { try await get("/v1/book") }

  /// The orders of one class, at most `limit` on each side: `GET /v1/book?gpu_class=ID&limit=N`.
  public func book(gpuClass: String, limit: Int) async throws(NodeClientError) -> BookDocument {
    try await get("/v1/book?gpu_class=\(Self.percentEncoded(gpuClass))&limit=\(limit)")
  }

  /// The trades of `scope`, all of them, the oldest first: `GET /v1/trades`, a page at a time.
  public func trades(_ scope: ListScope) async throws(NodeClientError) -> [TradeDocument] {
    try await all("/v1/trades?scope=\(scope.rawValue)", trade: \.id)
  }

  /// The receipts of `scope`, all of them, the oldest first: `GET /v1/receipts`, a page at a time.
  public func receipts(_ scope: ListScope) async throws(NodeClientError) -> [ReceiptDocument] {
    try await all("/v1/receipts?scope=\(scope.rawValue)", trade: \.decoded.trade)
  }

  /// All pages of a list, whose order never changes.
  private func all<Document: Decodable>(
    _ target: String, trade: (Document) -> String
  ) async throws(NodeClientError) -> [Document] {
    let latest = "\(target)&limit=\(ListPage.defaultLimit)"
    var pages: [[Document]] = [try await get(latest)]
    while let page = pages.last, page.count == ListPage.defaultLimit, let earliest = page.first {
      pages.append(try await get("\(latest)&before=\(trade(earliest))"))
    }
    return Array(pages.reversed().joined())
  }

  /// The proofs of fraud: `GET /v1/proofs`.
  public func proofs() async throws(NodeClientError) -> [FraudProofDocument] { try await get("/v1/proofs") }

  /// The connected peers: `GET /v1/peers`.
  public func peers() async throws(NodeClientError) -> [PeerDocument] { try await get("/v1/peers") }

  /// Asks the node to stop: `POST /v1/stop`.
  public func stop() async throws(NodeClientError) { _ = try await send(.post, "/v1/stop") }

  private func get<Document: Decodable>(_ target: String) async throws(NodeClientError) -> Document {
    try decode(await send(.get, target), "GET \(target)")
  }

  private func send<Document: Decodable>(
    _ method: HTTPMethod, _ target: String, _ request: some Encodable, headers: [(name: String, value: String)] = []
  ) async throws(NodeClientError) -> Document {
    let body: [UInt8]
    do {
      body = Array(try NodeJSON.encode(request))
    } catch {
      preconditionFailure("a request does not encode: \(error)")
    }
    return try decode(await send(method, target, body: body, headers: headers), "\(method.rawValue) \(target)")
  }

  private func decode<Document: Decodable>(
    _ bytes: [UInt8], _ request: String
  ) throws(NodeClientError) -> Document {
    do {
      return try NodeJSON.decode(Document.self, from: bytes)
    } catch {
      throw .unexpectedAnswer(request: request, reason: error.description)
    }
  }
}
