import NodeAPI
import NodeCrypto

/// What must hold of a market once no more orders come and nothing is broken.
struct Inspection {
  /// How long the nodes may take until all of it holds, in seconds: far more than proposals and retries need.
  static let seconds: Int64 = 240

  let market: TortureMarket
  let ledger: ReceiptLedger
  /// The orders that the nodes have answered for, by number of the node; none where a disk was lost.
  let answered: [Int: Set<String>]

  /// Waits until all of it holds.
  ///
  /// - Returns: what did not in time.
  func run() async -> [Violation] {
    let deadline = ContinuousClock.now + .seconds(Self.seconds)
    while true {
      let doubts = await look()
      if doubts.isEmpty || ContinuousClock.now >= deadline { return doubts }
      try? await Task.sleep(for: .milliseconds(250))
    }
  }

  private func look() async -> [Violation] {
    var doubts: [Violation] = []
    var digests: Set<String> = []
    for member in market.members {
      do {
        let status = try await member.client.status()
        digests.insert("\(status.bookDigest) after \(status.trades) trades")
        if status.frozenFeeds > 0 || status.state == "frozen" {
          doubts.append(Violation(.fork, "node \(member.number) knows of \(status.frozenFeeds) forked feeds"))
        }
        if status.state != "running" || status.trouble != nil {
          let trouble = status.trouble.map { ": \($0)" } ?? ""
          doubts.append(Violation(.stuck, "node \(member.number) is \(status.state)\(trouble)"))
        }
        if status.undecided > 0 {
          doubts.append(Violation(.stuck, "node \(member.number) has \(status.undecided) undecided trades"))
        }
      } catch {
        doubts.append(Violation(.stuck, "node \(member.number) does not answer: \(error)"))
      }
    }
    if digests.count > 1 {
      doubts.append(Violation(.digest, "the books differ: \(digests.sorted().joined(separator: ", "))"))
    }
    // The rest is costly to ask.
    guard doubts.isEmpty else { return doubts }
    for member in market.members {
      do { doubts += try await lookClosely(at: member) } catch {
        doubts.append(Violation(.stuck, "node \(member.number) does not answer: \(error)"))
      }
    }
    return doubts
  }

  private func lookClosely(at member: Member) async throws -> [Violation] {
    var doubts: [Violation] = []
    await ledger.look(at: member)
    let orders = try await member.client.orders(.mine)
    let trades = try await member.client.trades(.mine)
    for text in Reservations.find(
      orders: orders, trades: trades, slotMilliseconds: market.genesis.slotMilliseconds)
    {
      doubts.append(Violation(.reserved, "node \(member.number): \(text)"))
    }
    let gone = answered[member.number, default: []].subtracting(orders.map(\.id))
    if let one = gone.min() {
      doubts.append(
        Violation(
          .orderLost, "node \(member.number) lacks \(gone.count) orders that it had answered for, such as \(one)"))
    }
    return doubts
  }

  /// What does not hold of the receipts, which no time mends: all that were seen are on both sides, and valid.
  func checkReceipts() async -> [Violation] {
    var found: [Violation] = []
    for member in market.members {
      do {
        let missing = try await ledger.missing(at: member)
        found += missing.sorted { $0.id < $1.id }.map { trade in
          Violation(.receiptLost, "node \(member.number) lacks the receipt of the trade \(trade.id)")
        }
        for receipt in try await member.client.receipts(.mine) {
          do throws(ReceiptFileError) { _ = try receipt.verify() } catch {
            found.append(
              Violation(
                .receiptLost, "node \(member.number)'s receipt of \(receipt.decoded.trade) is not valid: \(error)"))
          }
        }
      } catch {
        found.append(Violation(.stuck, "node \(member.number) does not answer: \(error)"))
      }
    }
    return found
  }
}
