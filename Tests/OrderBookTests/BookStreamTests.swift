import BookChecking
import Foundation
import Market
import OrderBook
import Testing

@Suite("The order book against a plain reference")
struct BookStreamTests {
  /// Steps in all. Without optimization a step takes about a millisecond, with it some forty microseconds:
  /// `BookCheck` runs ten million of them, and the variable sets any number here.
  static let operations: Int = {
    if let number = ProcessInfo.processInfo.environment["P2PNODE_BOOK_OPERATIONS"].flatMap({ Int($0) }) {
      return number
    }
    #if DEBUG
      return 60_000
    #else
      return 1_000_000
    #endif
  }()

  private static let level: CheckLevel = {
    #if DEBUG
      return .light
    #else
      return .usual
    #endif
  }()

  /// The checks that make up `operations` steps.
  static let plan = StreamCheck.plan(operations: operations, seed: 1, level: level)

  @Test("a random stream of operations gives the reference's answers", arguments: plan)
  func agrees(check: StreamCheck) {
    do {
      let counts = try check.run(on: OrderBook.self)
      #expect(counts.steps == check.steps)
    } catch {
      Issue.record("\(error)\n\(check.shrunk(error, on: OrderBook.self))")
    }
  }

  @Test("the streams do everything: fills, amends, expiry, quotes, depth, and every condition of matching")
  func coverage() throws {
    var counts = StreamCounts()
    for seed in UInt64(1)...6 {
      let check = StreamCheck(profile: .small, seed: seed, steps: 1500, level: CheckLevel.light)
      counts.add(try check.run(on: OrderBook.self))
    }
    #expect(counts.fills > 200 && counts.amends > 200 && counts.expiries > 200)
    #expect(counts.quotedPieces > 20 && counts.depthLevels > 100)
    for condition in MatchCondition.allCases { #expect(counts.conditions[condition] ?? 0 > 0, "\(condition)") }
  }

  @Test("a seed names a stream", arguments: StreamShape.Profile.allCases)
  func seeded(profile: StreamShape.Profile) {
    let one = StreamCheck(profile: profile, seed: 5, steps: 300, level: .usual).stream
    #expect(one == StreamCheck(profile: profile, seed: 5, steps: 300, level: .usual).stream)
    #expect(one != StreamCheck(profile: profile, seed: 6, steps: 300, level: .usual).stream)
  }

  @Test("the seed of the id table changes no answer")
  func tableSeed() {
    for seed in [UInt64(0), 1, .max] {
      var stream = StreamCheck(profile: .small, seed: 9, steps: 500, level: .usual).stream
      stream.seed = seed
      #expect(StreamCheck.failure(of: stream, on: OrderBook.self, .light) == nil)
    }
  }
}

@Suite("Streams as text")
struct OperationTextTests {
  @Test("a stream is the same after it was written and read", arguments: StreamShape.Profile.allCases)
  func roundTrip(profile: StreamShape.Profile) throws {
    for seed in UInt64(1)...4 {
      let stream = StreamCheck(profile: profile, seed: seed, steps: 600, level: .usual).stream
      #expect(try OperationText.read(OperationText.write(stream)) == stream)
    }
  }

  @Test(
    "a line that is no step is refused",
    arguments: ["leap id=0.0.0.1", "cancel", "cancel id=7", "take id", "take id=0.0.0.1 gpus=x slots=0:1"])
  func malformed(line: String) {
    #expect(throws: OperationTextError.self) { try OperationText.read(line) }
  }
}

@Suite("Streams that once failed")
struct BookFixtureTests {
  static let fixtures: [String] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".stream") }.sorted().map { folder.appendingPathComponent($0).path }
  }()

  @Test("there are fixtures")
  func some() { #expect(!Self.fixtures.isEmpty) }

  @Test("a kept stream gives the reference's answers", arguments: fixtures)
  func replays(file: String) throws {
    let stream = try OperationText.read(try String(contentsOfFile: file, encoding: .utf8))
    #expect(!stream.operations.isEmpty)
    if let failure = StreamCheck.failure(of: stream, on: OrderBook.self, .thorough) {
      Issue.record("step \(failure.steps): \(failure)")
    }
  }
}
