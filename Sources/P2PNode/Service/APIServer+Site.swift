import Dashboard
import HTTPTypes
import Hummingbird
import NIOCore

/// The dashboard's files, each a route of its own.
extension APIServer {
  func addSiteRoutes(_ router: Router<BasicRequestContext>, access: HTTPAccess?) {
    for path in ["/"] + DashboardSite.paths {
      guard let file = DashboardSite.file(at: path) else { continue }
      router.get(RouterPath(path)) { request, _ in
        if path == "/", let token = request.uri.queryParameters["token"], let access {
          return Self.signIn(with: String(token), access)
        }
        return Self.answer(request, with: file)
      }
    }
  }

  /// The token goes out of the address bar: the page is at `/`. One that is wrong, of an earlier start perhaps, leads there
  /// too, without a cookie, and the page says what to do.
  private static func signIn(with token: String, _ access: HTTPAccess) -> Response {
    var headers: HTTPFields = [.location: "/", .cacheControl: "no-store"]
    if access.isToken(token) { headers[.setCookie] = access.cookie }
    return Response(status: .seeOther, headers: headers)
  }

  private static func answer(_ request: Request, with file: DashboardSite.File) -> Response {
    let headers: HTTPFields = [
      .contentType: file.contentType, .cacheControl: "no-cache", .eTag: file.entityTag,
    ]
    let known = request.headers[values: .ifNoneMatch].flatMap { $0.split(separator: ",") }
    if known.contains(where: { $0.drop { $0 == " " } == file.entityTag || $0 == "*" }) {
      return Response(status: .notModified, headers: headers)
    }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
  }
}

/// Headers with which a browser takes nothing from anywhere else, and shows the page in nobody's frame.
struct BrowserRulesMiddleware<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response = try await next(request, context)
    response.headers[.contentSecurityPolicy] =
      "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[.referrerPolicy] = "no-referrer"
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    return response
  }
}
