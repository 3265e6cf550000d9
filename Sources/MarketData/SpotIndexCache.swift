import Market

/// Values of the index that were computed before. A cache: it changes what a question costs, never its answer.
public struct SpotIndexCache: Sendable {
  private struct Key: Hashable {
    let gpuClass: String
    let time: Timestamp
  }

  private var points: [Key: (point: SpotIndex.Point, revision: UInt64)] = [:]
  private let capacity: Int

  /// An empty cache for at most `capacity` values.
  public init(capacity: Int = 16_384) { self.capacity = capacity }

  /// The value of a class at `time`, if no trade of its window has come or gone since. O(log minutes + minutes of the
  /// window that have trades).
  public func point(of gpuClass: String, at time: Timestamp, tape: TradeTape) -> SpotIndex.Point? {
    guard let known = points[Key(gpuClass: gpuClass, time: time)] else { return nil }
    return known.revision == Self.revision(of: gpuClass, at: time, tape) ? known.point : nil
  }

  /// Keeps a value that counts everything on `tape`.
  public mutating func keep(_ point: SpotIndex.Point, of gpuClass: String, tape: TradeTape) {
    // Old moments are asked for again rarely, so that all may go at once.
    if points.count >= capacity { points = [:] }
    points[Key(gpuClass: gpuClass, time: point.time)] = (point, Self.revision(of: gpuClass, at: point.time, tape))
  }

  private static func revision(of gpuClass: String, at time: Timestamp, _ tape: TradeTape) -> UInt64 {
    tape.revision(of: gpuClass, from: time - SpotIndex.windowMilliseconds, until: time)
  }
}
