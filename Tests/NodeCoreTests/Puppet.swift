import Gossip
import Market
import NodeCrypto
import Simulator
import Wire

@testable import NodeCore

/// A participant that sends what a test wants and writes down what it gets.
final class Puppet: Participant {
  let index: Int
  let identity: Identity
  unowned let network: VirtualNetwork
  var nodeID: NodeID { identity.nodeID }
  var isListening: Bool { true }

  /// What came in over each open connection.
  private(set) var received: [WirePeerMessage] = []
  private(set) var openLinks: Set<UInt64> = []
  /// Entries with which it answers fetches.
  var holdings: [NodeID: [UInt64: SignedEntry]] = [:]

  init(network: VirtualNetwork, index: Int, identity: Identity) {
    self.network = network
    self.index = index
    self.identity = identity
  }

  func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction) { openLinks.insert(link) }

  func closed(_ link: UInt64) { openLinks.remove(link) }

  func received(_ link: UInt64, _ message: [UInt8]) {
    guard let message = try? WirePeerMessage.decode(message) else { return }
    received.append(message)
    switch message.message {
    case .fetch(let fetch): answer(fetch, over: link)
    case .neighbour:
      var answer = WireNeighbourAnswer()
      answer.accepted = true
      send(.neighbourAnswer(answer), over: link)
    case .ping(let ping):
      var pong = WirePong()
      pong.id = ping.id
      send(.pong(pong), over: link)
    default: break
    }
  }

  private func answer(_ fetch: WireFetch, over link: UInt64) {
    var entries: [SignedEntry] = []
    for range in fetch.ranges {
      guard let author = NodeID(bytes: range.author), let feed = holdings[author] else { continue }
      entries += feed.filter { (range.from...range.through).contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
    }
    send(
      GossipCore.fetchAnswer(id: fetch.id, entries: entries.map { ($0.bytes, $0.signature.bytes) }, done: true),
      over: link)
  }

  /// Dials a node, says hello and asks for a link; returns the connection.
  @discardableResult
  func connect(to node: VirtualNode) -> UInt64 {
    let link = network.open(from: index, to: node.index)
    openLinks.insert(link)
    var hello = WireHello()
    hello.protocol = GossipCore.protocolVersion
    hello.agent = "puppet"
    send(.hello(hello), over: link)
    var neighbour = WireNeighbour()
    neighbour.kind = .random
    send(.neighbour(neighbour), over: link)
    return link
  }

  func send(_ message: WirePeerMessage.OneOf_Message, over link: UInt64) {
    var out = WirePeerMessage()
    out.message = message
    send(out.encoded(), over: link)
  }

  func send(_ bytes: [UInt8], over link: UInt64) {
    network.send(bytes, priority: .urgent, over: link, from: index)
  }

  func send(_ proof: FraudProof, over link: UInt64) { send(encodedProof: proof.encoded(), over: link) }

  /// Sends what is an encoded proof of fraud, or not, as one piece.
  func send(encodedProof bytes: [UInt8], over link: UInt64) {
    var part = WireFraudProofPart()
    part.count = 1
    part.chunk = .init(bytes)
    send(.fraudProofPart(part), over: link)
  }

  func push(_ entries: [SignedEntry], over link: UInt64) {
    var push = WirePush()
    push.entries = entries.map(\.wire)
    send(.push(push), over: link)
  }
}

/// A feed written by hand, with its author's real key.
struct HandwrittenFeed {
  let identity: Identity
  let genesis: Genesis
  private(set) var head: Head
  private(set) var entries: [SignedEntry] = []

  init(identity: Identity, genesis: Genesis) {
    self.identity = identity
    self.genesis = genesis
    head = .origin(of: genesis.networkID)
  }

  /// Writes the next entry.
  @discardableResult
  mutating func append(_ operations: [Operation], at time: Timestamp) -> SignedEntry {
    append(payload: Self.payload(operations, genesis), at: time)
  }

  @discardableResult
  mutating func append(payload: [UInt8], at time: Timestamp) -> SignedEntry {
    let entry = SignedEntry(
      after: head, time: time, payload: payload, identity: identity, network: genesis.networkID)
    head = entry.head
    entries.append(entry)
    return entry
  }

  /// Goes back to where the feed ended after `count` entries, to write another branch.
  func cut(to count: Int) -> HandwrittenFeed {
    var cut = HandwrittenFeed(identity: identity, genesis: genesis)
    cut.entries = Array(entries.prefix(count))
    cut.head = cut.entries.last?.head ?? .origin(of: genesis.networkID)
    return cut
  }

  /// The id of the order that the operation at `index` of entry `sequence` places.
  func orderID(sequence: UInt64, index: UInt32 = 0) -> OrderID {
    Place(author: identity.nodeID, time: .zero, sequence: sequence, index: index).orderID(network: genesis.networkID)
  }

  static func payload(_ operations: [Operation], _ genesis: Genesis) -> [UInt8] {
    let codec = OperationCodec(genesis: genesis)
    return operations.flatMap { codec.encode($0) }
  }
}

extension VirtualNetwork {
  /// Adds a participant that is not a node and answers to no rule.
  func addPuppet(identity: Identity) -> Puppet {
    addParticipant { Puppet(network: self, index: $0, identity: identity) }
  }
}
