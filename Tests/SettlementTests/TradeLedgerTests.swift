import Market
import NodeCrypto
import Testing

@testable import Settlement

/// What the two feeds can say about one trade.
enum Fact: Hashable, CaseIterable {
  case propose, release, copy
  case accept, laterAccept, reject, earlyReject, foreignReject, foreignRelease

  /// In whose feed it stands. The facts of one feed come in its order.
  var isTaker: Bool { [.propose, .release, .copy].contains(self) }
}

extension TradeLedger {
  static let terms = makeTerms()
  static let id: TradeID = Blake2b.hash(terms.encoded())
  static let receipt = makeReceipt(terms, makeAcceptance(of: terms, sequence: 8))
  static let later = makeReceipt(terms, makeAcceptance(of: terms, sequence: 9))

  /// Notes a fact.
  @discardableResult
  mutating func note(_ fact: Fact) -> TradeChange? {
    let (terms, receipt) = (Self.terms, Self.receipt)
    switch fact {
    case .propose: return propose(terms, bytes: receipt.termsBytes, takerSignature: receipt.takerSignature)
    case .accept, .laterAccept:
      let signed = fact == .accept ? receipt : Self.later
      return accept(
        terms, bytes: signed.termsBytes, takerSignature: signed.takerSignature,
        acceptance: makeAcceptance(of: terms, sequence: fact == .accept ? 8 : 9),
        acceptanceBytes: signed.acceptanceBytes, makerSignature: signed.makerSignature)
    case .copy:
      return copy(
        makeAcceptance(of: terms, sequence: 8), bytes: receipt.acceptanceBytes,
        makerSignature: receipt.makerSignature, by: terms.taker)
    case .reject: return reject(Self.id, by: terms.maker, at: 10, reason: .noCapacity)
    case .earlyReject: return reject(Self.id, by: terms.maker, at: 7, reason: .orderClosed)
    case .release: return release(Self.id, by: terms.taker)
    case .foreignReject: return reject(Self.id, by: terms.taker, at: 1, reason: .badTerms)
    case .foreignRelease: return release(Self.id, by: terms.maker)
    }
  }

  /// All that is known of the trade.
  static func outcome(_ facts: [Fact]) -> String {
    var ledger = TradeLedger()
    for fact in facts { ledger.note(fact) }
    guard let trade = ledger[id] else { return "unknown" }
    return "\(trade.state) \(trade.isProposed) \(trade.isCopied) \(trade.isReleased) "
      + "\(String(describing: trade.rejection)) \(trade.receipt.map(\.acceptanceBytes) ?? []) "
      + "\(ledger.settledCount)"
  }
}

@Suite("trade ledger")
struct TradeLedgerTests {
  /// Every way to shuffle two sequences into each other.
  private func merges(_ left: [Fact], _ right: [Fact]) -> [[Fact]] {
    guard let first = left.first else { return [right] }
    guard let other = right.first else { return [left] }
    return merges(Array(left.dropFirst()), right).map { [first] + $0 }
      + merges(left, Array(right.dropFirst())).map { [other] + $0 }
  }

  private func permutations(_ facts: [Fact]) -> [[Fact]] {
    guard !facts.isEmpty else { return [[]] }
    return facts.indices.flatMap { index -> [[Fact]] in
      var rest = facts
      let chosen = rest.remove(at: index)
      return permutations(rest).map { [chosen] + $0 }
    }
  }

  /// What a taker's and a maker's feed may hold: every sequence of distinct facts.
  private func feeds(_ facts: [Fact]) -> [[Fact]] {
    (0..<(1 << facts.count)).flatMap { mask in
      permutations(facts.indices.filter { mask & (1 << $0) != 0 }.map { facts[$0] })
    }
  }

  @Test("whatever the two feeds hold, and however they come in, the trade is the same")
  func commutativity() {
    let takers = feeds([.propose, .release, .copy])
    let makers =
      feeds([.accept, .reject, .foreignRelease]) + [
        [.earlyReject, .accept], [.accept, .laterAccept], [.laterAccept, .accept], [.earlyReject, .reject],
      ]
    for taker in takers {
      for maker in makers {
        let outcomes = Set(merges(taker, maker).map(TradeLedger.outcome))
        #expect(outcomes.count == 1, "\(taker) with \(maker): \(outcomes)")
      }
    }
  }

