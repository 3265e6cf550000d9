import Market
import NodeCrypto
import Store

/// A node with more and more live orders: it catches up with them, takes in what the ingest rows take, and the largest
/// one starts anew from its own store.
struct GrowingWorkload {
  private let scale: Scale

  /// A workload of the given sizes.
  init(_ scale: Scale) { self.scale = scale }

  func measure(in laboratory: Laboratory) async throws -> [Row] {
    let sizes = scale.growthSizes
    var rows: [Row] = []
    var columns: [(live: Int, entries: Double, operations: Double)] = []
    for live in sizes {
      let subject = try laboratory.subject("live\(live)")
      laboratory.tell("signing \(live) orders")
      let feeds = SignedFeeds(orders: live, operations: 256, in: laboratory)
      var address = try await subject.start()
      laboratory.tell("catching up with \(feeds.orderCount) orders")
      let join = try await Ingestion(feeds, by: subject, at: address, in: laboratory)
      if live == sizes.last {
        rows += try await largest(subject, join, orders: feeds.orderCount, laboratory)
        address = try await subject.start()
      }
      let entries = try await more(subject, at: address, operations: 1, laboratory)
      columns.append((live, entries, try await more(subject, at: address, operations: 256, laboratory)))
      await subject.kill()
    }
    return rows + Self.rows(columns)
  }

  /// What more of the ingest rows' entries, half as many, cost against their verification.
  private func more(
    _ subject: Subject, at address: String, operations: Int, _ laboratory: Laboratory
  ) async throws -> Double {
    laboratory.tell("more entries of \(operations) operations")
    let orders = (operations == 1 ? scale.ingestedEntries : scale.ingestedOperations) / 2
    let feeds = SignedFeeds(orders: orders, operations: operations, in: laboratory)
    return try await Ingestion(feeds, by: subject, at: address, in: laboratory).efficiency
  }

  private func largest(
    _ subject: Subject, _ join: Ingestion, orders: Int, _ laboratory: Laboratory
  ) async throws -> [Row] {
    let resident = Double(try ProcessUse(subject.identifier).residentBytes) / 1e6
    let digest = try await Self.digestSeconds(of: subject, orders: orders)
    try await subject.stop()
    laboratory.tell("restarting")
    let first = try StoreReader(path: subject.storeFile).scan()
    let start = ContinuousClock.now
    try await subject.launch()
    let restart = (ContinuousClock.now - start).seconds
    try await subject.wait("it answers") { _ in () }
    try await subject.stop()
    let scan = (first + (try StoreReader(path: subject.storeFile).scan())) / 2
    let memory = 125e-6 * Double(orders) + 40
    return [
      Row("join", join.node.wall, "s", floor: join.bare.wall, goal: .atMost(1.5 * join.bare.wall)),
      Row("join/processor", join.node.processor, "s", floor: join.bare.processor),
      Row("join/digest", digest, "s"),
      Row("restart", restart, "s", floor: scan, goal: .atMost(3 * scan)),
      Row("memory", resident, "MB", floor: memory, goal: .atMost(1.5 * memory)),
    ]
  }

  /// How long the status takes, which has the book's digest.
  private static func digestSeconds(of subject: Subject, orders: Int) async throws -> Double {
    let start = ContinuousClock.now
    let found = try await subject.client.status().orders
    guard found == orders else {
      throw NodeBenchmarkError.wrong(what: "\(found) orders in the book; \(orders) were given to it")
    }
    return (ContinuousClock.now - start).seconds
  }

  private static func rows(_ columns: [(live: Int, entries: Double, operations: Double)]) -> [Row] {
    guard let first = columns.first else { return [] }
    func row(_ kind: String, _ live: Int, _ value: Double, _ floor: Double) -> Row {
      Row("growth/\(kind)/\(live)", value, "of verify", floor: floor, goal: .atLeast(0.8 * floor))
    }
    return columns.map { row("entries", $0.live, $0.entries, first.entries) }
      + columns.map { row("operations", $0.live, $0.operations, first.operations) }
  }
}
