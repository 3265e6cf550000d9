import Gossip
import Market
import NodeCore
import NodeCrypto
import Wire

/// An input is what a connected peer sends, each message behind its length in two bytes. A whole node takes it, with
/// every signature taken to be good: whoever holds a key can sign what it likes. Unless the input begins with a hello,
/// the peer has said one and has a link.
///
/// A message that is read and written again is the same message. The node sends nothing to a peer that it has
/// disconnected, and nothing that is no message. What it holds in the end is what a node restores that starts on the
/// same entries.
enum MessageCheck {
  static func run(_ input: [UInt8]) throws(BrokenProperty) -> FuzzTarget.Verdict {
    let parts = parts(of: input[...])
    var node = isHello(parts.first) ? connected : prepared
    var verdict = FuzzTarget.Verdict.refused
    for part in parts {
      let message = Array(part)
      try checkRoundTrip(message)
      try node.receive(message)
      guard node.isPeerConnected else {
        verdict = node.isPeerRefused ? .refused : .accepted
        break
      }
      verdict = .accepted
    }
    for _ in 0..<3 { try node.passTime() }
    try node.checkRestored()
    return verdict
  }

  private static func checkRoundTrip(_ bytes: [UInt8]) throws(BrokenProperty) {
    guard let message = try? WirePeerMessage.decode(bytes) else { return }
    let written = message.encoded()
    let again = try? WirePeerMessage.decode(written)
    try require(again == message, "a message is another one when it is written again")
    try require(written.count <= bytes.count, "a message is longer when it is written again")
  }

  private static func isHello(_ bytes: ArraySlice<UInt8>?) -> Bool {
    guard let bytes, case .hello? = (try? WirePeerMessage.decode(Array(bytes)))?.message else { return false }
    return true
  }

  /// A node with one peer that has said nothing.
  private static let connected: FuzzedNode = {
    var node = FuzzedNode()
    do { try node.connect() } catch { preconditionFailure("\(error)") }
    return node
  }()

  /// A node with one peer that has said hello and is a neighbour, and an order.
  private static let prepared: FuzzedNode = {
    var node = connected
    do { try node.greet() } catch { preconditionFailure("\(error)") }
    return node
  }()
}

/// A node's core with the least around it: every effect is carried out at once.
private struct FuzzedNode {
  private static let peer: UInt64 = 1
  /// More effects than any input may cause in one event.
  private static let maximumEffects = 100_000

  private static let configuration = NodeConfiguration(
    genesis: FuzzMarket.genesis, identity: FuzzMarket.bystander, agent: "fuzz", listenPort: 0, advertisedHost: nil,
    bootstrap: [], seed: 1)

  private let codec = OperationCodec(genesis: FuzzMarket.genesis)
  private var core = NodeCore(configuration, now: FuzzMarket.start)
  private var now = FuzzMarket.start + 2000
  private var entries: [SignedEntry] = []
  private var proofs: [FraudProof] = []
  private(set) var isPeerConnected = true
  /// Whether the peer was disconnected for what it sent.
  private(set) var isPeerRefused = false

  mutating func connect() throws(BrokenProperty) {
    var effects: [NodeEffect] = []
    core.finishRestore(now: now, into: &effects)
    try perform(effects)
    try handle(
      .connected(
        Self.peer, node: FuzzMarket.provider.nodeID, address: PeerAddress(host: "192.0.2.1", port: 47_100),
        direction: .inbound))
  }

  mutating func greet() throws(BrokenProperty) {
    var hello = WirePeerMessage()
    hello.hello.protocol = GossipCore.protocolVersion
    hello.hello.agent = "fuzz"
    try receive(hello.encoded())
    var link = WirePeerMessage()
    link.neighbour.kind = .random
    try receive(link.encoded())
    try require(isPeerConnected && core.state == .running, "the node does not take an honest peer")
    try handle(.command(1, .place(Self.offer)))
  }

  mutating func receive(_ message: [UInt8]) throws(BrokenProperty) {
    try handle(.received(Self.peer, PeerMessage(message)))
  }

