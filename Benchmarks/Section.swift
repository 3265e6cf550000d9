import Glibc

/// A part of the report that can be measured alone.
protocol Section {
  /// The name for `--only`, which the names of its rows begin with.
  var name: String { get }
  /// Measures its rows. On the main thread: what is free at the end of another thread's memory would stay resident.
  @MainActor func measure(progress: Progress) async throws -> [Row]
}

/// Something to run several times, in turn with others, so that a slow minute of the machine does not fall on one of
/// them alone.
protocol Workload {
  /// The name in its section.
  var name: String { get }
  /// Runs it once more.
  mutating func run()
  /// The rows of all runs so far, their names without the section's.
  var rows: [Row] { get }
}

/// How large the workloads are.
struct Scale: Hashable, Sendable {
  /// Operations of the two mixed plain workloads, and the live orders that these keep.
  var plainOperations: Int
  var smallLive: Int
  var largeLive: Int
  /// Resting adds of the plain workload.
  var restingAdds: Int
  /// Sweeps of the plain workload.
  var sweeps: Int
  /// Offers and bids of the rectangle workloads, and operations of the mixed one.
  var rectangleOffers: Int
  var rectangleBids: Int
  var mixedOperations: Int
  /// Every so many bids, the plain walk answers one too.
  var walkEvery: Int
  /// Live orders at which the growth is measured, and the operations of each kind there.
  var growthSizes: [Int]
  var growthOperations: Int
  /// Orders of the rebuild.
  var rebuiltOrders: Int
  /// Orders that expire.
  var expiringOrders: Int
  /// Live orders of the book whose digest is taken, and changes to it.
  var digestOrders: Int
  var digestChanges: Int
  /// Days of the real demand.
  var replayDays: Int64
  /// Receipts that are verified.
  var receipts: Int
  /// Entries with one operation, and operations in entries of 256, that a node takes in.
  var ingestedEntries: Int
  var ingestedOperations: Int
  /// Trades that two nodes settle one by one, and that three nodes settle all at once.
  var settledTrades: Int
  var tradedBids: Int
  /// How long nodes are watched that have nothing to do.
  var idleSeconds: Int64

  /// The sizes that the targets are for.
  static let full = Scale(
    plainOperations: 1_000_000, smallLive: 8_000, largeLive: 250_000, restingAdds: 1_000_000, sweeps: 50_000,
    rectangleOffers: 100_000, rectangleBids: 100_000, mixedOperations: 200_000, walkEvery: 50,
    growthSizes: [10_000, 100_000, 1_000_000], growthOperations: 20_000, rebuiltOrders: 1_000_000,
    expiringOrders: 200_000, digestOrders: 10_000, digestChanges: 2_000, replayDays: 7, receipts: 100_000,
    ingestedEntries: 64_000, ingestedOperations: 640_000, settledTrades: 200, tradedBids: 3_000, idleSeconds: 60)

  /// Small enough for every build of continuous integration.
  static let quick = Scale(
    plainOperations: 20_000, smallLive: 1_000, largeLive: 5_000, restingAdds: 20_000, sweeps: 1_000,
    rectangleOffers: 2_000, rectangleBids: 2_000, mixedOperations: 4_000, walkEvery: 10,
    growthSizes: [1_000, 4_000, 16_000], growthOperations: 1_000, rebuiltOrders: 20_000, expiringOrders: 4_000,
    digestOrders: 500, digestChanges: 200, replayDays: 1, receipts: 1_000,
    ingestedEntries: 640, ingestedOperations: 16_384, settledTrades: 5, tradedBids: 60, idleSeconds: 1)
}

/// What is told while measuring: on standard error, since standard output is the report's.
struct Progress: Sendable {
  /// Whether anything is told.
  let isOn: Bool

  /// Tells what happens now.
  func callAsFunction(_ text: String) {
    if isOn { Self.tell(text) }
  }

  /// Writes a line to standard error.
  static func tell(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
