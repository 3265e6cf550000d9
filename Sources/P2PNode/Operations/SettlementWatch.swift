import Gossip
import Metrics
import NodeCore
import NodeCrypto
import NodeMetrics
import Settlement
import Synchronization

/// Times the steps of this node's trades by the operations that pass: from the own proposal to the maker's answer, from
/// another's proposal to the own answer, and from the maker's acceptance to the own receipt.
///
/// Bounded: what is under way is forgotten where it has become too much, and not timed.
final class SettlementWatch: Sendable {
  private struct State {
    var proposed: [TradeID: Int64] = [:]
    var asked: [TradeID: Int64] = [:]
    var accepted: [TradeID: Int64] = [:]
  }

  /// Trades of each step at most.
  private static let capacity = 4096

  private let own: NodeID
  private let timers: [String: Timer]
  private let state = Mutex(State())

  init(own: NodeID, timers: [String: Timer]) {
    self.own = own
    self.timers = timers
  }

  /// Takes in the operations of an own entry that was signed at `now`, in nanoseconds of ``MonotonicTime``.
  func wrote(_ operations: [Operation], now: Int64) {
    for operation in operations {
      switch operation {
      case .propose(let terms): begin(\.proposed, Self.trade(terms), now)
      case .purchase(let legs): for terms in legs { begin(\.proposed, Self.trade(terms), now) }
      case .accept(_, let acceptance): end(\.asked, acceptance.acceptance.trade, now, "decide")
      case .reject(let trade, _, _): end(\.asked, trade, now, "decide")
      case .receipt(let acceptance): end(\.accepted, acceptance.acceptance.trade, now, "copy")
      case .place, .cancel, .amend, .release, .confirm, .withdraw, .settle, .free, .rotate, .checkpoint: break
      }
    }
  }

  /// Takes in the operations of another node's entry that was verified at `now`.
  func heard(_ operations: [Operation], now: Int64) {
    for operation in operations {
      switch operation {
      case .propose(let terms): asked(terms, now)
      case .purchase(let legs): for terms in legs { asked(terms, now) }
      case .accept(let terms, let acceptance):
        guard terms.terms.taker == own else { continue }
        let trade = acceptance.acceptance.trade
        end(\.proposed, trade, now, "answer")
        begin(\.accepted, trade, now)
      case .reject(let trade, _, _): end(\.proposed, trade, now, "answer")
      case .place, .cancel, .amend, .receipt, .release, .confirm, .withdraw, .settle, .free, .rotate, .checkpoint:
        break
      }
    }
  }

  private func asked(_ terms: SignedTerms, _ now: Int64) {
    if terms.terms.maker == own { begin(\.asked, Self.trade(terms), now) }
  }

  private func begin(_ step: WritableKeyPath<State, [TradeID: Int64]> & Sendable, _ trade: TradeID, _ now: Int64) {
    state.withLock { state in
      // What never ends, since somebody stays silent, makes room for the new.
      if state[keyPath: step].count >= Self.capacity { state[keyPath: step] = [:] }
      if state[keyPath: step][trade] == nil { state[keyPath: step][trade] = now }
    }
  }

  private func end(
    _ step: WritableKeyPath<State, [TradeID: Int64]> & Sendable, _ trade: TradeID, _ now: Int64, _ name: String
  ) {
    guard let begun = state.withLock({ $0[keyPath: step].removeValue(forKey: trade) }) else { return }
    timers[name]?.recordNanoseconds(max(0, now - begun))
  }

  private static func trade(_ terms: SignedTerms) -> TradeID { Blake2b.hash(terms.bytes) }
}
