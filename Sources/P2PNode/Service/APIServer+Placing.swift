import HTTPTypes
import Hummingbird
import Market
import NodeAPI
import NodeCore
import NodeCrypto

/// Placing orders, once each.
extension APIServer {
  /// `POST /v1/orders`: 201 for an order that is placed, 200 for one that was placed before under the same key.
  func place(_ request: Request) async throws -> Response {
    let asked = try await document(OrderRequest.self, of: request)
    guard let key = request.headers[.idempotencyKey] else {
      switch await runtime.submit(.place(try await order(from: asked).get())) {
      case .success(let id): return try await json(document(of: id), status: .created)
      case .failure(let refusal): throw Problem(refusal)
      }
    }
    switch await keyedOrders.place(try OrderName(key: key, request: asked), { await order(from: asked) }) {
    case .placed(let id): return try await json(document(of: id), status: .created)
    case .known(let id): return try await json(document(of: id))
    case .refused(let refusal): throw Problem(refusal)
    case .bad(let problem): throw problem
    case .otherRequest:
      throw Problem.idempotency(
        "another order was placed under this Idempotency-Key; allowed: the same request again, or a new key")
    case .unreadable(let why): throw Problem(.storeFailing(why))
    }
  }

  private func order(from request: OrderRequest) async -> Result<OrderBody, Problem> {
    let resolver = await resolver(for: request.requirements)
    do { return .success(try resolver.resolve(request)) } catch { return .failure(.badOrder(error.description)) }
  }
}
