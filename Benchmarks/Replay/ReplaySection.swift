import FoundationEssentials
import Market
import MarketFiles
import NodeCrypto
import OrderBook

/// The real offers and the busiest week of the real demand through the product's book: what its users would have got.
/// Once with each job as it is, which leaves most machines idle, and once with each job many times, which does not.
struct ReplaySection: Section {
  let name = "replay"
  private let options: Options

  /// How often each job is replayed.
  static let loads = [1, 16]

  /// A replay as `options` say.
  init(options: Options) { self.options = options }

  func measure(progress: Progress) throws -> [Row] {
    let (data, genesis) = try read()
    progress("\(name): class and limit of each job are drawn with the seed \(options.seed)")
    return Self.loads.flatMap { load in
      let week = ReplayWeek(
        data: data, genesis: genesis, days: options.scale.replayDays, load: load, seed: options.seed)
      progress(
        "\(name)/x\(load): \(week.offers.count) machines, \(week.bids.count) bids in \(options.scale.replayDays) days; "
          + "\(week.cutJobs) jobs cut")
      return rows("\(name)/x\(load)", week)
    }
  }

  private func read() throws -> (MarketData, Genesis) {
    func content(_ file: String) throws(ReplayError) -> Data {
      let path = "\(options.testnetDirectory)/\(file)"
      do {
        return try Data(contentsOf: URL(filePath: path))
      } catch {
        throw ReplayError(path: path)
      }
    }
    func text(_ name: String) throws(ReplayError) -> String {
      String(decoding: try content("data/\(name)"), as: UTF8.self)
    }
    let genesis = try Genesis(file: Array(content("network.json")))
    let files = MarketData.Files(
      classes: try text(MarketData.FileName.classes), offers: try text(MarketData.FileName.offers),
      demand: try text(MarketData.FileName.demand))
    return (try MarketData(files, genesis: genesis), genesis)
  }

  private func rows(_ name: String, _ week: ReplayWeek) -> [Row] {
    var times = OperationTimes()
    var perBid = Series()
    var outcome: ReplayOutcome?
    for _ in 1...options.runs {
      let run = replay(week, &times, &perBid)
      precondition(outcome == nil || outcome == run, "the same replay ends differently")
      outcome = run
    }
    let marks = times.percentiles(0.99, 1)
    return (outcome?.rows(name) ?? []) + [
      Row("\(name)/bid", perBid.scaled(by: 0.001), "us"),
      Row("\(name)/bid-p99", marks[0] / 1000, "us"),
      Row("\(name)/bid-max", marks[1] / 1000, "us"),
    ]
  }

  /// Each bid when its job was submitted: time passes, the bid is put in and matched, the fill taken from both.
  private func replay(_ week: ReplayWeek, _ times: inout OperationTimes, _ perBid: inout Series) -> ReplayOutcome {
    var book = OrderBook(classVRAMMiB: week.classVRAMMiB, seed: 7)
    for offer in week.offers { book.insert(offer) }
    var matches: [Match] = []
    var ends: [Int] = []
    matches.reserveCapacity(week.bids.count)
    ends.reserveCapacity(week.bids.count)
    let allStart = Stopwatch.processor()
    for bid in week.bids {
      let context = MatchContext(earliestStart: bid.earliestStart)
      let start = Stopwatch.now()
      book.advance(to: bid.order.priority.time)
      RectangleWorkload.fill(bid.order, in: &book, context, &matches)
      times.append(Stopwatch.now() - start)
      ends.append(matches.count)
    }
    perBid.append(Double(Stopwatch.processorTime(since: allStart)) / Double(max(1, week.bids.count)))
    times.endRun()

    var outcome = ReplayOutcome()
    var first = 0
    for (bid, end) in zip(week.bids, ends) {
      outcome.add(bid, matches[first..<end].first)
      first = end
    }
    for offer in week.offers {
      if let calendar = book.state(of: offer.id)?.calendar { outcome.add(calendar, in: week.slots) }
    }
    return outcome
  }
}

/// A file of the replay that cannot be read.
struct ReplayError: Error, CustomStringConvertible {
  /// The file.
  let path: String

  var description: String {
    "\(path) cannot be read; allowed: --testnet DIR with network.json and data, which is Testnet in the project"
  }
}
