import OrderBook

/// One stream of a long check: where it comes from and how closely it is compared.
package struct StreamCheck: Sendable, CustomStringConvertible {
  package var profile: StreamShape.Profile
  package var seed: UInt64
  package var steps: Int
  package var level: CheckLevel

  package init(profile: StreamShape.Profile, seed: UInt64, steps: Int, level: CheckLevel) {
    (self.profile, self.seed, self.steps, self.level) = (profile, seed, steps, level)
  }

  package var description: String { "\(profile.rawValue) \(seed) \(steps)" }

  /// The checks that make up at least `operations` steps. In each sixteenth stream, beyond that number, digests are asked
  /// for seldom, so that many changes come between two of them.
  ///
  /// - Parameters:
  ///   - only: the profile of all streams; nil for the usual mixture.
  ///   - level: how closely the others are compared.
  package static func plan(
    operations: Int, seed: UInt64, profile only: StreamShape.Profile? = nil, level: CheckLevel
  ) -> [StreamCheck] {
    var (plan, counted): ([StreamCheck], Int) = ([], 0)
    while counted < operations {
      let number = plan.count
      let usual: StreamShape.Profile =
        switch number % 16 {
        case 3, 7, 11: .edges
        case 5, 13: .honest
        case 9: number % 320 == 169 ? .crowd : .wide
        default: .small
        }
      let profile = only ?? usual
      let isSeldom = number % 16 == 15
      let steps = profile == .wide ? 2000 : profile == .crowd ? 12_000 : 4000
      plan.append(
        StreamCheck(
          profile: profile, seed: seed &+ UInt64(number), steps: steps,
          level: profile == .crowd ? .sparse : isSeldom ? CheckLevel(digestEvery: 50, everythingEvery: 1000) : level))
      if !isSeldom { counted += steps }
    }
    return plan
  }

  /// Runs the stream.
  package func run<Book: CheckedBook>(on book: Book.Type) throws(Disagreement) -> StreamCounts {
    var generator = StreamGenerator(profile: profile, seed: seed)
    var runner = StreamRunner<Book>(classVRAMMiB: generator.classVRAMMiB, seed: generator.bookSeed, level: level)
    for _ in 0..<steps { try runner.run(generator.next()) }
    try runner.finish()
    return runner.counts
  }

  /// The stream itself.
  package var stream: OperationStream {
    var generator = StreamGenerator(profile: profile, seed: seed)
    return generator.stream(steps)
  }

  /// The smallest stream that fails like this one, as text that can be kept among the fixtures.
  package func shrunk<Book: CheckedBook>(_ failure: Disagreement, on book: Book.Type) -> String {
    var stream = stream
    stream.operations.removeSubrange(min(failure.steps, steps)...)
    // Comparing everything after each step finds the first that goes wrong, but takes too long with many orders.
    let levels = (profile == .crowd ? [level] : [.thorough, level]).filter {
      Self.failure(of: stream, on: book, $0) != nil
    }
    guard let level = levels.first else { return "# \(self)\n# \(failure)\n# The prefix does not fail on its own.\n" }
    let smallest = StreamShrinker.shrink(stream) { Self.failure(of: $0, on: book, level) != nil }
    let last = Self.failure(of: smallest, on: book, level) ?? failure
    return "# \(self)\n# \(last)\n" + OperationText.write(smallest)
  }

  /// What goes wrong with a stream, or nil.
  package static func failure<Book: CheckedBook>(
    of stream: OperationStream, on book: Book.Type, _ level: CheckLevel
  ) -> Disagreement? {
    do {
      _ = try StreamRunner<Book>.run(stream, level: level)
      return nil
    } catch {
      return error
    }
  }
}
