import Hummingbird
import Market
import NodeAPI
import NodeCore

/// The routes that tell what could be had, and change nothing.
extension APIServer {
  func addQuoteRoutes(_ api: RouterGroup<BasicRequestContext>) {
    api.post("quote") { request, _ in
      let bid: QuoteRequest = try await document(of: request)
      return try await json(quote(bid))
    }
    api.get("depth") { request, _ in
      let rows = try depthRows(request)
      return try await json(runtime.read { core, now in DocumentBuilder(core: core, now: now).depth(rows) })
    }
  }

  private func quote(_ request: QuoteRequest) async throws -> QuoteDocument {
    let resolver = await resolver(for: request.requirements)
    let bid: Bid
    do {
      bid = try resolver.resolve(request)
      try OrderRules.check(.bid(bid), placedAt: resolver.now, genesis: runtime.genesis)
    } catch {
      throw Problem.badOrder(error.description)
    }
    return await runtime.read { core, now in
      let quote = core.quote(bid, now: now)
      return DocumentBuilder(core: core, now: now).quote(bid, quote, hasLimit: request.priceMicros != nil)
    }
  }

  private func depthRows(_ request: Request) throws -> DepthRows {
    guard let name = request.uri.queryParameters["gpu_class"].map(String.init) else {
      throw Problem.badRequest("gpu_class is left out; allowed: a class's id")
    }
    let genesis = runtime.genesis
    let horizon = Int(genesis.limits.horizonMilliseconds)
    let hour = Int(DepthRows.hourMilliseconds)
    let hours = try number(request, "hours", allowed: 1...max(1, horizon / hour))
    let span = try number(request, "span_ms", allowed: 1...horizon)
    guard hours == nil || span == nil else {
      throw Problem.badRequest("hours, span_ms is both given; allowed: one of the two")
    }
    let gpus = try number(request, "gpus", allowed: 1...Int(Int32.max))
    return DepthRows(
      gpuClass: try gpuClass(named: name),
      spanMs: Int64(hours.map { $0 * hour } ?? span ?? DepthRows.defaultHours * hour),
      gpus: gpus.map(Int64.init) ?? DepthDocument.defaultGpus, genesis: genesis, now: NodeRuntime.now)
  }
}
