import Foundation
import Market
import NodeAPI
import NodeProcesses

/// Some cycles of one kind on one market: orders flow, one node after the other is hurt and comes back, and in the end
/// everything is looked at.
struct Batch: Sendable {
  /// What the batch is, from which it can be run again.
  struct Plan: Hashable, Sendable {
    /// What is done.
    var kind: TortureKind
    /// How often.
    var cycles: Int
    /// Cycles of the kind before this batch: of `eio`, the syncs that have been made to fail.
    var first: Int
    /// Of the draws.
    var seed: UInt64

    /// The command line that runs it again.
    var command: String {
      "make torture ARGS=\"--only \(kind.rawValue) --batch \(cycles) --first \(first) --seed \(seed)\""
    }
  }

  /// The build's products.
  struct Products: Sendable {
    /// The node.
    let node: String
    /// The library `faults`.
    let faults: String
  }

  let plan: Plan
  let market: TortureMarket
  let ledger = ReceiptLedger()
  private let flow = OrderFlow()

  /// How often a node may refuse in a row, each time with something to do about it.
  private static let maximumRefusals = 3
  /// How long a node may take until it has its receipts again, in seconds.
  private static let receiptSeconds: Int64 = 120

  /// Runs a batch on a market of its own, of which nothing is left when nothing was wrong.
  static func run(_ plan: Plan, in directory: String, products: Products) async throws -> TortureReport.Tally {
    let market = try TortureMarket(
      name: "\(plan.kind.rawValue) \(plan.seed)", directory: directory, executable: products.node,
      faults: plan.kind.needsFaults ? products.faults : nil)
    let batch = Batch(plan: plan, market: market)
    var tally = TortureReport.Tally()
    do {
      try await batch.start(&tally)
      await batch.run(into: &tally)
    } catch let violation as Violation {
      tally.violations.append(violation)
    }
    await batch.flow.stop()
    await market.end()
    if tally.violations.isEmpty { try? FileManager.default.removeItem(atPath: directory) }
    return tally
  }

  private init(plan: Plan, market: TortureMarket) {
    self.plan = plan
    self.market = market
  }

  /// Starts all nodes, and the flow of orders. Of `eio` the first syncs fail of which a store is made.
  private func start(_ tally: inout TortureReport.Tally) async throws {
    if plan.kind == .eio {
      let before = plan.first / TorturePlan.batchCycles(.eio) * TortureMarket.memberCount
      for member in market.members { try member.machine?.failSync(number: before + member.number) }
    }
    for member in market.members { try member.launch() }
    for member in market.members { try await comeBack(member, &tally) }
    flow.start(on: market.members, seed: plan.seed)
  }

  private func run(into tally: inout TortureReport.Tally) async {
    var generator = SplitMix64(seed: plan.seed)
    do {
      for index in 0..<plan.cycles {
        let victim = market.members[(plan.first + index) % market.members.count]
        flow.goOn()
        try await cycle(plan.first + index, victim, &generator, &tally)
        tally.cycles += 1
      }
      // What is damaged may show only when it is read or written.
      if plan.kind == .page { try await heedTrouble(of: market.members, &tally) }
    } catch let violation as Violation {
      tally.violations.append(violation)
    } catch {
      tally.violations.append(Violation(.stuck, "\(error)"))
    }
    await flow.stop()
    // What is wrong stays as it is, to be looked at.
    if tally.violations.isEmpty { await inspect(into: &tally) }
  }

  private func inspect(into tally: inout TortureReport.Tally) async {
    let answered = Dictionary(
      uniqueKeysWithValues: market.members.map { ($0.number, plan.kind.keepsDisk ? flow.answered(by: $0) : []) })
    let inspection = Inspection(market: market, ledger: ledger, answered: answered)
    let started = ContinuousClock.now
    tally.violations += await inspection.run()
    tally.slowestEnd = (ContinuousClock.now - started) / .seconds(1)
    tally.violations += await inspection.checkReceipts()
    tally.receipts = ledger.trades.count
    tally.purchases = Set(ledger.trades.compactMap(\.purchase)).count
    for member in market.members {
      let exit = await member.stop()
      if exit != .status(0) {
        let how = exit.map { "ended with \($0)" } ?? "did not end"
        tally.violations.append(Violation(.stuck, "node \(member.number) was told to stop and \(how)"))
      }
    }
    tally.violations += FeedComparison.run(market)
  }

