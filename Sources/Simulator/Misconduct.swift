import Gossip
import Market
import NodeCore
import NodeCrypto

/// Bends the effects of a hostile node's core, as its ``Behaviour`` says, and does more on its own from time to time.
///
/// It knows as little of the protocol as it can: messages are bytes here, so that it stays hostile when they change.
public final class Misconduct {
  /// What it does.
  public let behaviour: Behaviour
  private var chance: SplitMix64
  /// Messages that came in, for whoever sends them again.
  private var memory: [[UInt8]] = []
  private var links: [UInt64] = []
  private static let remembered = 64
  /// The buyer whose feed is written by hand, when there is one.
  private(set) var buyer: CrookedBuyer?
  /// Whether nothing new is begun.
  var isEnding = false

  init(_ behaviour: Behaviour, seed: UInt64) {
    self.behaviour = behaviour
    chance = SplitMix64(seed: seed)
    if Behaviour.crookedBuyers.contains(behaviour) { buyer = CrookedBuyer(behaviour, seed: seed) }
  }

  private func percent(_ percent: UInt64) -> Bool { chance.next() % 100 < percent }

  // MARK: Bent effects

  /// Whether an effect of the core is carried out; a message may be another one then.
  func allows(_ effect: inout NodeEffect, at node: VirtualNode) -> Bool {
    switch (behaviour, effect) {
    case (.mute, .send): return false
    case (.withholder, .serve): return false
    case (.withholder, .send(_, let message, _)):
      return MessageProbe.entries(in: message) == 0 || message.contains(node.nodeID)
    case (.selective, .serve(let link, let request, let ranges)):
      effect = .serve(connection: link, request: request, ranges: ranges.filter { !isWithheld($0.author) })
    case (.selective, .send(_, let message, _)):
      let others = node.network.nodes.map(\.nodeID).filter { isWithheld($0) && $0 != node.nodeID }
      return MessageProbe.entries(in: message) == 0 || !others.contains { message.contains($0) }
    case (.trickler, .send(let link, let message, let priority)):
      let wait = Int64(chance.next() % 8000)
      node.network.schedule(after: wait) { [unowned node] in
        node.network.send(message, priority: priority, over: link, from: node.index)
      }
      return false
    case (.corrupter, .send(let link, var message, let priority)):
      if percent(10) { flipBit(&message, in: message.indices) }
      effect = .send(connection: link, message: message, priority: priority)
    case (.forger, .send(let link, var message, let priority)):
      if MessageProbe.entries(in: message) > 0, percent(50) { flipBit(&message, in: message.indices.suffix(64)) }
      effect = .send(connection: link, message: message, priority: priority)
    default: break
    }
    return true
  }

  /// Whether it passes nothing of this author on: of every other one.
  private func isWithheld(_ author: NodeID) -> Bool { author.word0 & 1 == 1 }

  private func flipBit(_ message: inout [UInt8], in places: Range<Int>) {
    guard let place = places.randomElement(using: &chance) else { return }
    message[place] ^= 1 << UInt8(chance.next() % 8)
  }

  // MARK: On its own

  func opened(_ link: UInt64) { links.append(link) }

  func closed(_ link: UInt64) { links.removeAll { $0 == link } }

  func received(_ message: [UInt8]) {
    guard behaviour == .replayer else { return }
    if memory.count < Self.remembered {
      memory.append(message)
    } else {
      memory[Int(chance.next() % UInt64(Self.remembered))] = message
    }
  }

  /// Called a few times a second while the node runs.
  func act(at node: VirtualNode) {
    buyer?.act(at: node, over: links, isEnding: isEnding)
    guard let link = links.randomElement(using: &chance) else { return }
    switch behaviour {
    case .garbler: send(garbage(), over: link, at: node)
    case .replayer: if let message = memory.randomElement(using: &chance) { send(message, over: link, at: node) }
    case .amplifier: for _ in 0..<8 { send(fetchOfEverything(of: node), over: link, at: node) }
    case .poisoner: send(deadAddresses(), over: link, at: node)
    case .flooder: for _ in 0..<4 { flood(node) }
    default: break
    }
  }

  private func send(_ message: [UInt8], over link: UInt64, at node: VirtualNode) {
    node.network.send(message, priority: .urgent, over: link, from: node.index)
  }

  private func garbage() -> [UInt8] {
    let count = percent(10) ? 65_000 : Int(chance.next() % 200)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
  }

  /// `Fetch { id, ranges { author, from, through } }`: a peer's whole feed.
  private func fetchOfEverything(of node: VirtualNode) -> [UInt8] {
    let author =
      links.isEmpty ? node.nodeID : (node.network.peer(of: node.index, over: links[0])?.nodeID ?? node.nodeID)
    let range = Proto.field(1, author.bytes) + Proto.number(2, 1) + Proto.number(3, 1 << 40)
    return Proto.field(4, Proto.number(1, chance.next() >> 1) + Proto.field(2, range))
  }

  /// `ShuffleRequest { id, ttl, addresses { node, host, port } }`, at its last step.
  private func deadAddresses() -> [UInt8] {
    var list: [UInt8] = []
    for _ in 0..<20 {
      let node = (0..<32).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
      let host = "203.0.\(chance.next() % 256).\(chance.next() % 256)"
      list += Proto.field(
        3, Proto.field(1, node) + Proto.field(2, Array(host.utf8)) + Proto.number(3, 1 + chance.next() % 65_000))
    }
    return Proto.field(24, Proto.number(1, chance.next()) + Proto.number(2, 1) + list)
  }

  private func flood(_ node: VirtualNode) {
    let slot = node.network.genesis.slot(containing: node.network.time)
    node.command(
      .place(
        .offer(
          Offer(
            gpuClass: GPUClassIndex(0), gpus: 1, window: SlotRange(start: slot + 90, end: slot + 95),
            price: Price(micros: 9_000_000), expiry: node.network.genesis.start(of: slot + 95)))))
  }
}

/// The fields of Protocol Buffers, written by hand: a hostile node is not bound to what the generated code can say.
enum Proto {
  static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  static func number(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes
  }
}

extension [UInt8] {
  /// Whether these bytes contain an identifier's.
  func contains<Tag>(_ identifier: Identifier<Tag>) -> Bool {
    identifier.withBytes { firstRange(of: $0) != nil }
  }

  /// The first place at which `other` stands.
  private func firstRange(of other: UnsafeRawBufferPointer) -> Int? {
    withUnsafeBytes { bytes in
      guard bytes.count >= other.count, let first = other.first else { return nil }
      for start in 0...(bytes.count - other.count) where bytes[start] == first {
        if UnsafeRawBufferPointer(rebasing: bytes[start..<start + other.count]).elementsEqual(other) { return start }
      }
      return nil
    }
  }
}

/// A participant with a name of its own that connects to a node and says nothing: one of many that one machine runs.
final class Sybil: Participant {
  let index: Int
  let nodeID: NodeID
  let isListening = false

  init(index: Int, identity: Identity) {
    self.index = index
    nodeID = identity.nodeID
  }

  func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction) {}
  func received(_ link: UInt64, _ message: [UInt8]) {}
  func closed(_ link: UInt64) {}
}
