/// Finds a smaller run that breaks the same rule: fewer steps, fewer nodes, less that goes wrong, a shorter time.
///
/// Steps are left out in halves, quarters and so on (Zeller's delta debugging); everything else is tried piece by piece.
/// A run is whole again for each try, so that what is found can be replayed.
public struct Shrinker {
  /// Makes the run that a cut comes down to, and says which rules it breaks.
  public typealias Attempt = (PlanCut) -> [Violation]

  private let plan: Plan
  private let rule: Violation.Rule
  private let attempt: Attempt
  private var left: Int
  /// The smallest cut so far.
  public private(set) var cut: PlanCut

  /// - Parameter tries: how many runs may be made.
  public init(plan: Plan, rule: Violation.Rule, cut: PlanCut, tries: Int = 400, attempt: @escaping Attempt) {
    self.plan = plan
    self.rule = rule
    self.cut = cut
    self.attempt = attempt
    left = tries
  }

  /// Shortens as far as it can.
  public mutating func shrink() {
    if cut.steps == nil { cut.steps = cut.applied(to: plan).steps.map(\.number) }
    if cut.hostile == nil { cut.hostile = Array(plan.hostile.indices) }
    var before: PlanCut
    repeat {
      before = cut
      dropSteps()
      dropHostile()
      for part in PlanCut.Part.allCases where !cut.calm.contains(part) { keep { $0.calm.append(part) } }
      dropNodes()
      dropTime()
    } while cut != before && left > 0
  }

  /// Keeps a change when the same rule is broken with it.
  @discardableResult
  private mutating func keep(_ change: (inout PlanCut) -> Void) -> Bool {
    guard left > 0 else { return false }
    left -= 1
    var tried = cut
    change(&tried)
    guard attempt(tried).contains(where: { $0.rule == rule }) else { return false }
    cut = tried
    return true
  }

  private mutating func dropSteps() {
    var size = max(1, (cut.steps?.count ?? 0) / 2)
    while left > 0 {
      var start = 0
      while start < cut.steps?.count ?? 0, left > 0 {
        let end = min(start + size, cut.steps?.count ?? 0)
        if !keep({ $0.steps?.removeSubrange(start..<end) }) { start = end }
      }
      if size == 1 { return }
      size /= 2
    }
  }

  private mutating func dropHostile() {
    for place in (cut.hostile ?? []).reversed() { keep { $0.hostile?.removeAll { $0 == place } } }
  }

  private mutating func dropNodes() {
    while let count = Optional(cut.nodes ?? plan.nodes), count > 2, keep({ $0.nodes = count - 1 }) {}
  }

  private mutating func dropTime() {
    let last = cut.applied(to: plan).steps.last?.at ?? 0
    let shortest = last / 1000 + 1
    if shortest < cut.seconds ?? plan.milliseconds / 1000 { keep { $0.seconds = shortest } }
  }
}
