import Foundation
import Market
import NodeCrypto
import Testing

@testable import Benchmarks
@testable import MarketFiles

/// Sizes at which everything runs in a moment, also without optimization.
private let tiny = Scale(
  plainOperations: 600, smallLive: 50, largeLive: 100, restingAdds: 300, sweeps: 60, rectangleOffers: 60,
  rectangleBids: 60, mixedOperations: 300, walkEvery: 2, growthSizes: [20, 40, 80], growthOperations: 20,
  rebuiltOrders: 100, expiringOrders: 100, digestOrders: 40, digestChanges: 20, replayDays: 1,
  receipts: 100, ingestedEntries: 64, ingestedOperations: 16_384, settledTrades: 1, tradedBids: 6, idleSeconds: 1)

/// The report of the given arguments at the tiny size.
private func report(_ arguments: String...) async throws -> Report {
  var options = try Options(arguments: arguments)
  options.scale = tiny
  options.runs = 2
  let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  options.testnetDirectory = tests.deletingLastPathComponent().appendingPathComponent("Testnet").path
  return try await BenchmarksCommand.report(options, progress: Progress(isOn: false))
}

@Suite("The benchmarks' report") struct ReportTests {
  static let bookRows = [
    "plain/S", "plain/B", "plain/A", "plain/bytes", "plain/C", "plain/C-order", "rectangle/bid", "rectangle/p50",
    "rectangle/p99", "rectangle/max", "rectangle/speedup", "rectangle/filled", "split/bid", "split/p50", "split/p99",
    "split/max", "split/speedup", "split/filled", "mixed/bid", "mixed/p50", "mixed/p99", "mixed/speedup",
    "mixed/operation", "mixed/max", "mixed/add", "mixed/cancel", "mixed/amend", "mixed/expired", "rebuild/all",
    "rebuild/order", "rebuild/bytes", "growth/add/20", "growth/add/40", "growth/add/80", "growth/cancel/20",
    "growth/cancel/40", "growth/cancel/80", "growth/match/20", "growth/match/40", "growth/match/80",
    "growth/cache-line/20", "growth/cache-line/40", "growth/cache-line/80", "expiry/order", "expiry/idle-advance",
    "digest/change", "digest/call", "digest/from-scratch-order",
  ]

