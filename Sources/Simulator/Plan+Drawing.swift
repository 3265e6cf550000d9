import Market
import NodeCrypto

/// Draws a plan.
struct PlanDraw {
  let scenario: Scenario
  let genesis: Genesis
  private var chance: SplitMix64
  private var conditions = Conditions()
  private var nodes = 0
  private var milliseconds: Int64 = 0
  /// The kinds of steps with their weights.
  private var weights: [(weight: Int, draw: (inout PlanDraw) -> Action)] = []

  init(scenario: Scenario, seed: UInt64, genesis: Genesis) {
    self.scenario = scenario
    self.genesis = genesis
    chance = SplitMix64(seed: seed &* 0x2545_F491_4F6C_DD1D ^ 0x706C_616E)
  }

  mutating func draw(seed: UInt64) -> Plan {
    nodes = Int(number(3...6))
    milliseconds = 1000 * number(15...50)
    conditions.latency = 1...number(5...200)
    conditions.commit = 1...number(2...60)
    conditions.verification = 0...number(0...40)
    conditions.batching = 0...number(0...15)
    weights = [(30, { .place(node: $0.node(), $0.order()) }), (4, { $0.amend() }), (4, { .cancel(order: $0.pick()) })]
    drawPackets()
    drawPartitions()
    drawChurn()
    drawStorage()
    drawClocks()
    let hostile = drawHostile(seed: seed)
    let count = Int(milliseconds / 1000 * number(1...3) / 2)
    var times = (0..<count).map { _ in number(0...milliseconds) }
    times.sort()
    let events = times.map { (at: $0, action: action()) }
    // The later of two at one moment stays the later one.
    let all = (events + rotations(seed: seed)).enumerated().sorted {
      ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
    }
    let steps = all.enumerated().map {
      Step(number: $0.offset, at: $0.element.element.at, action: $0.element.element.action)
    }
    return Plan(
      scenario: scenario, seed: seed, nodes: nodes, hostile: hostile, hostilePersist: percent(50),
      conditions: conditions,
      checkpointEntries: percent(40) ? number(2...12) : GenesisLimits.defaultCheckpointEntries,
      milliseconds: milliseconds, steps: steps)
  }

  // MARK: Chance

