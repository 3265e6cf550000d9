import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement

/// What a set of feeds says of orders and trades, by the rules of docs/PROTOCOL.md and with no code of the product's but
/// the reading of operations.
struct Account {
  /// One trade.
  struct Deal {
    let terms: Terms
    /// Whether it stands in its taker's feed.
    var isProposed = false
    /// The maker's first answer.
    var isAccepted: Bool?
    /// When the maker accepted.
    var acceptedAt: Timestamp?
    /// Whether the taker has taken back its reservation.
    var isReleased = false
    /// Whether the taker's feed holds the maker's acceptance.
    var isCopied = false
    /// Whether the maker says that it holds nothing any more.
    var isFreed = false
    /// Whether the maker's feed repeats the confirmation.
    var isSettledByMaker = false
  }

  /// One purchase.
  struct Purchase {
    let id: PurchaseID
    let taker: Int
    let legs: [TradeID]
    let confirmBy: Timestamp
    /// The taker's first decision: whether it confirmed.
    var isConfirmed: Bool?
    /// Whether there is a confirm later than allowed.
    var isConfirmedLate = false
  }

  /// For look-up only.
  private(set) var deals: [TradeID: Deal] = [:]
  /// The trades in the order in which they were read.
  private(set) var trades: [TradeID] = []
  /// In the order in which they were read.
  private(set) var purchases: [Purchase] = []
  /// The orders in the order in which they were read, and their GPUs.
  private(set) var orders: [(id: OrderID, gpus: Int32)] = []
  /// What the makers answered to trades of which the proposal is not among the feeds.
  private var answers: [TradeID: Bool] = [:]

  /// How many entries were read.
  let entries: Int

  init(setting: Setting, feeds: [[Int]]) {
    entries = feeds.reduce(0) { $0 + $1.count }
    for author in feeds.indices {
      for number in feeds[author] { read(number, of: author, setting) }
    }
    for trade in trades where deals[trade]?.isAccepted == nil { deals[trade]?.isAccepted = answers[trade] }
  }

  private mutating func read(_ number: Int, of author: Int, _ setting: Setting) {
    let entry = setting.registry[number]
    for place in purchases.indices where purchases[place].taker == author && purchases[place].confirmBy < entry.time {
      decide(place, isConfirmed: false)
    }
    for (index, operation) in setting.registry.operations(of: number).enumerated() {
      if case .place(let body) = operation {
        orders.append((Self.orderID(index, of: entry, network: setting.genesis.networkID), body.gpus))
      }
      read(operation, at: entry.time, author)
    }
  }

  /// The name of the order that the operation at `index` of an entry places.
  private static func orderID(_ index: Int, of entry: SignedEntry, network: NetworkID) -> OrderID {
    var bytes = Array("p2pnode/order/v1".utf8) + [0]
    network.append(to: &bytes)
    entry.author.append(to: &bytes)
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: entry.sequence >> shift))
    }
    for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: index >> shift)) }
    return Blake2b.hash(bytes)
  }

  private mutating func read(_ operation: Operation, at time: Timestamp, _ author: Int) {
    switch operation {
    case .propose(let signed): propose(signed)
    case .accept(let signed, _):
      let trade: TradeID = Blake2b.hash(signed.bytes)
      note(trade, signed.terms)
      if deals[trade]?.isAccepted == nil, answers[trade] == nil {
        deals[trade]?.isAccepted = true
        deals[trade]?.acceptedAt = time
      }
    case .reject(let trade, _, _):
      if deals[trade]?.isAccepted == nil, answers[trade] == nil { answers[trade] = false }
    case .receipt(let decision): deals[decision.acceptance.trade]?.isCopied = true
    case .release(let trade, _): deals[trade]?.isReleased = true
    case .purchase(let legs):
      for leg in legs { propose(leg) }
      guard let terms = legs.first?.terms.leg else { return }
      purchases.append(
        Purchase(
          id: terms.purchase, taker: author, legs: legs.map { Blake2b.hash($0.bytes) }, confirmBy: terms.confirmBy))
    case .confirm(let confirmation, _):
      guard let place = place(of: confirmation.confirmation.purchase) else { return }
      if time > purchases[place].confirmBy { purchases[place].isConfirmedLate = true }
      decide(place, isConfirmed: true)
    case .withdraw(let id, _):
      guard let place = place(of: id) else { return }
      decide(place, isConfirmed: false)
    case .settle(let trade, _): deals[trade]?.isSettledByMaker = true
    case .free(let trade, _): deals[trade]?.isFreed = true
    case .place, .cancel, .amend, .checkpoint, .rotate: break
    }
  }

  private mutating func propose(_ signed: SignedTerms) {
    let trade: TradeID = Blake2b.hash(signed.bytes)
    note(trade, signed.terms)
    deals[trade]?.isProposed = true
  }

  private mutating func note(_ trade: TradeID, _ terms: Terms) {
    guard deals[trade] == nil else { return }
    deals[trade] = Deal(terms: terms)
    trades.append(trade)
  }

  private func place(of purchase: PurchaseID) -> Int? { purchases.firstIndex { $0.id == purchase } }

  /// The first decision counts.
  private mutating func decide(_ place: Int, isConfirmed: Bool) {
    if purchases[place].isConfirmed == nil { purchases[place].isConfirmed = isConfirmed }
  }

  // MARK: What follows

  /// How the purchase of a leg was decided; nil while it is not.
  func isConfirmed(_ deal: Deal) -> Bool? {
    guard let leg = deal.terms.leg, let place = place(of: leg.purchase) else { return nil }
    return purchases[place].isConfirmed
  }

  /// Where a trade stands.
  func state(of deal: Deal) -> TradeState {
    let isAccepted = deal.isAccepted == true || (deal.isCopied && deal.isAccepted != false)
    if deal.terms.leg == nil {
      if isAccepted { return .settled }
      if deal.isReleased { return .released }
      return deal.isAccepted == false ? .rejected : .proposed
    }
    if isConfirmed(deal) == true || deal.isSettledByMaker { return .settled }
    if isConfirmed(deal) == false || deal.isFreed { return .released }
    if isAccepted { return .held }
    return deal.isAccepted == false ? .rejected : .proposed
  }
}
