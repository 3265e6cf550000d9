/// What is left out of the plan that a seed draws, or set to another value: what the command line can say, and what a
/// shortened run comes down to.
public struct PlanCut: Sendable, Equatable {
  /// Parts of the conditions that are set to those of a good network.
  public enum Part: String, CaseIterable, Sendable {
    /// Nothing is lost, overtaken, doubled; no link is slow.
    case packets
    /// Clocks are right.
    case clocks
    /// Commits, checks and batching take no time.
    case processing
  }

  /// Honest nodes at the start; as drawn when nil.
  public var nodes: Int?
  /// The numbers of the steps that are kept, ascending; all when nil.
  public var steps: [Int]?
  /// The hostile nodes that are kept, by their places in the plan; all when nil.
  public var hostile: [Int]?
  /// The length of the safety phase in seconds; as drawn when nil.
  public var seconds: Int64?
  /// What goes well.
  public var calm: [Part] = []

  /// Everything as drawn.
  public init() {}

  /// The plan with these changes.
  public func applied(to plan: Plan) -> Plan {
    var cut = plan
    if let nodes { cut.nodes = nodes }
    if let seconds { cut.milliseconds = seconds * 1000 }
    if let steps {
      let kept = Set(steps)
      cut.steps.removeAll { !kept.contains($0.number) }
    }
    cut.steps.removeAll { $0.at > cut.milliseconds }
    if let hostile { cut.hostile = hostile.filter(plan.hostile.indices.contains).map { plan.hostile[$0] } }
    let good = Conditions()
    for part in calm {
      switch part {
      case .packets:
        cut.conditions.lossPerMille = 0
        cut.conditions.reorderingPerMille = 0
        cut.conditions.duplicationPerMille = 0
        cut.conditions.slowLinkPercent = 0
      case .clocks:
        cut.conditions.clockOffset = good.clockOffset
        cut.conditions.clockDriftPerMillion = 0
      case .processing:
        cut.conditions.commit = good.commit
        cut.conditions.verification = 0...0
        cut.conditions.batching = 0...0
      }
    }
    return cut
  }

  /// The options with which the command line makes this cut.
  public var arguments: String {
    var words: [String] = []
    if let nodes { words.append("--nodes \(nodes)") }
    if let seconds { words.append("--seconds \(seconds)") }
    if let hostile { words.append("--hostile \(hostile.isEmpty ? "none" : Self.text(hostile))") }
    if let steps { words.append("--steps \(steps.isEmpty ? "none" : Self.text(steps))") }
    for part in calm { words.append("--calm \(part.rawValue)") }
    return words.joined(separator: " ")
  }

  /// Numbers as ranges: `1,4-7`.
  static func text(_ numbers: [Int]) -> String {
    var parts: [String] = []
    var place = 0
    while place < numbers.count {
      var last = place
      while last + 1 < numbers.count, numbers[last + 1] == numbers[last] + 1 { last += 1 }
      parts.append(last == place ? "\(numbers[place])" : "\(numbers[place])-\(numbers[last])")
      place = last + 1
    }
    return parts.joined(separator: ",")
  }

  /// Reads what ``arguments`` writes of numbers; nil when it is not that.
  public static func numbers(_ text: String) -> [Int]? {
    guard text != "none" else { return [] }
    var numbers: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0, first <= last,
        last < 1 << 20
      else { return nil }
      numbers += first...last
    }
    return numbers.sorted()
  }
}