  @Test("every fact counts once, however often it is noted")
  func idempotence() {
    for facts in feeds([.propose, .accept, .copy, .reject, .release]) {
      let twice = facts.flatMap { [$0, $0] }
      #expect(TradeLedger.outcome(twice) == TradeLedger.outcome(facts), "\(facts)")
      guard facts.first == .propose else { continue }
      #expect(TradeLedger.outcome(facts + facts) == TradeLedger.outcome(facts), "\(facts)")
    }
  }

  @Test(
    "the state follows from what is known",
    arguments: [
      ([.propose], TradeState.proposed), ([.propose, .reject], .rejected), ([.propose, .reject, .release], .released),
      ([.propose, .release], .released), ([.propose, .accept], .settled), ([.propose, .release, .accept], .settled),
      ([.propose, .copy], .settled), ([.accept], .settled), ([.propose, .accept, .reject], .settled),
      ([.propose, .earlyReject, .accept], .rejected), ([.propose, .earlyReject, .release, .accept], .released),
      ([.propose, .copy, .earlyReject], .rejected), ([.propose, .foreignReject], .proposed),
      ([.propose, .foreignRelease], .proposed),
    ] as [([Fact], TradeState)])
  func states(facts: [Fact], state: TradeState) {
    var ledger = TradeLedger()
    for fact in facts { ledger.note(fact) }
    #expect(ledger[TradeLedger.id]?.state == state)
    #expect((ledger[TradeLedger.id]?.receipt != nil) == (state == .settled))
    #expect(ledger.settledCount == (state == .settled ? 1 : 0))
    #expect(ledger.tape.count == ledger.settledCount)
  }

  @Test("the tape has a settled trade at the time of the acceptance that counts, in whatever order both come")
  func tape() {
    for facts in [[Fact.accept, .laterAccept], [.laterAccept, .accept]] {
      var ledger = TradeLedger()
      for fact in facts { ledger.note(fact) }
      let taped = ledger.tape.trades(of: TradeLedger.terms.gpuClass, from: .zero, until: .maximum)
      #expect(taped.map(\.id) == [TradeLedger.id])
      #expect(taped.map(\.gpuSeconds) == [240])
      #expect(taped.map(\.time) == [ledger[TradeLedger.id]?.acceptance?.acceptance.time])
    }
    var ledger = TradeLedger()
    for fact in [Fact.accept, .earlyReject] { ledger.note(fact) }
    #expect(ledger.tape.count == 0)
  }

  @Test("a release or a copy before its author's proposal, and a copy that came after the deadline, are nothing")
  func outOfPlace() {
    var ledger = TradeLedger()
    let release = ledger.note(.release)
    let copy = ledger.note(.copy)
    #expect(release == nil && copy == nil)
    ledger.note(.propose)
    let terms = TradeLedger.terms
    let late = makeAcceptance(of: terms, time: terms.deadline + 1)
    let change = ledger.copy(
      late, bytes: late.encoded(), makerSignature: TradeLedger.receipt.makerSignature, by: terms.taker)
    #expect(change == nil)
    #expect(ledger[TradeLedger.id]?.state == .proposed)
  }

  @Test("a proposal that becomes known after its accept is news")
  func news() {
    var ledger = TradeLedger()
    let accept = ledger.note(.accept)
    #expect(accept?.isNews == true)
    let propose = ledger.note(.propose)
    #expect(propose?.isNews == true)
    let again = ledger.note(.propose)
    #expect(again?.isNews == false)
    let copy = ledger.note(.copy)
    #expect(copy?.isNews == true)
  }

  @Test("trades are found by either order, and listed by id")
  func lists() {
    var ledger = TradeLedger()
    for number in 1...5 as ClosedRange<UInt64> {
      let terms = makeTerms { $0.makerSequence = number }
      _ = ledger.propose(
        terms, bytes: terms.encoded(), takerSignature: TradeLedger.receipt.takerSignature)
    }
    #expect(ledger.count == 5)
    #expect(ledger.trades(of: TradeLedger.terms.offer).count == 5)
    #expect(Set(ledger.trades(of: TradeLedger.terms.bid)) == Set(ledger.sorted.map(\.id)))
    #expect(ledger.sorted.map(\.id) == ledger.sorted.map(\.id).sorted())
  }
}
