import Hummingbird
import NIOCore
import NodeAPI

/// For whoever runs the node: `/health`, `/ready` and `/metrics`.
extension APIServer {
  /// The type of the metrics' text.
  private static let metricsType = "text/plain; version=0.0.4; charset=utf-8"

  func addOperationRoutes(_ router: Router<BasicRequestContext>) {
    let operations = status.operations
    router.get("health") { _, _ in
      guard await operations.probe.responds() else {
        throw Problem(
          status: .serviceUnavailable, kind: "not-alive", title: "The node does not work",
          detail: operations.probe.complaint)
      }
      return try json(HealthDocument())
    }
    router.get("ready") { _, _ in
      let obstacles = await operations.obstacles()
      guard obstacles.isEmpty else {
        throw Problem(
          status: .serviceUnavailable, kind: "not-ready", title: "The node does not trade now",
          detail: obstacles.joined(separator: "; "))
      }
      return try json(HealthDocument())
    }
    router.get("metrics") { _, _ in
      Response(
        status: .ok, headers: [.contentType: Self.metricsType, .cacheControl: "no-store"],
        body: .init(byteBuffer: ByteBuffer(string: await operations.metricsText())))
    }
  }
}

/// Counts and times the requests.
struct RequestMetricsMiddleware<Context: RequestContext>: RouterMiddleware {
  let instruments: NodeInstruments

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let started = MonotonicTime.nanoseconds
    func count(_ status: HTTPResponse.Status) {
      instruments.answered(
        method: request.method.rawValue, status: status.code, after: MonotonicTime.nanoseconds - started)
    }
    do {
      let response = try await next(request, context)
      count(response.status)
      return response
    } catch {
      count((error as? any HTTPResponseError)?.status ?? .internalServerError)
      throw error
    }
  }
}
