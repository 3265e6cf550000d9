import Hummingbird
import Market
import MarketData
import NIOCore
import NodeAPI
import NodeCore
import NodeCrypto

/// What receipts say of prices, and whether receipts are valid.
extension APIServer {
  /// The largest body of a request to verify, in bytes: more than a thousand receipts.
  static let maximumVerifyBytes = 4 << 20
  /// The most documents of a request to verify.
  static let maximumVerifyDocuments = 2048

  func addMarketDataRoutes(_ api: RouterGroup<BasicRequestContext>) {
    api.get("index") { request, _ in
      let range = try intervals(request, step: SpotIndex.stepMilliseconds)
      guard let name = request.uri.queryParameters["gpu_class"].map(String.init) else {
        return try await json(indexes())
      }
      _ = try gpuClass(named: name)
      return try await json(index(of: name, range))
    }
    api.get("candles") { request, _ in
      guard let name = request.uri.queryParameters["gpu_class"].map(String.init) else {
        throw Problem.badRequest("gpu_class is left out; allowed: a class's id")
      }
      _ = try gpuClass(named: name)
      return try await json(candles(of: name, try intervals(request, step: 1)))
    }
    api.post("verify") { request, _ in
      let body = try await bytes(of: request, limit: Self.maximumVerifyBytes)
      let documents: [ArraySlice<UInt8>]
      do { documents = try ReceiptVerdict.documents(in: body) } catch {
        throw Problem.badRequest("the body is not a receipt or a list of receipts, or it is cut short: \(error)")
      }
      guard documents.count <= Self.maximumVerifyDocuments else {
        throw Problem.badRequest(
          "the list has \(documents.count) receipts; allowed: at most \(Self.maximumVerifyDocuments) at a time")
      }
      var verdicts = await ReceiptFile.verdicts(of: documents)
      let handovers = await handovers(of: Set(verdicts.flatMap(\.parties)))
      for index in verdicts.indices { verdicts[index].note(handovers) }
      return try json(verdicts)
    }
  }

  private func indexes() async -> [IndexDocument] {
    let time = SpotIndex.moment(atOrBefore: NodeRuntime.now)
    let start = time - SpotIndex.windowMilliseconds
    let names = runtime.genesis.gpuClasses.map(\.id)
    let (tape, withheld) = await runtime.read { core, _ in
      (core.ledger.tape, core.withheldTrades(of: names, from: start, until: time))
    }
    return names.flatMap { name in
      spotIndex.points(of: name, at: [time], tape: tape, withheld: withheld).map { point in
        IndexDocument(
          gpuClass: name, valueMicros: point.price?.micros, windowMs: SpotIndex.windowMilliseconds,
          gpuSeconds: point.volume.gpuSeconds, receipts: point.receipts, identities: point.identities,
          timeMs: time.milliseconds)
      }
    }
  }

  private func index(of name: String, _ range: IntervalRange) async -> [IndexPointDocument] {
    let last = NodeRuntime.now.start(ofInterval: range.intervalMs)
    let times = (0..<range.count).reversed().map { last - Int64($0) * range.intervalMs }
    let start = times[0] - SpotIndex.windowMilliseconds
    let (tape, withheld) = await runtime.read { core, _ in
      (core.ledger.tape, core.withheldTrades(of: [name], from: start, until: last))
    }
    return spotIndex.points(of: name, at: times, tape: tape, withheld: withheld).map {
      IndexPointDocument(
        timeMs: $0.time.milliseconds, valueMicros: $0.price?.micros, gpuSeconds: $0.volume.gpuSeconds,
        receipts: $0.receipts)
    }
  }

  private func candles(of name: String, _ range: IntervalRange) async -> [CandleDocument] {
    let end = NodeRuntime.now.start(ofInterval: range.intervalMs) + range.intervalMs
    let start = end - Int64(range.count) * range.intervalMs
    let (tape, withheld) = await runtime.read { core, _ in
      (core.ledger.tape, core.withheldTrades(of: [name], from: start, until: end))
    }
    let trades = tape.trades(of: name, from: start, until: end).filter { withheld[$0.id] == nil }
    return Candle.candles(of: trades, intervalMilliseconds: range.intervalMs).map {
      CandleDocument(
        startMs: $0.start.milliseconds, endMs: $0.end.milliseconds, openMicros: $0.open.micros,
        highMicros: $0.high.micros, lowMicros: $0.low.micros, closeMicros: $0.close.micros,
        gpuSeconds: $0.volume.gpuSeconds, trades: $0.trades)
    }
  }

  /// The intervals that a request asks for, whose length is a multiple of `step`.
  private func intervals(_ request: Request, step: Int64) throws -> IntervalRange {
    let allowed = IntervalRange.intervals
    let lengths = Int(max(allowed.lowerBound, step))...Int(allowed.upperBound)
    let interval = try number(request, "interval_ms", allowed: lengths).map(Int64.init)
    let length = interval ?? IntervalRange.defaultIntervalMs
    guard length % step == 0 else {
      throw Problem.badRequest("interval_ms is \"\(length)\"; allowed: multiples of \(step)")
    }
    let count = try number(request, "count", allowed: 1...IntervalRange.maximumCount) ?? IntervalRange.defaultCount
    guard let range = IntervalRange(spanMs: Int64(count) * length, intervalMs: length) else {
      preconditionFailure("as many intervals as are allowed are too many")
    }
    return range
  }

  /// Which of these keys were handed over, as far as this node knows.
  private func handovers(of keys: Set<String>) async -> [String: ReceiptVerdict.Handover] {
    guard !keys.isEmpty else { return [:] }
    return await runtime.read { core, _ in
      var known: [String: ReceiptVerdict.Handover] = [:]
      for key in keys {
        guard let node = NodeID(hex: key), let next = core.successor(of: node) else { continue }
        known[key] = ReceiptVerdict.Handover(
          key: key, successor: next.key.hex, handedOverMs: next.time.milliseconds)
      }
      return known
    }
  }
}
