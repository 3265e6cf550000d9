import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement

/// A provider without a core, whose feed is written by hand and holds a fraud, with a renter of its own. It connects to
/// one node after the other and pushes entries of both feeds, in any order.
final class Swindler: Participant {
  /// What it does that its signatures show.
  let kind: FraudKind
  let index: Int
  let nodeID: NodeID
  let isListening = false

  private unowned let network: VirtualNetwork
  private var chance: SplitMix64
  private var entries: [SignedEntry] = []
  /// How far both feeds have to be known for the fraud to show; nil when no feed can have it.
  private(set) var shownBy: [(author: NodeID, sequence: UInt64)]?

  private static let kinds: [FraudKind] = [.backdated, .phantomAccept, .overfill, .falseCheckpoint]

  init(index: Int, network: VirtualNetwork, seed: UInt64) {
    self.index = index
    self.network = network
    chance = SplitMix64(seed: seed)
    kind = Self.kinds[Int(chance.next() % UInt64(Self.kinds.count))]
    let provider = VirtualNetwork.identity(30_000 + index)
    nodeID = provider.nodeID
    write(provider, VirtualNetwork.identity(31_000 + index))
  }

  // MARK: Its feeds

  private func write(_ provider: Identity, _ renter: Identity) {
    let (genesis, time) = (network.genesis, network.time)
    let slot = genesis.slot(containing: time)
    let window = SlotRange(start: slot + 60, end: slot + 66)
    let expiry = genesis.start(of: window.end)
    // Nobody else's bid comes near that price, or offer near the bid's.
    let offer = OrderBody.offer(
      Offer(gpuClass: GPUClassIndex(0), gpus: 1, window: window, price: Price(micros: 500_000_000), expiry: expiry))
    let bid = OrderBody.bid(
      Bid(
        gpuClasses: [GPUClassIndex(0)], gpus: 2, durationSlots: 6, window: window, price: Price(micros: 1000),
        minimumGPUs: 1, expiry: expiry))
    var sold = Draft(identity: provider, genesis: genesis)
    sold.append([.place(offer)], at: time)
    var bought = Draft(identity: renter, genesis: genesis)
    bought.append([.place(bid)], at: time)
    let first = sold.orderID
    let proposals = (0..<2).map { nonce in
      bought.propose(offer: first, bid: bought.orderID, provider: provider.nodeID, window, at: time, nonce: nonce)
    }
    bought.append(proposals.map { .propose($0) }, at: time)
    switch kind {
    case .backdated:
      sold.append([], at: time - 1)
    case .phantomAccept:
      let accepted = sold.accept(proposals[0], at: time)
      sold.append([], at: time)
      bought.append([.receipt(accepted)], at: time)
      shownBy = [(provider.nodeID, 2), (renter.nodeID, 3)]
    case .falseCheckpoint:
      sold.append([.accept(proposals[0], sold.accept(proposals[0], at: time))], at: time)
      sold.append([.checkpoint(sold.checkpoint(of: offer, at: time))], at: time)
      shownBy = [(provider.nodeID, 3)]
    case .overfill, .fork, .phantomConfirm:
      for proposal in proposals { sold.append([.accept(proposal, sold.accept(proposal, at: time))], at: time) }
      shownBy = [(provider.nodeID, 3)]
    }
    entries = sold.entries + bought.entries
  }

  // MARK: Telling

  /// Called a few times a second: connects to a node and tells it everything, in any order.
  func act() {
    let count = UInt64(network.nodes.count)
    let target = network.nodes[Int(chance.next() % count)]
    guard chance.next() % 8 == 0, target.isListening else { return }
    let link = network.connect(index, to: target.index, agent: "swindler")
    for entry in entries.shuffled(using: &chance) { network.push(entry, over: link, from: index) }
  }

  func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction) {}
  func received(_ link: UInt64, _ message: [UInt8]) {}
  func closed(_ link: UInt64) {}
}
