import Foundation
import Market
import NodeAPI
import NodeProcesses

/// What is done to one node in one cycle.
extension Batch {
  /// How long a node is left alone with what is broken.
  private static let broken = Duration.milliseconds(1500)
  /// How long a node may take to notice that its disk is broken or well again, in seconds.
  private static let noticeSeconds: Int64 = 120
  /// How long a sync may take to come that is to fail, in seconds.
  private static let syncSeconds: Int64 = 20
  /// How long a node with a wrong clock is waited for, in seconds: it need not trade.
  private static let wrongClockSeconds: Int64 = 20
  /// The slowest disk, in microseconds for a sync.
  private static let slowestSync: Int64 = 20_000
  private static let hour = Duration.seconds(3600)

  /// Hurts the node and waits until it has come back.
  ///
  /// - Parameter number: counts the cycles of the kind, from 0.
  func cycle(
    _ number: Int, _ victim: Member, _ generator: inout SplitMix64, _ tally: inout TortureReport.Tally
  ) async throws {
    switch plan.kind {
    case .kill: try await killed(victim, &generator, &tally)
    case .lost: try await lostPower(victim, keeping: .nothing, &generator, &tally)
    case .torn:
      let share = [0.1, 0.5, 0.9][Int.random(in: 0..<3, using: &generator)]
      try await lostPower(victim, keeping: .sectors(share), &generator, &tally)
    case .eio: try await failedSync(number, victim, &generator, &tally)
    case .full: try await brokenDisk(number, victim, &generator, &tally) { try $0.fill() }
    case .readOnly: try await brokenDisk(number, victim, &generator, &tally) { try $0.makeReadOnly() }
    case .clock: try await wrongClock(number, victim, &generator, &tally)
    case .backup: try await oldCopy(number, victim, &generator, &tally)
    case .page: try await damagedPage(victim, &generator, &tally)
    case .upgrade: try await oldVersion(number, victim, &generator, &tally)
    }
  }

  private func machine(of victim: Member) -> FaultyMachine {
    guard let machine = victim.machine else { preconditionFailure("a kind that breaks the machine, without one") }
    return machine
  }

  private func killed(
    _ victim: Member, _ generator: inout SplitMix64, _ tally: inout TortureReport.Tally
  ) async throws {
    await kill(victim, &generator)
    if Int.random(in: 0..<4, using: &generator) == 0 {
      try victim.launch()
      await pass(upTo: .milliseconds(300), &generator)
      await victim.kill()
      tally.hits += 1
    }
    try checkDisk(of: victim)
    try await revive(victim, &tally)
  }

  private func lostPower(
    _ victim: Member, keeping remains: FaultyMachine.Remains, _ generator: inout SplitMix64,
    _ tally: inout TortureReport.Tally
  ) async throws {
    let machine = machine(of: victim)
    try machine.delaySyncs(microseconds: Int64.random(in: 0...Self.slowestSync, using: &generator))
    await kill(victim, &generator)
    if Int.random(in: 0..<4, using: &generator) == 0 {
      try victim.launch()
      await pass(upTo: .milliseconds(300), &generator)
      await victim.kill()
    }
    if try machine.losePower(keeping: remains, using: &generator) > 0 { tally.hits += 1 }
    try checkDisk(of: victim)
    try machine.repair()
    try await revive(victim, &tally)
  }

  /// The sync `number + 1` of a life fails; every fourth time it is one of the first of a node that is told to stop.
  private func failedSync(
    _ number: Int, _ victim: Member, _ generator: inout SplitMix64, _ tally: inout TortureReport.Tally
  ) async throws {
    let machine = machine(of: victim)
    let failures = try machine.failures()
    if number % 4 == 3 {
      await ledger.look(at: victim)
      try machine.failSync(number: number / 4 % 4 + 1)
      guard await victim.stop() == .status(0) else {
        throw Violation(.stuck, "node \(victim.number) did not stop on a failing disk:\n\(victim.logTail())")
      }
    } else {
      await kill(victim, &generator)
      try machine.failSync(number: number + 1)
      try victim.launch()
      let hasFailed: Bool? = await eventually(within: .seconds(Self.syncSeconds)) {
        try victim.exit != nil || machine.failures() > failures ? true : nil
      }
      if hasFailed == nil { tally.missed += 1 }
      try await comeBack(victim, &tally)
      try await waitUntilWell(victim)
      if number % 2 == 0 {
        await kill(victim, &generator)
        _ = try machine.losePower(keeping: .nothing, using: &generator)
        try checkDisk(of: victim)
      }
    }
    if try machine.failures() > failures { tally.hits += 1 }
    try machine.repair()
    if victim.exit != nil { try await revive(victim, &tally) }
  }

  private func waitUntilWell(_ victim: Member) async throws {
    let isWell: Bool? = await eventually(within: .seconds(Self.noticeSeconds)) {
      let status = try await victim.client.status()
      return status.state == "running" && status.trouble == nil ? true : nil
    }
    if isWell == nil {
      let trouble = (try? await victim.client.status().trouble) ?? "it does not answer"
      throw Violation(.stuck, "node \(victim.number) is not well again: \(trouble)\n\(victim.logTail())")
    }
  }