  // MARK: What all kinds do

  /// Waits for a random time up to `limit`, while orders flow.
  func pass(upTo limit: Duration, _ generator: inout SplitMix64) async {
    let microseconds = Int64(limit / .microseconds(1))
    try? await Task.sleep(for: .microseconds(Int64.random(in: 0...microseconds, using: &generator)))
  }

  /// Notes what receipts the node has, and kills it at a random instant soon after.
  func kill(_ victim: Member, _ generator: inout SplitMix64) async {
    await ledger.look(at: victim)
    await pass(upTo: .milliseconds(200), &generator)
    await victim.kill()
  }

  /// Looks whether all that has left a node which has been killed is on its disk.
  func checkDisk(of victim: Member) throws {
    let own = try OwnFeed.head(of: victim.node, inStopped: victim.store)
    for member in market.members where member !== victim {
      let known = try OwnFeed.head(of: victim.node, inRunning: member.store)
      guard known > own else { continue }
      throw Violation(
        .leak,
        "node \(member.number) has the entries of node \(victim.number) up to \(known), its own disk only up to \(own)")
    }
  }

  /// Does what nodes that run say is to be done about their stores.
  func heedTrouble(of members: [Member], _ tally: inout TortureReport.Tally) async throws {
    for member in members {
      guard let trouble = try? await member.client.status().trouble,
        Refusal(log: "error: \(trouble)").advice == .moveStoreAway
      else { continue }
      tally.refused += 1
      await member.kill()
      try member.moveStoreAway()
      try await revive(member, &tally)
    }
  }

  /// Starts a node that has been killed, does what it says when it refuses, and waits until it has the receipts that it
  /// had before.
  func revive(_ victim: Member, _ tally: inout TortureReport.Tally) async throws {
    try victim.launch()
    try await comeBack(victim, &tally)
  }

  /// The same for a node that has been started already.
  func comeBack(_ victim: Member, _ tally: inout TortureReport.Tally) async throws {
    let started = ContinuousClock.now
    var refusals: [String] = []
    loop: while true {
      switch await victim.waitForStart() {
      case .running: break loop
      case .silent:
        throw Violation(
          .stuck, "node \(victim.number) did not trade within \(Member.startSeconds) s:\n\(victim.logTail())")
      case .refused(let refusal):
        tally.refused += 1
        guard let error = refusal.error, let advice = refusal.advice else {
          throw Violation(
            .badRefusal, "node \(victim.number) ended and does not say what to do:\n\(victim.logTail())")
        }
        refusals.append(error)
        guard refusals.count <= Self.maximumRefusals else {
          throw Violation(
            .badRefusal, "node \(victim.number): to do what it says does not help:\n\(refusals.joined(separator: "\n"))"
          )
        }
        switch advice {
        case .moveStoreAway: try victim.moveStoreAway()
        case .mendDisk, .setClock: try victim.machine?.repair()
        }
        try victim.launch()
      }
    }
    let hasAll: Bool? = await eventually(within: .seconds(Self.receiptSeconds), every: .milliseconds(50)) {
      try await ledger.missing(at: victim).isEmpty ? true : nil
    }
    tally.slowestReturn = max(tally.slowestReturn, (ContinuousClock.now - started) / .seconds(1))
    if hasAll == nil {
      let missing = ((try? await ledger.missing(at: victim)) ?? []).map(\.id).sorted()
      throw Violation(.receiptLost, "node \(victim.number) has no longer the receipts of \(missing)")
    }
  }
}