  private mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &chance) }
  private mutating func percent(_ percent: Int64) -> Bool { number(0...99) < percent }
  private mutating func node() -> Int { Int(number(0...1 << 20)) }
  private mutating func pick() -> Int { Int(number(0...1 << 30)) }

  /// Whether a swarm has this kind of trouble; a scenario of the kind always has.
  private mutating func has(_ kind: Scenario, _ percent: Int64) -> Bool {
    let drawn = self.percent(percent)
    return scenario == kind || scenario == .swarm && drawn
  }

  private mutating func action() -> Action {
    var rest = Int(number(0...Int64(weights.reduce(0) { $0 + $1.weight } - 1)))
    for (weight, draw) in weights {
      if rest < weight { return draw(&self) }
      rest -= weight
    }
    preconditionFailure("weights do not add up")
  }

  // MARK: Trouble

  private mutating func drawPackets() {
    guard has(.packets, 45) else { return }
    conditions.lossPerMille = percent(30) ? number(50...300) : number(0...50)
    conditions.reorderingPerMille = number(0...200)
    conditions.duplicationPerMille = number(0...100)
    conditions.slowLinkPercent = percent(50) ? number(10...60) : 0
    conditions.slowBytesPerSecond = number(4...64) * 1024
    weights.append((Int(number(1...8)), { .reset($0.node(), $0.node()) }))
  }

  private mutating func drawStorage() {
    guard has(.storage, 45) else { return }
    if weights.count == 3, percent(40) {
      // Whoever holds the lost end of the feed has to be there when the node starts again.
      weights.append(
        (
          Int(number(1...6)),
          {
            .restoreBackup(
              node: $0.node(), entries: Int($0.number(1...4)), downMilliseconds: $0.number(10...3000))
          }
        ))
      return
    }
    let silent = percent(40)
    weights.append(
      (
        Int(number(1...8)),
        {
          .crash(
            node: $0.node(), survivingPercent: Int($0.number(0...2) * 50), isSilent: silent && $0.percent(50),
            downMilliseconds: $0.number(10...20_000))
        }
      ))
    weights.append(
      (Int(number(0...3)), { .diskFailure(node: $0.node(), milliseconds: $0.number(10...8000)) }))
    weights.append(
      (
        Int(number(0...2)),
        { .slowDisks(milliseconds: $0.number(50...2000), forMilliseconds: $0.number(1000...10_000)) }
      ))
    weights.append(
      (Int(number(0...3)), { .readError(node: $0.node(), feed: $0.pick(), downMilliseconds: $0.number(10...5000)) }))
  }

  private mutating func drawPartitions() {
    guard has(.partition, 45) else { return }
    let oneWay = percent(40)
    weights.append(
      (
        Int(number(1...8)),
        { draw in
          let parts = draw.number(1...3)
          return .partition(
            parts: (0..<16).map { _ in Int(draw.number(0...parts)) }, isOneWay: oneWay && draw.percent(50),
            breakingPercent: draw.number(0...2) * 50)
        }
      ))
    weights.append((Int(number(1...6)), { _ in .heal }))
  }

  private mutating func drawChurn() {
    guard has(.churn, 35) else { return }
    weights.append((Int(number(1...3)), { .join(bootstrap: $0.node()) }))
    weights.append((Int(number(0...2)), { .leave(node: $0.node()) }))
    weights.append(
      (
        Int(number(1...6)),
        { .crash(node: $0.node(), survivingPercent: 100, isSilent: false, downMilliseconds: $0.number(10...20_000)) }
      ))
  }

  private mutating func drawClocks() {
    guard has(.clocks, 40) else { return }
    let most = number(0...genesis.limits.skewMilliseconds)
    conditions.clockOffset = -most...most
    conditions.clockDriftPerMillion = number(0...500)
    let step = percent(30) ? 15_000 : genesis.limits.skewMilliseconds
    weights.append((Int(number(0...5)), { .setClock(node: $0.node(), offset: $0.number(-step...step)) }))
  }

  private mutating func drawHostile(seed: UInt64) -> [Behaviour] {
    guard has(.hostile, 40) else { return [] }
    let apart = [.swindler, .silentMaker] + Behaviour.crookedBuyers
    let bent = Behaviour.allCases.filter { !apart.contains($0) }
    var hostile = (0..<number(1...3)).map { _ in bent[Int(number(0...Int64(bent.count - 1)))] }
    // Drawn apart, so that everything else of a seed is as it is without.
    var own = SplitMix64(seed: seed)
    if own.next() % 4 == 0 { hostile.append(.swindler) }
    if own.next() % 3 == 0 { hostile.append(.silentMaker) }
    if own.next() % 2 == 0 {
      hostile.append(Behaviour.crookedBuyers[Int(own.next() % UInt64(Behaviour.crookedBuyers.count))])
    }
    return hostile
  }

  /// Handovers to new keys. Drawn apart, as the swindlers are.
  private func rotations(seed: UInt64) -> [(at: Int64, action: Action)] {
    var own = SplitMix64(seed: seed ^ 0x726F_7461)
    guard own.next() % 3 == 0 else { return [] }
    return (0..<1 + own.next() % 3).map { _ in
      (Int64(own.next() % UInt64(milliseconds)), .rotate(node: Int(own.next() % (1 << 20))))
    }
  }

  // MARK: Orders

  private mutating func amend() -> Action {
    switch number(0...2) {
    case 0: .amend(order: pick(), .price(number(195...240) * 10_000))
    case 1: .amend(order: pick(), .gpus(Int32(number(-2...2))))
    default: .amend(order: pick(), .expiry(1000 * number(60...300)))
    }
  }

  private mutating func order() -> OrderBody {
    let gpus = Int32(number(1...8))
    let price = Price(micros: number(195...240) * 10_000)
    let gpuClass = GPUClassIndex(percent(85) ? 0 : 1)
    let first = number(0...10) + (percent(15) ? 15 : 60)
    let length = number(2...30)
    let origin = genesis.slot(containing: VirtualNetwork.epoch)
    let window = SlotRange(start: origin + first, end: origin + first + length)
    let expiry = genesis.start(of: window.end)
    let timeInForce: TimeInForce = percent(10) ? .immediateOrCancel : .goodTillCancelled
    let isPostOnly = timeInForce == .goodTillCancelled && percent(10)
    if percent(45) {
      return .offer(
        Offer(
          gpuClass: gpuClass, gpus: gpus, window: window, price: price,
          minimumGPUs: Int32(min(Int64(gpus), number(1...2))), minimumSlots: 1, expiry: expiry,
          timeInForce: timeInForce, isPostOnly: isPostOnly))
    }
    // A larger bid in small pieces finds several offers.
    let isSplit = percent(60)
    let isWhole = isSplit && gpus > 1 && !isPostOnly && percent(50)
    return .bid(
      Bid(
        gpuClasses: [gpuClass], gpus: isSplit ? 3 * gpus : gpus, durationSlots: number(1...min(length, 10)),
        window: window, price: price,
        minimumGPUs: isSplit ? 1 : gpus, expiry: expiry,
        timeInForce: isWhole && timeInForce.isImmediate ? .fillOrKill : timeInForce, isPostOnly: isPostOnly,
        isWhole: isWhole))
  }
}

extension Plan {
  /// The plan that a seed draws for a scenario.
  public init(_ scenario: Scenario, seed: UInt64) {
    var draw = PlanDraw(scenario: scenario, seed: seed, genesis: SimulatedMarket.swarm)
    self = draw.draw(seed: seed)
  }
}