  /// The disk takes nothing for a while: while the node runs, when it dies meanwhile, or when it starts.
  private func brokenDisk(
    _ number: Int, _ victim: Member, _ generator: inout SplitMix64, _ tally: inout TortureReport.Tally,
    breakDisk: (FaultyMachine) throws -> Void
  ) async throws {
    let machine = machine(of: victim)
    let failures = try machine.failures()
    if number % 3 == 2 {
      await kill(victim, &generator)
      try breakDisk(machine)
      try victim.launch()
      _ = await victim.waitForStart()
      if try victim.exit != nil || machine.failures() > failures { tally.hits += 1 }
      if victim.exit == nil {
        if try await !notices(victim) { tally.missed += 1 }
        try machine.repair()
      }
      try await comeBack(victim, &tally)
    } else {
      await ledger.look(at: victim)
      await pass(upTo: .milliseconds(200), &generator)
      try breakDisk(machine)
      if try await notices(victim) { tally.hits += 1 } else { tally.missed += 1 }
      await pass(upTo: Self.broken, &generator)
      if number % 3 == 1 { await kill(victim, &generator) }
      try machine.repair()
      if victim.exit != nil { try await revive(victim, &tally) }
    }
    try await waitUntilWell(victim)
  }

  /// Waits until the node says that its disk takes nothing, and what to do; false when there was nothing to notice.
  private func notices(_ victim: Member) async throws -> Bool {
    let trouble: String? = await eventually(within: .seconds(Self.noticeSeconds)) {
      try await victim.client.status().trouble
    }
    guard let trouble else {
      // A log that begins anew after a checkpoint has room without growing.
      if plan.kind == .full { return false }
      throw Violation(.stuck, "node \(victim.number) has not noticed that its disk takes nothing")
    }
    guard Refusal(log: "error: \(trouble)").advice == .mendDisk else {
      throw Violation(.badRefusal, "node \(victim.number) does not say what to do: \(trouble)")
    }
    return true
  }

  /// The clock jumps by an hour and, a while later, back: while the node runs, across its death, or slow from its start
  /// on, so that what comes back is the right time.
  private func wrongClock(
    _ number: Int, _ victim: Member, _ generator: inout SplitMix64, _ tally: inout TortureReport.Tally
  ) async throws {
    let machine = machine(of: victim)
    let startsWrong = number % 3 == 2
    let offset = number % 3 == 0 ? Self.hour : .zero - Self.hour
    if startsWrong { await kill(victim, &generator) }
    try machine.setClock(offset: offset)
    if startsWrong {
      try victim.launch()
      _ = await victim.waitForStart(within: .seconds(Self.wrongClockSeconds))
    }
    await pass(upTo: Self.broken, &generator)
    try? await Task.sleep(for: Self.broken)
    tally.hits += 1
    if Int.random(in: 0..<3, using: &generator) == 0 { await kill(victim, &generator) }
    try machine.repair()
    if victim.exit != nil { try await revive(victim, &tally) } else { try await comeBack(victim, &tally) }
    try await waitUntilWell(victim)
  }

  /// A copy is made, of a running or of a dead node; a while later the node starts on it.
  private func oldCopy(
    _ number: Int, _ victim: Member, _ generator: inout SplitMix64, _ tally: inout TortureReport.Tally
  ) async throws {
    let copy = "\(market.directory)/copy-\(victim.number)"
    if number % 2 == 0 {
      try victim.backUp(to: copy)
    } else {
      await kill(victim, &generator)
      try victim.backUp(to: copy)
      try await revive(victim, &tally)
    }
    await pass(upTo: .seconds(3), &generator)
    await kill(victim, &generator)
    // Only what has left the node can come back to it; a peer that is behind gets a moment.
    try victim.restore(from: copy)
    tally.hits += 1
    try await revive(victim, &tally)
  }

  private func damagedPage(
    _ victim: Member, _ generator: inout SplitMix64, _ tally: inout TortureReport.Tally
  ) async throws {
    await ledger.look(at: victim)
    guard await victim.stop() == .status(0) else {
      throw Violation(.stuck, "node \(victim.number) was told to stop and did not:\n\(victim.logTail())")
    }
    let damage = try PageDamage.random(inFile: victim.store, using: &generator)
    try damage.apply(toFile: victim.store)
    tally.hits += 1
    do {
      try await revive(victim, &tally)
      await pass(upTo: .seconds(1), &generator)
      try await heedTrouble(of: [victim], &tally)
    } catch let violation as Violation {
      throw Violation(violation.kind, "after \(damage): \(violation.text)")
    }
  }

  /// The store becomes one of an earlier version; every other time the node dies while it brings it up to date.
  private func oldVersion(
    _ number: Int, _ victim: Member, _ generator: inout SplitMix64, _ tally: inout TortureReport.Tally
  ) async throws {
    await kill(victim, &generator)
    let version = Downgrade.versions[number % Downgrade.versions.count]
    if try Downgrade.run(path: victim.store, to: version) { tally.hits += 1 } else { tally.missed += 1 }
    if number / 2 % 2 == 1 {
      try victim.launch()
      await pass(upTo: .milliseconds(100), &generator)
      await victim.kill()
    }
    try await revive(victim, &tally)
  }
}
