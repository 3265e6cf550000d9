import NodeCrypto
import Testing

@testable import Gossip

/// What one peer is told of proofs of fraud, and asked for.
@Suite("exchange of proofs")
struct ProofExchangeTests {
  @Test("proofs are asked for a few at a time, and not those that came from elsewhere")
  func asking() {
    var exchange = ProofExchange()
    for number in 1...9 { exchange.want(node(UInt64(number)), from: 5) }
    exchange.want(node(1), from: 4)
    let maximum = GossipParameters.Proofs.maximumAsked
    let first = exchange.ask { author, sequence in author == node(2) && sequence == 5 }
    #expect(first == [1, 3, 4, 5].map(node) && first.count == maximum)
    #expect(exchange.ask { _, _ in false } == [])
    exchange.received(node(3))
    exchange.received(node(77))
    #expect(exchange.ask { _, _ in false } == [node(6)])
    for author in [1, 4, 5, 6] { exchange.received(node(UInt64(author))) }
    #expect(exchange.ask { _, _ in false } == [7, 8, 9, 1].map(node))
  }

  @Test("what a peer announces is bounded")
  func bound() {
    var exchange = ProofExchange()
    for number in 0..<(GossipParameters.Proofs.maximumWanted + 10) { exchange.want(node(UInt64(number)), from: 1) }
    #expect(exchange.wanted.count == GossipParameters.Proofs.maximumWanted)
  }

  @Test("pieces make a proof in their order only; the first one of another begins anew")
  func pieces() {
    var exchange = ProofExchange()
    #expect(exchange.take(0, of: 1, [1]) == [1])
    #expect(exchange.take(0, of: 3, [1]) == nil)
    #expect(exchange.take(1, of: 3, [2]) == nil)
    #expect(exchange.take(2, of: 3, [3]) == [1, 2, 3])
    #expect(exchange.take(1, of: 2, [9]) == nil)
    #expect(exchange.take(0, of: 2, [1]) == nil)
    #expect(exchange.take(0, of: 2, [7]) == nil)
    #expect(exchange.take(1, of: 2, [8]) == [7, 8])
    #expect(exchange.take(0, of: 3, [1]) == nil)
    #expect(exchange.take(2, of: 3, [3]) == nil)
    #expect(exchange.take(1, of: 3, [2]) == nil && exchange.assembled.isEmpty)
  }
}