  @Test("the book's document has every row, and every row all seven keys")
  func bookDocument() async throws {
    let document = try await JSONSerialization.jsonObject(with: Data(report("--only", "book").json().utf8))
    let object = try #require(document as? [String: Any])
    #expect(Set(object.keys) == ["rows"])
    let rows = try #require(object["rows"] as? [[String: Any]])
    #expect(rows.map { $0["name"] as? String } == Self.bookRows.map { "book/\($0)" })
    for row in rows {
      #expect(Set(row.keys) == ["name", "value", "unit", "floor", "ratio", "target", "met"])
      #expect(row["value"] is NSNumber && row["unit"] is String)
      #expect((row["target"] is NSNull) == (row["met"] is NSNull))
      if let floor = row["floor"] as? Double, let ratio = row["ratio"] as? Double, let value = row["value"] as? Double {
        #expect(abs(ratio * floor - value) <= 1e-6 * max(1, value))
      }
    }
    let targets = rows.filter { !($0["target"] is NSNull) }.compactMap { $0["name"] as? String }
    #expect(
      targets == [
        "book/plain/S", "book/plain/B", "book/plain/A", "book/plain/bytes", "book/plain/C", "book/rectangle/bid",
        "book/rectangle/p50", "book/rectangle/p99", "book/rectangle/max", "book/rectangle/speedup", "book/mixed/bid",
        "book/mixed/p50", "book/mixed/p99", "book/mixed/speedup", "book/mixed/max", "book/rebuild/all",
      ])
  }

  @Test("a replay of the real data sells something, at no more than the limits and no less than the cheapest ask")
  func replay() async throws {
    let rows = try await report("--replay").rows
    func value(_ name: String) throws -> Row { try #require(rows.first { $0.name == "replay/\(name)" }) }
    for load in ["x1", "x16"] {
      for name in [
        "bids", "filled", "gpu-hours", "used", "price-to-cheapest", "price-to-average", "delay-mean", "delay-p99",
        "short-gaps", "bid", "bid-p99", "bid-max",
      ] {
        _ = try value("\(load)/\(name)")
      }
      #expect(try value("\(load)/bids").value > 0)
      #expect((0...1).contains(try value("\(load)/filled").value))
      #expect(try value("\(load)/gpu-hours").value > 0)
      let ratio = try #require(try value("\(load)/price-to-cheapest").ratio)
      #expect(ratio >= 0.999_999)
    }
    #expect(try value("x1/filled").value >= value("x16/filled").value)
  }

  @Test("receipts are verified beside bare libsodium in the same run")
  func verify() async throws {
    let rows = try await report("--only", "verify").rows
    #expect(rows.map(\.name) == ["verify/receipts/processor", "verify/receipts/wall", "verify/receipts/rate"])
    #expect(rows.prefix(2).allSatisfy { ($0.ratio ?? 0) > 0 })
  }

  @Test("the node's rows are measured on real processes, each beside its floor")
  func node() async throws {
    let rows = try await report("--only", "node").rows
    #expect(
      rows.map(\.name)
        == [
          "ingest/entries", "ingest/entries/processor", "ingest/operations", "ingest/operations/processor",
          "settle/p50",
          "settle/p99", "trades/rate", "trades/entries", "join", "join/processor", "join/digest", "restart", "memory",
          "growth/entries/20", "growth/entries/40", "growth/entries/80", "growth/operations/20", "growth/operations/40",
          "growth/operations/80", "idle/processor", "idle/resident", "idle/network",
        ].map { "node/\($0)" })
    for row in rows where !["trades/entries", "join/digest"].contains(row.name.dropFirst(5)) {
      // The kernel counts processor time in hundredths of a second, which so little work may not take.
      let isCounted = row.name.hasPrefix("node/idle/") || row.name.hasSuffix("/processor")
      #expect(isCounted || (row.ratio ?? 0) > 0, "\(row)")
      #expect(row.name.hasSuffix("/processor") || row.isMet != nil, "\(row)")
    }
  }

  @Test("a workload can be selected alone")
  func selection() async throws {
    #expect(try await report("--only", "book/digest").rows.allSatisfy { $0.name.hasPrefix("book/digest/") })
  }

  @Test("the table shows numbers with three digits that count")
  func numbers() {
    for (value, text) in [
      (0, "0"), (0.0784, "0.0784"), (2.5, "2.5"), (9.999, "10"), (13.25, "13.3"), (125, "125"), (13_250.4, "13250"),
      (-1.5, "-1.5"),
    ] as [(Double, String)] {
      #expect(Report.format(value) == text)
    }
  }

  @Test("the table says whether a target is met, and in which direction it lies")
  func table() {
    let rows = [
      Row("a", 30, "ns", floor: 60, goal: .atMost(32)), Row("b", 49, "x", goal: .atLeast(50)), Row("c", 1, "ns"),
    ]
    let lines = Report(rows: rows, footer: "seed 1").table().split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 6)
    #expect(lines[1].contains("0.5   <= 32  yes"))
    #expect(lines[2].contains(">= 50  NO"))
    #expect(lines.last == "seed 1")
  }
}

@Suite("The benchmarks' options") struct OptionsTests {
  @Test("what is not allowed is refused with the value and what is allowed")
  func refused() {
    for (arguments, message) in [
      (["--runs", "0"], "--runs is 0; allowed: a whole number from 1 to 100"),
      (["--seed"], "--seed has no value; allowed: a whole number from 0 to 18446744073709551615"),
      (["--fast"], "--fast is unknown; allowed: the options that --help lists"),
    ] {
      let error = #expect(throws: OptionsError.self) { try Options(arguments: arguments) }
      #expect(error?.description == message)
    }
    let error = #expect(throws: OptionsError.self) { try Options(arguments: ["--only", "nook"]) }
    #expect(error?.description.hasPrefix("--only is nook; allowed: book, book/plain, book/rectangle") == true)
  }

