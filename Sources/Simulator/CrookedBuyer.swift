import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement

/// A buyer whose feed is written by hand, and that closes its purchases as no honest one does. It sees the market with
/// the core of a hostile node, which otherwise is as all are, and speaks over that node's connections.
///
/// One purchase is under way at a time. When its feed is frozen, which is what most of this leads to, it goes on under
/// another name.
final class CrookedBuyer {
  /// A purchase under way.
  private struct Attempt {
    let bid: OrderID
    let purchase: PurchaseID
    let legs: [Terms]
    let trades: [TradeID]
    let confirmBy: Timestamp
    /// Whether there is nothing more to say of it.
    var isClosed = false
  }

  private let behaviour: Behaviour
  private var chance: SplitMix64
  private var draft: Draft?
  private var names = 0
  private var attempt: Attempt?
  /// How many purchases it has proposed, and how many of them makers have accepted in full.
  private(set) var proposed = 0, accepted = 0
  /// Places at which it has signed two entries and told each to a node that was up.
  private(set) var forks: [(author: NodeID, sequence: UInt64)] = []

  init(_ behaviour: Behaviour, seed: UInt64) {
    self.behaviour = behaviour
    chance = SplitMix64(seed: seed)
  }

  /// Called a few times a second while the node runs.
  ///
  /// - Parameter isEnding: whether nothing new is begun.
  func act(at node: VirtualNode, over links: [UInt64], isEnding: Bool) {
    guard let core = node.core, !links.isEmpty else { return }
    if let identity = draft?.identity, core.feeds.feed(of: identity.nodeID)?.frozenFrom != nil {
      (draft, attempt) = (nil, nil)
    }
    if let attempt {
      goOn(with: attempt, core, at: node, over: links)
    } else if !isEnding {
      begin(core, at: node, over: links)
    }
  }

  // MARK: Proposing

  private func begin(_ core: NodeCore, at node: VirtualNode, over links: [UInt64]) {
    let network = node.network
    if draft == nil {
      names += 1
      draft = Draft(
        identity: VirtualNetwork.identity(40_000 + 100 * node.index + names), genesis: network.genesis)
    }
    guard var draft else { return }
    let offers = found(in: core.book, at: network.time, genesis: network.genesis)
    guard offers.count >= 2 else { return }
    let time = max(network.time, draft.head.time)
    let gpus = offers.reduce(0) { $0 + $1.gpus }
    let window = SlotRange(
      start: offers.map(\.start).min() ?? offers[0].start,
      end: (offers.map(\.start).max() ?? offers[0].start) + offers[0].slots)
    let bid = Bid(
      gpuClasses: [GPUClassIndex(0)], gpus: gpus, durationSlots: offers[0].slots, window: window,
      price: Price(micros: 900_000_000), minimumGPUs: 1, expiry: network.genesis.start(of: window.end))
    let id = Place(
      author: draft.identity.nodeID, time: time, sequence: draft.head.sequence + 1, index: 0
    ).orderID(network: network.genesis.networkID)
    let confirmBy = time + 2 * network.genesis.limits.proposalMilliseconds
    let terms = offers.map {
      self.terms($0, bid: id, buyer: draft.identity.nodeID, at: time, confirmBy, network.genesis)
    }
    let legs = draft.purchase(terms)
    var other = draft
    let entry = draft.append([.place(.bid(bid)), .purchase(legs)], at: time)
    if behaviour == .doubleProposer {
      // The same legs the other way round, or fewer of them, are another purchase.
      let others = other.purchase(offers.count > 2 ? Array(terms.dropLast()) : terms.reversed())
      fork(entry, other.append([.place(.bid(bid)), .purchase(others)], at: time), at: node, over: links)
    } else {
      push(entry, at: node, over: links)
    }
    self.draft = draft
    proposed += 1
    attempt = Attempt(
      bid: id, purchase: Confirmation.purchase(of: terms.map(\.legDigest), network: network.genesis.networkID),
      legs: legs.map(\.terms), trades: legs.map { Blake2b.hash($0.bytes) }, confirmBy: confirmBy)
  }

  /// What it would buy of an offer.
  private struct Piece {
    let offer: OrderState
    let gpus: Int32
    let start: Slot
    let slots: Int64
  }

