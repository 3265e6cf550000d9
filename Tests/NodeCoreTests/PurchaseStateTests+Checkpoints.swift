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
}