  @Test("the help names every option")
  func help() throws {
    for option in ["--only", "--replay", "--runs", "--quick", "--seed", "--testnet", "--json", "--help"] {
      #expect(Options.help.contains("  \(option)"))
    }
    #expect(try Options(arguments: ["--help"]).wantsHelp)
  }
}

@Suite("The benchmarks' streams") struct StreamTests {
  @Test("the same seed gives the same stream")
  func seeded() {
    let streams = (0..<2).map { _ in PlainStream.mixed(live: 40, operations: 300, levels: 10, seed: 3) }
    #expect(streams[0].filled == streams[1].filled)
    #expect(streams[0].filled != PlainStream.mixed(live: 40, operations: 300, levels: 10, seed: 4).filled)
  }

  @Test("a mixed plain stream keeps its live orders, and its shares are those of the workload")
  func shares() {
    let stream = PlainStream.mixed(live: 500, operations: 10_000, levels: 50, seed: 5)
    let kinds = Dictionary(grouping: stream.blocks.flatMap(\.timed), by: \.kind).mapValues(\.count)
    let (adds, cancels, crosses) = (kinds[.add] ?? 0, kinds[.cancel] ?? 0, kinds[.cross] ?? 0)
    #expect(stream.count == 10_000 && adds + cancels + crosses == 10_000)
    #expect((850...1150).contains(crosses))
    #expect(abs(adds - cancels - crosses) <= 2)
    #expect(stream.filled.count == crosses)
  }

  @Test("the busiest days are those in which most jobs were submitted")
  func busiest() {
    let jobs = [0, 50, 90, 95, 99, 300].map { Job(submitSeconds: $0, gpus: 1, durationSeconds: 1) }
    #expect(ReplayWeek.busiest(jobs, seconds: 10).map(\.submitSeconds) == [90, 95, 99])
    #expect(ReplayWeek.busiest([], seconds: 10).isEmpty)
  }

  @Test("the plain walk finds the cheapest feasible offer at its earliest start")
  func walk() throws {
    var generator = SplitMix64(seed: 1)
    let first = RectangleMarket.firstSlot
    func order(_ body: OrderBody, _ time: Int64) -> Order {
      let priority = OrderPriority(
        time: Timestamp(milliseconds: time), owner: .random(using: &generator), sequence: 1, index: 0)
      return Order(id: .random(using: &generator), priority: priority, body: body)
    }
    func offer(_ gpus: Int32, level: Int64, _ time: Int64) -> Order {
      let window = SlotRange(start: first, end: first + 10)
      let price = RectangleMarket.price(level: level)
      return order(
        .offer(
          Offer(gpuClass: RectangleMarket.gpuClass, gpus: gpus, window: window, price: price, expiry: .maximum)), time)
    }
    let small = offer(1, level: 0, 1)
    let dear = offer(4, level: 2, 2)
    let fitting = offer(2, level: 1, 3)
    var walk = PlainWalk(levels: 3)
    for offer in [small, dear, fitting] { walk.add(offer) }
    let bid = order(
      .bid(
        Bid(
          gpuClasses: GPUClassList(RectangleMarket.gpuClass), gpus: 2, durationSlots: 4,
          window: SlotRange(start: first + 1, end: first + 9), price: RectangleMarket.price(level: 2), minimumGPUs: 2,
          expiry: .maximum)), 4)
    func slots(_ start: Int64) -> SlotRange { SlotRange(start: first + start, end: first + start + 4) }
    #expect(walk.fill(bid, earliestStart: first) == [.init(offer: fitting.id, gpus: 2, slots: slots(1))])
    #expect(walk.fill(bid, earliestStart: first) == [.init(offer: fitting.id, gpus: 2, slots: slots(5))])
    #expect(walk.fill(bid, earliestStart: first + 3) == [.init(offer: dear.id, gpus: 2, slots: slots(3))])
    walk.remove(dear.id)
    #expect(walk.fill(bid, earliestStart: first) == [])
  }
}
