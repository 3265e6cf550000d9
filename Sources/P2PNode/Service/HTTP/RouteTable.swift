import HTTPTypes
import Hummingbird

/// The fixed table of routes, to tell a path that there is none of from a method that a path does not have.
struct RouteTable: Sendable {
  private struct Route: Sendable {
    let segments: [Substring]
    let method: HTTPRequest.Method
  }

  private let routes: [Route]

  /// The routes of `router`.
  init(_ router: Router<BasicRequestContext>) {
    routes = router.routes.map { Route(segments: $0.path.description.split(separator: "/"), method: $0.method) }
  }

  /// Each route, as `GET /v1/orders/{id}`.
  var descriptions: [String] { routes.map { "\($0.method) /\($0.segments.joined(separator: "/"))" } }

  /// The methods that `path` has, ascending; none when there is no such path. What can be got has a head, too.
  func methods(of path: String) -> [String] {
    let segments = path.split(separator: "/")
    let methods = routes.filter { route in
      route.segments.count == segments.count
        && zip(route.segments, segments).allSatisfy { $0 == $1 || $0.first == "{" }
    }.map(\.method.rawValue)
    return (methods.contains("GET") ? methods + ["HEAD"] : methods).sorted()
  }
}

/// Answers a method that a path does not have with the ones that it has.
struct MethodMiddleware<Context: RequestContext>: RouterMiddleware {
  let table: RouteTable

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let methods = table.methods(of: request.uri.path)
    guard methods.isEmpty || methods.contains(request.method.rawValue) else {
      return try Problem.method(request.method.rawValue, allowed: methods).response(
        from: request, context: context, headers: [.allow: methods.joined(separator: ", ")])
    }
    return try await next(request, context)
  }
}