  /// A piece of each of a few offers, all of the same length.
  private func found(in book: OrderBook, at time: Timestamp, genesis: Genesis) -> [Piece] {
    let earliest = genesis.slot(startingFrom: time + 3 * genesis.limits.proposalMilliseconds)
    var pieces: [Piece] = []
    for offer in book.ladder(gpuClass: GPUClassIndex(0), side: .offer, limit: 32) {
      guard case .offer(let body) = offer.order.body, body.minimumSlots == 1, body.window.end > earliest,
        body.price.micros < 900_000_000
      else { continue }
      let gpus = body.minimumGPUs
      let range = SlotRange(start: max(earliest, body.window.start), end: body.window.end)
      guard let start = offer.calendar?.earliestStart(gpus: gpus, slots: 1, within: range) else { continue }
      pieces.append(Piece(offer: offer, gpus: gpus, start: start, slots: 1))
    }
    pieces.shuffle(using: &chance)
    return Array(pieces.prefix(2 + Int(chance.next() % 2)))
  }

  private func terms(
    _ piece: Piece, bid: OrderID, buyer: NodeID, at time: Timestamp, _ confirmBy: Timestamp, _ genesis: Genesis
  ) -> Terms {
    Terms(
      offer: piece.offer.id, bid: bid, provider: piece.offer.owner, buyer: buyer, takerSide: .bid,
      gpuClass: genesis.gpuClass(at: GPUClassIndex(0)).id, gpus: piece.gpus, start: genesis.start(of: piece.start),
      end: genesis.start(of: piece.start + piece.slots), price: piece.offer.price,
      total: genesis.total(piece.offer.price, gpus: piece.gpus, slots: piece.slots) ?? Amount(micros: 0),
      currency: genesis.currency, deadline: time + genesis.limits.proposalMilliseconds, makerSequence: 0,
      makerHead: Head.origin(of: genesis.networkID).entry, nonce: Terms.Nonce(high: 0, low: chance.next()),
      leg: Terms.Leg(purchase: Blake2b.hash([]), confirmBy: confirmBy))
  }

  // MARK: Closing

  private func goOn(with attempt: Attempt, _ core: NodeCore, at node: VirtualNode, over links: [UInt64]) {
    let time = node.network.time
    guard time <= attempt.confirmBy else {
      // Past the last moment any entry brings it to nothing.
      if let entry = draft?.append([.cancel(attempt.bid)], at: time) { push(entry, at: node, over: links) }
      self.attempt = nil
      return
    }
    guard !attempt.isClosed, var draft else { return }
    let held = zip(attempt.trades, attempt.legs).compactMap {
      id, terms -> (terms: Terms, accepted: SignedAcceptance)? in
      guard let leg = core.ledger[id], leg.state == .held, let held = leg.acceptance else { return nil }
      return (
        terms,
        SignedAcceptance(
          acceptance: held.acceptance, bytes: held.bytes, signature: held.signature, maker: terms.maker)
      )
    }
    guard held.count == attempt.legs.count else { return }
    accepted += 1
    self.attempt?.isClosed = true
    var other = draft
    switch behaviour {
    case .partialCloser:
      guard let part = draft.confirm(Array(held.dropLast()), at: time) else { return }
      // Nobody takes it, so it has no place in the feed.
      push(draft.append([part], at: time), at: node, over: links)
      return
    case .doubleCloser:
      guard let whole = draft.confirm(held, at: time) else { return }
      let confirmed = draft.append([whole], at: time)
      fork(confirmed, other.append([.withdraw(attempt.purchase, silent: [])], at: time), at: node, over: links)
      self.draft = draft
    default: return
    }
  }

  // MARK: Telling

  private func push(_ entry: SignedEntry, at node: VirtualNode, over links: [UInt64]) {
    for link in links { node.network.push(entry, over: link, from: node.index) }
  }

  /// Tells every other peer the one entry, and the rest the other.
  private func fork(_ one: SignedEntry, _ other: SignedEntry, at node: VirtualNode, over links: [UInt64]) {
    var peers: [Int] = []
    var told: Set<EntryID> = []
    for link in links {
      guard let peer = node.network.peer(of: node.index, over: link) else { continue }
      if !peers.contains(peer.index) { peers.append(peer.index) }
      let entry = peers.firstIndex(of: peer.index)?.isMultiple(of: 2) == true ? one : other
      node.network.push(entry, over: link, from: node.index)
      // A node that is down, as while it changes its key, hears nothing.
      if peer.isListening { told.insert(entry.id) }
    }
    if told.count > 1 { forks.append((one.author, one.sequence)) }
  }
}
