import Market
import NodeCrypto
import Testing

@testable import Settlement

@Suite("public records")
struct RecordTests {
  private let maker = TradeLedger.terms.maker
  private let taker = TradeLedger.terms.taker

  private func records(_ facts: [Fact]) -> (maker: ProviderRecord, taker: ProviderRecord) {
    var ledger = TradeLedger()
    for fact in facts { ledger.note(fact) }
    return (ledger.record(of: maker), ledger.record(of: taker))
  }

  @Test("a settled trade counts for both sides, a declined or unanswered one against the maker alone")
  func counting() {
    let none = ProviderRecord()
    let settled = ProviderRecord(settled: 1)
    let failed = ProviderRecord(failed: 1)
    let cases: [([Fact], ProviderRecord, ProviderRecord)] = [
      ([], none, none), ([.propose], none, none), ([.propose, .accept], settled, settled),
      ([.accept], settled, settled),
      ([.propose, .copy], settled, settled), ([.propose, .reject], failed, none), ([.reject, .propose], failed, none),
      ([.propose, .reject, .release], failed, none), ([.propose, .release], failed, none),
      ([.propose, .release, .accept], settled, settled), ([.propose, .earlyReject, .accept], failed, none),
      ([.propose, .accept, .reject], settled, settled), ([.reject], none, none),
      ([.propose, .foreignReject], none, none),
    ]
    for (facts, expectedMaker, expectedTaker) in cases {
      let found = records(facts)
      #expect(found.maker == expectedMaker, "\(facts)")
      #expect(found.taker == expectedTaker, "\(facts)")
    }
  }

  @Test("to decline terms that do not follow from the orders counts against nobody")
  func badTerms() {
    for isReleased in [false, true] {
      var ledger = TradeLedger()
      ledger.note(.propose)
      _ = ledger.reject(TradeLedger.id, by: maker, at: 9, reason: .badTerms)
      if isReleased { ledger.note(.release) }
      #expect(ledger.records.isEmpty)
    }
  }

  @Test("every other reason counts", arguments: [RejectReason.orderClosed, .noCapacity, .stopping])
  func reasons(reason: RejectReason) {
    var ledger = TradeLedger()
    ledger.note(.propose)
    _ = ledger.reject(TradeLedger.id, by: maker, at: 9, reason: reason)
    #expect(ledger.records == [maker: ProviderRecord(failed: 1)])
  }

  /// What a record is by definition, from all trades.
  private func counted(_ ledger: TradeLedger) -> [NodeID: ProviderRecord] {
    var records: [NodeID: ProviderRecord] = [:]
    for trade in ledger.sorted {
      if trade.state == .settled {
        records[trade.terms.provider, default: ProviderRecord()].settled += 1
        records[trade.terms.buyer, default: ProviderRecord()].settled += 1
      } else if let rejection = trade.rejection {
        if rejection.reason != .badTerms { records[trade.terms.maker, default: ProviderRecord()].failed += 1 }
      } else if trade.isReleased {
        records[trade.terms.maker, default: ProviderRecord()].failed += 1
      }
    }
    return records
  }

  @Test(
    "records kept up one fact at a time are those counted at the end, in whatever order facts come", arguments: 1...40)
  func incremental(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var ledger = TradeLedger()
    let facts: [Fact] = [
      .propose, .propose, .accept, .laterAccept, .reject, .earlyReject, .release, .copy, .foreignRelease,
    ]
    for _ in 0..<60 {
      let fact = facts[Int.random(in: facts.indices, using: &generator)]
      note(fact, ofTrade: UInt64.random(in: 0..<4, using: &generator), in: &ledger)
      #expect(ledger.records == counted(ledger))
    }
  }

  private func note(_ fact: Fact, ofTrade number: UInt64, in ledger: inout TradeLedger) {
    let terms = makeTerms {
      $0.makerSequence = number
      if number % 2 == 1 { $0.takerSide = .offer }
    }
    let id: TradeID = Blake2b.hash(terms.encoded())
    let sequence: UInt64 = fact == .laterAccept ? 9 : 8
    let receipt = makeReceipt(terms, makeAcceptance(of: terms, sequence: sequence))
    switch fact {
    case .propose: _ = ledger.propose(terms, bytes: receipt.termsBytes, takerSignature: receipt.takerSignature)
    case .accept, .laterAccept:
      _ = ledger.accept(
        terms, bytes: receipt.termsBytes, takerSignature: receipt.takerSignature,
        acceptance: makeAcceptance(of: terms, sequence: sequence), acceptanceBytes: receipt.acceptanceBytes,
        makerSignature: receipt.makerSignature)
    case .copy:
      _ = ledger.copy(
        makeAcceptance(of: terms, sequence: sequence), bytes: receipt.acceptanceBytes,
        makerSignature: receipt.makerSignature, by: terms.taker)
    case .reject: _ = ledger.reject(id, by: terms.maker, at: 10, reason: .badTerms)
    case .earlyReject: _ = ledger.reject(id, by: terms.maker, at: 7, reason: .orderClosed)
    case .release: _ = ledger.release(id, by: terms.taker)
    case .foreignReject: _ = ledger.reject(id, by: terms.taker, at: 1, reason: .badTerms)
    case .foreignRelease: _ = ledger.release(id, by: terms.maker)
    }
  }
}
