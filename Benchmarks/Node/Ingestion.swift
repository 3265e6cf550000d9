import Market
import NodeCrypto
import Store

/// One node takes in the feeds of others over loopback TCP, until every entry is applied and durable.
struct Ingestion {
  /// What the node spent, from the first request on.
  let node: Spent
  /// What libsodium alone spent on the same entries, before and after.
  let bare: Spent
  /// Entries taken in.
  let entries: Int

  /// Gives `feeds` to `subject`, which listens at `address`.
  init(_ feeds: SignedFeeds, by subject: Subject, at address: String, in laboratory: Laboratory) async throws {
    let genesis = laboratory.genesis
    let source = try FeedSource(feeds, genesis: genesis, dialling: address, seed: laboratory.generator.next())
    let reader = try StoreReader(path: subject.storeFile)
    let before = try feeds.bareVerification()
    let processor = try ProcessUse(subject.identifier).processorSeconds
    source.start()
    var waiting = feeds.feeds[...]
    let ended = try await subject.poll("\(feeds.entryCount) entries are durable", every: .milliseconds(2)) {
      () -> ContinuousClock.Instant? in
      while let feed = waiting.first {
        guard try reader.holds(feed[feed.count - 1]) else { return nil }
        waiting.removeFirst()
      }
      return ContinuousClock.now
    }
    let spent = try ProcessUse(subject.identifier).processorSeconds - processor
    guard let begun = source.firstRequest.withLock({ $0 }) else {
      throw NodeBenchmarkError.wrong(what: "entries came without having been asked for")
    }
    await source.stop()
    node = Spent(wall: (ended - begun).seconds, processor: spent)
    bare = Spent.mean(before, try feeds.bareVerification())
    entries = feeds.entryCount
  }

  /// Verifications' time by the clock divided by the node's: 1 is a node that does nothing else.
  var efficiency: Double { bare.wall / node.wall }
}

/// Entries with one operation and with 256 operations into an empty node.
struct IngestWorkload {
  private let scale: Scale
  private let runs: Int
  /// Each run has a node of its own, and the longest takes half a minute.
  private static let maximumRuns = 3

  /// A workload of the given size.
  init(_ scale: Scale, runs: Int) {
    self.scale = scale
    self.runs = min(runs, Self.maximumRuns)
  }

  func measure(in laboratory: Laboratory) async throws -> [Row] {
    laboratory.tell("signing")
    let single = SignedFeeds(orders: scale.ingestedEntries, operations: 1, in: laboratory)
    let batches = SignedFeeds(orders: scale.ingestedOperations, operations: 256, in: laboratory)
    var (singleRuns, batchRuns): ([Ingestion], [Ingestion]) = ([], [])
    for run in 1...runs {
      laboratory.tell("run \(run) of \(runs), one operation an entry")
      singleRuns.append(try await ingest(single, "single\(run)", laboratory))
      laboratory.tell("run \(run) of \(runs), 256 operations an entry")
      batchRuns.append(try await ingest(batches, "batch\(run)", laboratory))
    }
    return Self.rows("ingest/entries", singleRuns, operations: 1)
      + Self.rows("ingest/operations", batchRuns, operations: 256)
  }

  private func ingest(_ feeds: SignedFeeds, _ name: String, _ laboratory: Laboratory) async throws -> Ingestion {
    let subject = try laboratory.subject(name)
    let address = try await subject.start()
    let ingestion = try await Ingestion(feeds, by: subject, at: address, in: laboratory)
    let orders = try await subject.client.status().orders
    guard orders == feeds.orderCount else {
      throw NodeBenchmarkError.wrong(what: "\(orders) orders in the book; \(feeds.orderCount) were given to it")
    }
    await subject.kill()
    return ingestion
  }

  /// The rate by the clock, against as many verifications as there are operations on the same cores; and the processor
  /// time, which what else the machine does changes little.
  private static func rows(_ name: String, _ runs: [Ingestion], operations: Int) -> [Row] {
    let (walls, floors) = (series(runs) { $0.node.wall }, series(runs) { $0.bare.wall })
    let count = Double(runs[0].entries)
    let rate = count * Double(operations) / walls.minimum
    let median = count * Double(operations) / walls.median
    // One verification an operation is what the entries would cost that are not grouped.
    let verifications = count / floors.minimum
    let goal = operations == 1 ? 0.9 * verifications : max(25 * verifications, 500_000)
    let each = 1e6 / (count * Double(operations))
    return [
      Row(name, rate, "1/s", median: median, floor: verifications, goal: .atLeast(goal)),
      Row(
        "\(name)/processor", series(runs) { $0.node.processor }.scaled(by: each), "us",
        floor: series(runs) { $0.bare.processor }.scaled(by: each)),
    ]
  }

  private static func series(_ runs: [Ingestion], _ value: (Ingestion) -> Double) -> Series {
    var series = Series()
    for run in runs { series.append(value(run)) }
    return series
  }
}