  /// Lets the next timer fire.
  mutating func passTime() throws(BrokenProperty) {
    now = max(now + 1, core.nextWake)
    try handle(.timer)
  }

  /// Compares the book with that of a node that restores the same entries.
  func checkRestored() throws(BrokenProperty) {
    var running = core
    var restored = NodeCore(Self.configuration, now: now)
    restore(into: &restored)
    try require(restored.feeds.entryCount == running.feeds.entryCount, "a restored node holds other entries")
    try require(restored.bookDigest() == running.bookDigest(), "a restored node has another book")
    try require(restored.ledger.settledCount == running.ledger.settledCount, "a restored node has other trades")
  }

  private func restore(into core: inout NodeCore) {
    for proof in proofs { core.restore(proof) }
    core.beginRestore()
    for entry in entries.sorted(by: { ($0.author, $0.sequence) < ($1.author, $1.sequence) }) {
      _ = core.restore(entry)
    }
  }

  private mutating func handle(_ event: NodeEvent) throws(BrokenProperty) {
    var effects: [NodeEffect] = []
    core.handle(event, now: now, into: &effects)
    try perform(effects)
  }

  private mutating func perform(_ effects: [NodeEffect]) throws(BrokenProperty) {
    var pending = effects
    var count = 0
    while !pending.isEmpty {
      let batch = pending
      pending = []
      for effect in batch { try perform(effect, into: &pending) }
      count += batch.count
      try require(count < Self.maximumEffects, "an event has effects without end")
    }
  }

  private mutating func perform(_ effect: NodeEffect, into effects: inout [NodeEffect]) throws(BrokenProperty) {
    switch effect {
    case .send(_, let message, _):
      try require(isPeerConnected, "something is sent to a peer that was disconnected")
      try require((try? WirePeerMessage.decode(message))?.message != nil, "what the node sends is no message")
    case .verify(let entry):
      let result: Result<[Operation], EntryFault>
      do { result = .success(try codec.operations(of: entry)) } catch {
        result = .failure(EntryFault(error.description))
      }
      core.handle(.verified(entry, result), now: now, into: &effects)
    case .verifyProof(let proof, let peer):
      core.handle(.proofVerified(proof, from: peer, isValid: codec.shows(proof)), now: now, into: &effects)
    case .collect(let found):
      let stored = found.stored.flatMap { range in
        entries.filter {
          $0.author == range.author && range.from <= $0.sequence && $0.sequence <= range.through
        }.sorted { $0.sequence < $1.sequence }
      }
      guard let proof = found.proof(with: stored), codec.shows(proof) else { return }
      core.handle(.proofFound(proof), now: now, into: &effects)
    case .persist(let entry, _):
      entries.append(entry)
      if entry.author == core.own { core.handle(.durable(sequence: entry.sequence), now: now, into: &effects) }
    case .persistProof(let proof): proofs.append(proof)
    case .prune(let author, let first): entries.removeAll { $0.author == author && $0.sequence < first }
    case .rebuild:
      restore(into: &core)
      core.finishRestore(now: now, into: &effects)
    case .dial(let address): core.handle(.dialFailed(address, isOwn: false), now: now, into: &effects)
    case .disconnect(_, let cause):
      isPeerConnected = false
      if case .misbehaved = cause { isPeerRefused = true }
    case .serve, .places, .reply, .rotated: break
    }
  }

  private static let offer: OrderBody = {
    let genesis = FuzzMarket.genesis
    let window = SlotRange(
      start: genesis.slot(containing: FuzzMarket.start + 60_000),
      end: genesis.slot(containing: FuzzMarket.start + 3_660_000))
    return .offer(
      Offer(
        gpuClass: GPUClassIndex(1), gpus: 8, window: window, price: Price(micros: 2_200_000), minimumGPUs: 1,
        minimumSlots: 1, attributes: Attributes(), expiry: genesis.start(of: window.end)))
  }()
}
