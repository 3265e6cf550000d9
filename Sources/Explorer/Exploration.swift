import NodeCrypto

/// An exhaustive search, depth first, of all that may happen in a scenario.
///
/// Every state that a step leads to is judged, and each is gone on from once. The steps that are no faults come to an end,
/// since entries, clocks and starts do; from every state they lead to one in which none is left. Those states are healed:
/// when all of them come to an end with nothing open, so does every state, however it goes on.
public struct Exploration {
  /// What was found.
  public struct Outcome: Sendable {
    /// The scenario's name.
    public let scenario: String
    /// Different states.
    public internal(set) var states = 0
    /// Steps taken, to states known before too.
    public internal(set) var steps = 0
    /// The longest run.
    public internal(set) var depth = 0
    /// States without a next step, which were healed.
    public internal(set) var ends = 0
    /// Different entries that were signed.
    public internal(set) var entries = 0
    /// In how many ends all trades, or some, or none were settled.
    public internal(set) var settled: [Int: Int] = [:]
    /// Whether states were left out because there are more than the limit.
    public internal(set) var isCut = false
    /// The rule that does not hold, and the steps to where it does not; nil when all hold.
    public internal(set) var failure: (breach: Breach, steps: [Action])?
  }

  private struct Frame {
    let world: World
    var actions: ArraySlice<Action>
  }

  private let setting: Setting
  private let maximumStates: Int
  private var visited: Set<Digest> = []
  private var frames: [Frame] = []
  private var path: [Action] = []
  private var outcome: Outcome

  /// A search of `scenario` that ends after `maximumStates` states.
  public init(_ scenario: Scenario, maximumStates: Int = .max) {
    setting = Setting(scenario)
    self.maximumStates = maximumStates
    outcome = Outcome(scenario: scenario.name)
  }

  /// Searches; calls `progress` with the number of states now and then.
  public mutating func run(progress: (Int) -> Void = { _ in }) -> Outcome {
    enter(World(setting))
    while outcome.failure == nil, let top = frames.indices.last {
      guard let action = frames[top].actions.popFirst() else {
        frames.removeLast()
        if !path.isEmpty { path.removeLast() }
        continue
      }
      guard outcome.states < maximumStates else {
        outcome.isCut = true
        break
      }
      outcome.steps += 1
      path.append(action)
      let isNew = enter(frames[top].world.after(action))
      if !isNew { path.removeLast() } else if outcome.states % 10_000 == 0 { progress(outcome.states) }
    }
    outcome.entries = setting.registry.entries.count
    return outcome
  }

  /// Goes to a state; false when it was known.
  @discardableResult
  private mutating func enter(_ world: World) -> Bool {
    if let breach = world.breach {
      outcome.failure = (breach, path)
      return true
    }
    guard visited.insert(world.fingerprint).inserted else { return false }
    outcome.states += 1
    let actions = world.actions
    if !actions.contains(where: { !$0.isFault }) { end(world) }
    frames.append(Frame(world: world, actions: actions[...]))
    outcome.depth = max(outcome.depth, frames.count - 1)
    return true
  }

  private mutating func end(_ world: World) {
    outcome.ends += 1
    var healed = world
    healed.heal()
    if let breach = healed.breach { outcome.failure = (breach, path) }
    outcome.settled[healed.account.settledCount, default: 0] += 1
  }
}

extension Action {
  /// Whether it is one that need not happen.
  var isFault: Bool {
    if case .crash = self { true } else { false }
  }
}

extension Account {
  /// How many trades both have signed.
  var settledCount: Int { deals.values.count { state(of: $0) == .settled } }
}
