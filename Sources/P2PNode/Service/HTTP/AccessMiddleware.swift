import Dashboard
import HTTPTypes
import Hummingbird
import NodeAPI

/// Lets only those in that ``HTTPAccess`` knows. A path that is not named here as open to everybody needs the token.
struct AccessMiddleware<Context: RequestContext>: RouterMiddleware {
  let access: HTTPAccess

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    // A page of another name that resolves to this machine (DNS rebinding) has that name in `Host`.
    guard let host = request.head.authority, access.isKnown(host: host) else {
      throw Problem.forbidden(
        "Host is \"\(request.head.authority ?? "")\"; allowed: the address that the node listens on")
    }
    if let origin = request.headers[.origin], !access.isOwn(origin: origin) {
      throw Problem.forbidden("Origin is \"\(origin)\"; allowed: the node's own page")
    }
    guard !Self.isOpen(request) else { return try await next(request, context) }
    if let site = request.headers[.secFetchSite], site != "same-origin", site != "none" {
      throw Problem.forbidden("Sec-Fetch-Site is \"\(site)\"; allowed: the node's own page")
    }
    guard isKnown(request) else { throw Problem.unauthorized }
    return try await next(request, context)
  }

  /// The page's files and what tells machines that the node is alive.
  private static func isOpen(_ request: Request) -> Bool {
    guard request.method == .get || request.method == .head else { return false }
    let path = request.uri.path
    return path == "/health" || path == "/ready" || DashboardSite.file(at: path) != nil
  }

  private func isKnown(_ request: Request) -> Bool {
    if let credentials = request.headers[.authorization] {
      let words = credentials.split(separator: " ", maxSplits: 1)
      return words.count == 2 && words[0].lowercased() == "bearer" && access.isToken(words[1])
    }
    let name = access.cookieName + "="
    return request.headers[values: .cookie].flatMap { $0.split(separator: ";") }.contains { pair in
      let pair = pair.drop { $0 == " " }
      return pair.hasPrefix(name) && access.isSession(pair.dropFirst(name.count))
    }
  }
}

/// Asks of each body that it is said to be JSON, also where there is none: a form of another page cannot say so.
struct JSONMiddleware<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let writes = request.method == .post || request.method == .patch
    if writes, !request.isJSON { throw Problem.contentType(of: request) }
    return try await next(request, context)
  }
}

extension Request {
  /// Whether the body is said to be JSON.
  var isJSON: Bool {
    let type = headers[.contentType] ?? ""
    return type.split(separator: ";").first?.trimmingBlanks.lowercased() == "application/json"
  }
}

extension StringProtocol {
  /// The same without blanks at its ends.
  fileprivate var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
