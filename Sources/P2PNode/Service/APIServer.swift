import Foundation
import Hummingbird
import Logging
import Market
import NIOCore
import NodeAPI
import NodeCore
import NodeCrypto
import OrderBook

/// The node's HTTP API: a fixed table of routes over documents of ``NodeAPI``, on a Unix socket that only the node's
/// user can open, and on TCP for whoever ``HTTPAccess`` lets in.
struct APIServer: Sendable {
  /// The largest body of a request in bytes.
  static let maximumBodyBytes = 64 << 10
  /// Orders of each side that a book answer has at most when the request does not say.
  static let defaultBookLimit = 50

  let runtime: NodeRuntime
  let status: StatusSource
  let events: EventHub
  let keyedOrders: KeyedOrders
  let requestStop: @Sendable () -> Void
  let spotIndex = SpotIndexSource()

  /// The routes with what stands before them.
  ///
  /// - Parameter access: who is let in; nil where only the node's user comes.
  func router(access: HTTPAccess?) -> Router<BasicRequestContext> {
    let table = RouteTable(routes(in: Router(context: BasicRequestContext.self), access: access))
    let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: RequestMetricsMiddleware(instruments: status.operations.instruments))
    if access != nil { router.add(middleware: BrowserRulesMiddleware()) }
    router.add(middleware: ProblemMiddleware())
    if let access { router.add(middleware: AccessMiddleware(access: access)) }
    router.add(middleware: MethodMiddleware(table: table))
    if access != nil { router.add(middleware: JSONMiddleware()) }
    return routes(in: router, access: access)
  }

  private func routes(in router: Router<BasicRequestContext>, access: HTTPAccess?) -> Router<BasicRequestContext> {
    addSiteRoutes(router, access: access)
    addOperationRoutes(router)
    let api = router.group("v1")
    addOrderRoutes(api)
    addEventRoutes(api)
    addBookRoutes(api)
    addTradeRoutes(api)
    addQuoteRoutes(api)
    addMarketDataRoutes(api)
    addRecordRoutes(api)
    addKeyRoutes(api)
    api.get("network") { _, _ in try await json(runtime.read { DocumentBuilder(core: $0, now: $1).network() }) }
    api.get("status") { _, _ in try json(await status.document(runtime)) }
    api.get("peers") { _, _ in
      try await json(
        runtime.read { core, now in
          let digest = core.bookDigest()
          return DocumentBuilder(core: core, now: now).peers(bookDigest: digest)
        })
    }
    api.post("stop") { _, _ in
      requestStop()
      return try json(await status.document(runtime))
    }
    return router
  }

  private func addOrderRoutes(_ api: RouterGroup<BasicRequestContext>) {
    api.post("orders") { request, _ in try await place(request) }
    api.get("orders") { request, _ in
      guard try isOwnScope(request) else { return try await json(openOrders(await openOrderIDs())) }
      return try await json(
        runtime.read { core, now in
          let builder = DocumentBuilder(core: core, now: now)
          return core.ownOrders(now: now).map { builder.order($0.order, state: $0.state) }
        })
    }
    api.get("orders/:id") { _, context in try await json(document(of: identifier(context))) }
    api.delete("orders/:id") { _, context in
      let id = try await identifier(context)
      switch await runtime.submit(.cancel(id)) {
      case .success: return try await json(document(of: id))
      case .failure(let refusal): throw Problem(refusal)
      }
    }
    api.patch("orders/:id") { request, context in
      let id = try await identifier(context)
      return try await json(amend(id, by: try await document(of: request)))
    }
    api.get("orders/:id/why") { _, context in
      let id = try await identifier(context)
      let answer = await runtime.read { core, now in
        core.explain(id, now: now).flatMap { DocumentBuilder(core: core, now: now).why(id, explanation: $0) }
      }
      guard let answer else {
        throw Problem.notFound("order \(id) is not open; `orders` tells what became of it")
      }
      return try json(answer)
    }
  }

  private func addBookRoutes(_ api: RouterGroup<BasicRequestContext>) {
    api.get("book") { request, _ in
      let limit = try number(request, "limit", allowed: 1...100_000) ?? Self.defaultBookLimit
      guard let name = request.uri.queryParameters["gpu_class"].map(String.init) else {
        return try await json(
          runtime.read { core, now in
            let builder = DocumentBuilder(core: core, now: now)
            return core.genesis.gpuClasses.indices.map { builder.bookSummary(GPUClassIndex(UInt16($0))) }
          })
      }
      let gpuClass = try gpuClass(named: name)
      let (offers, bids) = await runtime.read { core, now in
        let builder = DocumentBuilder(core: core, now: now)
        return (
          builder.openOrders(gpuClass, .offer, limit: limit), builder.openOrders(gpuClass, .bid, limit: limit)
        )
      }
      return try json(
        BookDocument(gpuClass: name, offers: await openOrders(offers), bids: await openOrders(bids)))
    }
    api.get("proofs") { _, _ in
      try await json(
        runtime.read { core, _ in core.fraudProofs.map { FraudProofDocument($0, genesis: core.genesis) } })
    }
  }

  /// The orders of which the writer makes the documents at once: less than a millisecond's work.
  private static let ordersPerTurn = 256

  /// The documents of open orders, some at a time, so that the writer sees to other things between them; without those
  /// that are open no longer when their turn comes.
  private func openOrders(_ ids: [OrderID]) async -> [OrderDocument] {
    var documents: [OrderDocument] = []
    for start in stride(from: 0, to: ids.count, by: Self.ordersPerTurn) {
      let some = ids[start..<min(start + Self.ordersPerTurn, ids.count)]
      documents += await runtime.read { core, now in
        let builder = DocumentBuilder(core: core, now: now)
        return some.compactMap { builder.openOrder($0) }
      }
    }
    return documents
  }

  /// All open orders, each once: a bid stands in the ladder of each class that it accepts.
  private func openOrderIDs() async -> [OrderID] {
    await runtime.read { core, now in
      var seen: Set<OrderID> = []
      return Self.restingOrders(core, expiringAfter: now).filter { seen.insert($0).inserted }
    }
  }

  /// What stands in the ladders of all classes.
  private static func restingOrders(_ core: borrowing NodeCore, expiringAfter time: Timestamp) -> [OrderID] {
    var orders: [OrderID] = []
    for index in core.genesis.gpuClasses.indices {
      for side in [Side.offer, .bid] {
        orders += core.book.restingOrders(
          gpuClass: GPUClassIndex(UInt16(index)), side: side, expiringAfter: time)
      }
    }
    return orders
  }

  // MARK: Requests

  func gpuClass(named name: String) throws -> GPUClassIndex {
    guard let gpuClass = runtime.genesis.gpuClass(named: name) else {
      let known = runtime.genesis.gpuClasses.map(\.id)
      let near = NearestWord.question(for: name, among: known).map { " (\($0))" } ?? ""
      throw Problem.badRequest("GPU class is \"\(name)\"\(near); allowed: \(known.joined(separator: ", "))")
    }
    return gpuClass
  }

  /// The document in the body of a request.
  func document<Document: Decodable>(
    _ type: Document.Type = Document.self, of request: Request
  ) async throws -> Document {
    let body = try await bytes(of: request, limit: Self.maximumBodyBytes)
    do {
      return try NodeJSON.decodeStrictly(Document.self, from: body)
    } catch {
      throw Problem.badRequest("\(error)")
    }
  }

  /// The bytes of a JSON body of a request.
  func bytes(of request: Request, limit: Int) async throws -> [UInt8] {
    guard request.isJSON else { throw Problem.contentType(of: request) }
    do {
      return Array(buffer: try await request.body.collect(upTo: limit))
    } catch is NIOTooManyBytesError {
      throw Problem(
        status: .contentTooLarge, kind: "too-large", title: "The body is too large",
        detail: "allowed: at most \(limit) bytes")
    }
  }

  /// A resolver that knows the nodes whose feeds are known now, when the requirements name any.
  func resolver(for requirements: RequirementsDocument?) async -> OrderResolver {
    let namesNodes = requirements?.providers != nil || requirements?.excludedProviders != nil
    let nodes = namesNodes ? await runtime.read { core, _ in core.feeds.sorted.map(\.author) } : []
    return OrderResolver(genesis: runtime.genesis, now: NodeRuntime.now, nodes: nodes)
  }

  /// Amends an own order; the answer says whether it kept its place in time.
  private func amend(_ id: OrderID, by request: AmendRequest) async throws -> OrderDocument {
    let before = await runtime.read { core, now in core.ownOrderState(id, now: now)?.order }
    guard let before else { throw Problem(CommandRefusal.noSuchOrder(id)) }
    let resolver = await resolver(for: request.requirements)
    let body: OrderBody
    do { body = try resolver.resolve(request, of: before.body) } catch { throw Problem.badOrder(error.description) }
    if case .failure(let refusal) = await runtime.submit(.amend(id, body)) { throw Problem(refusal) }
    var answer = try await document(of: id)
    let priority = await runtime.read { core, _ in core.book.order(id)?.priority }
    answer.keptPriority = priority.map { $0 == before.priority } ?? body.isReduction(of: before.body)
    return answer
  }

  func document(of id: OrderID) async throws -> OrderDocument {
    let found = await runtime.read { core, now -> OrderDocument? in
      let builder = DocumentBuilder(core: core, now: now)
      if let own = core.ownOrderState(id, now: now) { return builder.order(own.order, state: own.state) }
      return core.book.order(id).map { builder.order($0, state: nil) }
    }
    guard let found else { throw Problem.notFound("no order \(id) is known; `orders` lists yours, `book` the rest") }
    return found
  }

  /// The order that the path names by its id or the beginning of it.
  private func identifier(_ context: BasicRequestContext) async throws -> OrderID {
    let text = try context.parameters.require("id").lowercased()
    if let id = OrderID(hex: text) { return id }
    return try await only("order", named: text, hint: "; `orders` lists yours, `book` the rest") { core, now in
      core.ownOrders(now: now).map(\.order.id) + Self.restingOrders(core, expiringAfter: .zero)
    }
  }

  /// The one of `candidates`, of which some may be the same, that a path names by its first digits.
  ///
  /// - Parameters:
  ///   - what: what is named; its plural ends in s.
  ///   - hint: where its ids are found, for who named none.
  func only<Tag>(
    _ what: String, named text: String, hint: String,
    among candidates: @escaping @Sendable (inout NodeCore, Timestamp) -> [Identifier<Tag>]
  ) async throws -> Identifier<Tag> {
    guard let prefix = IdentifierPrefix(text) else {
      throw Problem.badRequest(
        "\(what) is \"\(text)\"; allowed: an id, or its first \(IdentifierPrefix.shortest) or more hexadecimal digits")
    }
    let found = await Set(runtime.read { candidates(&$0, $1).filter(prefix.matches) }).sorted()
    switch found.count {
    case 1: return found[0]
    case 0: throw Problem.notFound("no \(what) begins with \(text)\(hint)")
    default:
      throw Problem.badRequest(
        "\(found.count) \(what)s begin with \(text): "
          + "\(found.prefix(3).map { $0.short(16) }.joined(separator: ", ")); give more digits")
    }
  }

  func isOwnScope(_ request: Request) throws -> Bool {
    switch request.uri.queryParameters["scope"].map(String.init) {
    case nil, "mine": return true
    case "all": return false
    case let other?: throw Problem.badRequest("scope is \"\(other)\"; allowed: mine, all")
    }
  }

  func number(_ request: Request, _ name: String, allowed: ClosedRange<Int>) throws -> Int? {
    guard let text = request.uri.queryParameters[name[...]].map(String.init) else { return nil }
    guard let value = Int(text), allowed.contains(value) else {
      throw Problem.badRequest(
        "\(name) is \"\(text)\"; allowed: \(allowed.lowerBound) to \(allowed.upperBound)")
    }
    return value
  }

  func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(bytes: try NodeJSON.encode(value))))
  }
}
