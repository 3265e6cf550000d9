import Gossip
import Market
import NodeCrypto
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// Checkpoints of those who take part in a purchase.
extension PurchaseStateTests {
  @Test("checkpoints restate open purchases, confirmed ones and holds: who starts there goes on as everybody")
  mutating func checkpoints() throws {
    try accept(0)
    try accept(1)
    var confirmed = self
    let all = core([taker] + makers)
    taker.append([.checkpoint(try truth(all, taker))], at: epoch + 2000)
    makers[0].append([.checkpoint(try truth(all, makers[0]))], at: epoch + 2000)
    try expectJoined([.held, .held], used: [4, 4], taken: 8)
    var voided = self
    let entry = voided.taker.append([.withdraw(purchase, silent: [])], at: epoch + 3000)
    voided.makers[0].append(
      [.free(trades[0], by: EntryReference(sequence: entry.sequence, entry: entry.id))], at: epoch + 4000)
    try voided.expectJoined([.released, .released], used: [0, 4], taken: 0)
    let confirm = confirm(at: 3000)
    taker.append([confirm], at: epoch + 3000)
    guard case .confirm(let confirmation, _) = confirm else { return }
    makers[0].append([.settle(trades[0], confirmation)], at: epoch + 4000)
    try expectJoined([.settled, .settled], used: [4, 4], taken: 8)
    // The checkpoint comes after the confirm, of which the second maker has not heard.
    confirmed.taker.append([confirmed.confirm(at: 3000)], at: epoch + 3000)
    var part = try truth(confirmed.core([confirmed.taker] + makers), confirmed.taker)
    let held = try #require(confirmed.core([confirmed.taker] + confirmed.makers).ledger[trades[0]]?.confirmation)
    part.items.purchases = [
      CheckpointItems.Purchase(
        legs: legs,
        confirmed: (
          SignedConfirmation(
            confirmation: held.confirmation, signed: held.signed, taker: taker.identity.nodeID), accepted
        ))
    ]
    confirmed.taker.append([.checkpoint(part)], at: epoch + 4000)
    try confirmed.expectJoined([.settled, .settled], used: [4, 4], taken: 8)
  }

  @Test("a checkpoint that leaves a hold or the open purchase out is false")
  mutating func falseCheckpoints() throws {
    try accept(0)
    let all = core([taker] + makers)
    for (feed, lie) in [
      (makers[0], { (part: inout CheckpointPart) in part.items.holds = [] }),
      (taker, { (part: inout CheckpointPart) in part.items.purchases = [] }),
    ] {
      var part = try truth(all, feed)
      lie(&part)
      var feed = feed
      feed.append([.checkpoint(part)], at: epoch + 2500)
      let others = ([taker] + makers).filter { $0.identity.nodeID != feed.identity.nodeID }
      #expect(core([feed] + others).doubtedAuthors == [feed.identity.nodeID])
    }
  }

  /// A confirmed purchase as its taker's checkpoint states it.
  private func restated(_ confirm: Operation) -> CheckpointItems.Purchase? {
    guard case .confirm(let confirmation, let acceptances) = confirm else { return nil }
    return CheckpointItems.Purchase(legs: legs, confirmed: (confirmation, acceptances))
  }

  @Test(
    "a taker that leaves a confirmed purchase out of its checkpoint is found out, not the maker that frees after it")
  mutating func leavesOutConfirmed() throws {
    try accept(0)
    try accept(1)
    let confirm = confirm(at: 3000)
    taker.append([confirm], at: epoch + 3000)
    guard case .confirm(let confirmation, _) = confirm else { return }
    for index in 0...1 { makers[index].append([.settle(trades[index], confirmation)], at: epoch + 3500) }
    // Whether the makers have copied it or not.
    var part = try truth(core([taker] + makers), taker)
    part.items.purchases = []
    for makers in [makers, makers.map { $0.cut(to: $0.entries.count - 1) }] {
      var lies = self
      lies.makers = makers
      lies.taker.append([.checkpoint(part)], at: epoch + 4000)
      let named = lies.taker.append([], at: epoch + 13_000)
      lies.makers[1].append(
        [.free(trades[1], by: EntryReference(sequence: named.sequence, entry: named.id))], at: epoch + 13_500)
      for feeds in lies.orders {
        let core = core(feeds)
        #expect(core.doubtedAuthors == [taker.identity.nodeID])
        #expect(trades.map { core.ledger[$0]?.state } == [.settled, .settled])
      }
    }
  }

  @Test("a confirmed purchase is restated until its leases are over for the skew, whoever has copied it")
  mutating func restatesConfirmed() throws {
    try accept(0)
    try accept(1)
    let confirm = confirm(at: 3000)
    taker.append([confirm], at: epoch + 3000)
    guard case .confirm(let confirmation, _) = confirm else { return }
    for index in 0...1 { makers[index].append([.settle(trades[index], confirmation)], at: epoch + 3500) }
    let codec = OperationCodec(genesis: genesis)
    // The lease ends at 120 s, the skew is 2 s.
    for (time, count) in [(3600, 1), (121_999, 1), (122_000, 0)] as [(Int64, Int)] {
      let entry = try #require(ownEntries(after: [taker] + makers, from: epoch + time).last)
      guard case .checkpoint(let part)? = try codec.operations(of: entry).first else {
        Issue.record("no checkpoint at \(time)")
        continue
      }
      #expect(part.items.purchases.count == count, "at \(time)")
      var feed = taker
      feed.append([.checkpoint(part)], at: epoch + time)
      #expect(core([feed] + makers).doubtedAuthors.isEmpty, "at \(time)")
    }
  }

  @Test("a taker that has withdrawn cannot confirm in a checkpoint: it is found out, and the purchase stays void")
  mutating func confirmsInCheckpoint() throws {
    try accept(0)
    try accept(1)
    let phantom = try #require(restated(confirm(at: 2000)))
    taker.append([], at: epoch + 2000)
    let entry = taker.append([.withdraw(purchase, silent: [])], at: epoch + 3000)
    makers[0].append(
      [.free(trades[0], by: EntryReference(sequence: entry.sequence, entry: entry.id))], at: epoch + 3500)
    var part = try truth(core([taker] + makers), taker)
    part.items.purchases = [phantom]
    let start = taker.entries.count
    taker.append([.checkpoint(part)], at: epoch + 4000)
    for feeds in orders { #expect(core(feeds).doubtedAuthors == [taker.identity.nodeID]) }
    try expect([.released, .released], used: [0, 4], taken: 0)
    // Who starts with the checkpoint believes the maker that freed.
    for feeds in orders {
      var late = NodeCore(
        NodeConfiguration(
          genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1
        ),
        now: epoch)
      for feed in feeds {
        let from = feed.identity.nodeID == taker.identity.nodeID ? start : 0
        for entry in feed.entries[from...] { #expect(late.restore(entry) == nil) }
      }
      #expect(late.ledger[trades[0]]?.state == .released)
    }
  }

  @Test("a checkpoint that opens a withdrawn purchase again is false, and opens nothing")
  mutating func opensAgain() throws {
    try accept(0)
    taker.append([.withdraw(purchase, silent: [])], at: epoch + 3000)
    var part = try truth(core([taker] + makers), taker)
    part.items.purchases = [CheckpointItems.Purchase(legs: legs, confirmed: nil)]
    taker.append([.checkpoint(part)], at: epoch + 4000)
    for feeds in orders {
      let core = core(feeds)
      #expect(core.doubtedAuthors == [taker.identity.nodeID])
      #expect(trades.map { core.ledger[$0]?.state } == [.released, .released])
    }
  }
}
