import Hummingbird
import Market
import NodeAPI
import NodeCore
import NodeCrypto
import Settlement

/// Trades and receipts, which only ever grow: a page at a time.
extension APIServer {
  func addTradeRoutes(_ api: RouterGroup<BasicRequestContext>) {
    api.get("trades") { request, _ in
      let query = try TradeQuery(request, self)
      let page = await runtime.read { core, now in
        query.page(core).map { page in
          let builder = DocumentBuilder(core: core, now: now)
          return builder.trades(page).map(builder.trade)
        }
      }
      return try json(page.get())
    }
    api.get("receipts") { request, _ in
      let query = try TradeQuery(request, self)
      let page = await runtime.read { core, now in
        query.page(core).map { DocumentBuilder(core: core, now: now).receipts($0).compactMap(\.receipt) }
      }
      let network = runtime.genesis.networkID
      return try json(page.get().map { try ReceiptDocument($0, network: network) })
    }
  }
}

/// The latest trades, all or own, or those before one of them.
struct TradePage {
  var isOwnOnly: Bool
  var limit: Int
  /// A trade, of which the ones before it are meant.
  var cursor: Trade?
}

/// How a request names a page of trades.
private struct TradeQuery: Sendable {
  let isOwnOnly: Bool
  let limit: Int
  let before: TradeID?

  /// - Throws: `Problem`, which names a value that is not allowed.
  init(_ request: Request, _ server: APIServer) throws {
    isOwnOnly = try server.isOwnScope(request)
    limit = try server.number(request, "limit", allowed: 1...ListPage.maximumLimit) ?? ListPage.defaultLimit
    guard let text = request.uri.queryParameters["before"].map(String.init) else {
      before = nil
      return
    }
    before = TradeID(hex: text)
    guard before != nil else {
      throw Problem.badRequest("before is \"\(text)\"; allowed: the id of a trade, 64 hexadecimal digits")
    }
  }

  /// The page; a failure when it begins at a trade that is not known.
  func page(_ core: NodeCore) -> Result<TradePage, Problem> {
    guard let before else { return .success(TradePage(isOwnOnly: isOwnOnly, limit: limit)) }
    guard let cursor = core.ledger[before] else {
      return .failure(.notFound("no trade \(before.hex) is known; `trades` lists those that are"))
    }
    return .success(TradePage(isOwnOnly: isOwnOnly, limit: limit, cursor: cursor))
  }
}
