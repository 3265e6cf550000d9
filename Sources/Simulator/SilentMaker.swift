import Gossip
import Market
import NodeCore
import NodeCrypto

/// A provider without a core whose feed is written by hand: offers below all others' prices, which it replaces by others
/// from time to time, and no answer to whoever wants them.
final class SilentMaker: Participant {
  let index: Int
  let nodeID: NodeID
  let isListening = false

  private unowned let network: VirtualNetwork
  private var draft: Draft
  private var links: [Int: UInt64] = [:]
  private var offers: [OrderID] = []
  private var writesNext = Timestamp.zero

  /// Offers at a time.
  private static let offerCount = 12

  init(index: Int, network: VirtualNetwork) {
    self.index = index
    self.network = network
    let identity = VirtualNetwork.identity(32_000 + index)
    nodeID = identity.nodeID
    draft = Draft(identity: identity, genesis: network.genesis)
  }

  /// Called a few times a second: connects to whoever it is not connected to, and goes on with its feed.
  ///
  /// - Parameter isEnding: whether no offers are added.
  func act(isEnding: Bool) {
    for node in network.nodes where node.isListening && links[node.index] == nil { connect(to: node) }
    guard network.time >= writesNext else { return }
    writesNext = network.time + network.genesis.limits.tickMilliseconds / 2
    var operations = offers.map { Operation.cancel($0) }
    offers = []
    if !isEnding {
      for _ in 0..<Self.offerCount {
        offers.append(
          Place(
            author: nodeID, time: network.time, sequence: draft.head.sequence + 1, index: UInt32(operations.count)
          ).orderID(network: network.genesis.networkID))
        operations.append(.place(.offer(offer)))
      }
    }
    push(draft.append(operations, at: network.time))
  }

  private var offer: Offer {
    let genesis = network.genesis
    let slot = genesis.slot(containing: network.time)
    let window = SlotRange(start: slot + 2, end: slot + 120)
    return Offer(
      gpuClass: GPUClassIndex(0), gpus: 8, window: window, price: Price(micros: 1_000_000), minimumGPUs: 1,
      minimumSlots: 1, expiry: genesis.start(of: window.end))
  }

  private func connect(to node: VirtualNode) {
    let link = network.connect(index, to: node.index, agent: "silent")
    links[node.index] = link
    for entry in draft.entries { network.push(entry, over: link, from: index) }
  }

  private func push(_ entry: SignedEntry) {
    for (_, link) in links.sorted(by: { $0.key < $1.key }) { network.push(entry, over: link, from: index) }
  }

  func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction) {}
  func received(_ link: UInt64, _ message: [UInt8]) {}
  func closed(_ link: UInt64) { links = links.filter { $0.value != link } }
}
