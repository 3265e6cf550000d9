import HTTPTypes
import Hummingbird
import NIOCore
import NodeAPI
import NodeCore

/// An error of the API, answered as RFC 9457 has it.
struct Problem: Error, HTTPResponseError {
  var status: HTTPResponse.Status
  /// The kind: the last part of the problem's type.
  var kind: String
  var title: String
  var detail: String

  static func notFound(_ detail: String) -> Problem {
    Problem(status: .notFound, kind: "not-found", title: "No such thing", detail: detail)
  }

  static func badRequest(_ detail: String) -> Problem {
    Problem(status: .badRequest, kind: "bad-request", title: "The request is not one", detail: detail)
  }

  static var tooManyListeners: Problem {
    Problem(
      status: .serviceUnavailable, kind: "busy", title: "Too many clients listen",
      detail: "\(EventHub.maximumListeners) clients listen to events; allowed: as many. Close one first")
  }

  static var unauthorized: Problem {
    Problem(
      status: .unauthorized, kind: "unauthorized", title: "The token is missing or wrong",
      detail:
        "allowed: Authorization: Bearer with the token of this start of the node, or the cookie that `p2pnode dashboard` "
        + "leads to")
  }

  static func forbidden(_ detail: String) -> Problem {
    Problem(status: .forbidden, kind: "forbidden", title: "The request comes from somewhere else", detail: detail)
  }

  static func idempotency(_ detail: String) -> Problem {
    Problem(status: .unprocessableContent, kind: "idempotency", title: "The key is another request's", detail: detail)
  }

  static func contentType(of request: Request) -> Problem {
    Problem(
      status: .unsupportedMediaType, kind: "content-type", title: "The body is not JSON",
      detail: "Content-Type is \"\(request.headers[.contentType] ?? "")\"; allowed: application/json")
  }

  static func method(_ method: String, allowed: [String]) -> Problem {
    Problem(
      status: .methodNotAllowed, kind: "http", title: "Method Not Allowed",
      detail: "the method is \(method); allowed: \(allowed.joined(separator: ", "))")
  }

  static func badOrder(_ detail: String) -> Problem {
    Problem(status: .unprocessableContent, kind: "bad-order", title: "The order is refused", detail: detail)
  }

  init(status: HTTPResponse.Status, kind: String, title: String, detail: String) {
    self.status = status
    self.kind = kind
    self.title = title
    self.detail = detail
  }

  init(_ refusal: CommandRefusal) {
    switch refusal {
    case .order, .tooManyOrders, .newcomer, .wouldTake: self = .badOrder(refusal.description)
    case .policy:
      self.init(
        status: .unprocessableContent, kind: "policy", title: "This node's owner does not allow the offer",
        detail: refusal.description)
    case .noSuchOrder: self = .notFound(refusal.description)
    case .notWriting:
      self.init(
        status: .serviceUnavailable, kind: "not-writing", title: "The node writes nothing now",
        detail: refusal.description)
    case .badHandover: self = .badRequest(refusal.description)
    case .staleHandover, .stillOpen:
      self.init(
        status: .conflict, kind: "not-now", title: "The feed cannot end now", detail: refusal.description)
    case .storeFailing, .notDurableYet:
      self.init(
        status: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), kind: "store",
        title: "The store cannot write", detail: refusal.description)
    }
  }

  func response(from request: Request, context: some RequestContext) throws -> Response {
    try response(from: request, context: context, headers: status == .unauthorized ? [.wwwAuthenticate: "Bearer"] : [:])
  }

  /// The answer, with further headers.
  func response(
    from request: Request, context: some RequestContext, headers further: HTTPFields
  ) throws -> Response {
    let document = ProblemDocument(
      type: "urn:p2pnode:\(kind)", title: title, status: status.code, detail: detail)
    var headers: HTTPFields = [.contentType: "application/problem+json"]
    for field in further { headers.append(field) }
    let response = Response(
      status: status, headers: headers,
      body: .init(byteBuffer: ByteBuffer(bytes: try NodeJSON.encode(document))))
    // A body behind the head of an answer to HEAD would be read as the next answer.
    return request.method == .head ? response.createHeadResponse() : response
  }
}

/// Turns every error that a route did not expect into a problem document.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let problem as Problem {
      return try problem.response(from: request, context: context)
    } catch let error as any HTTPResponseError {
      let problem = Problem(
        status: error.status, kind: "http", title: error.status.reasonPhrase,
        detail: "\(request.method) \(request.uri.path): \(error.status.reasonPhrase)")
      return try problem.response(from: request, context: context)
    } catch {
      context.logger.error("a request failed", metadata: ["error": "\(error)"])
      let problem = Problem(
        status: .internalServerError, kind: "internal", title: "The node failed", detail: "\(error)")
      return try problem.response(from: request, context: context)
    }
  }
}
