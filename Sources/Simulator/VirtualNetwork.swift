import Gossip
import Market
import NodeCore
import NodeCrypto

/// Whoever a connection can lead to.
public protocol Participant: AnyObject {
  /// Its place among the participants of its network.
  var index: Int { get }
  /// The name that it proves when a connection is opened.
  var nodeID: NodeID { get }
  /// Whether it takes connections.
  var isListening: Bool { get }
  /// A connection has been opened.
  func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction)
  /// A message has come in.
  func received(_ link: UInt64, _ message: [UInt8])
  /// A connection has ended.
  func closed(_ link: UInt64)
}

/// Real node cores on a virtual clock, with virtual connections and disks. The same seed gives the same run.
///
/// Everything happens as an event of one queue, in the order of virtual time. The generators are separate by concern, so
/// that a fault more or less does not change what the others draw.
public final class VirtualNetwork {
  /// The moment at which the virtual clock starts; a slot begins there.
  public static let epoch = Timestamp(milliseconds: 1_700_000_000_000)

  /// The market.
  public let genesis: Genesis
  /// The entries of the run.
  public let pool: EntryPool
  /// What goes wrong all the time, and how long things take.
  public var conditions: Conditions
  /// The fingerprint of what has happened.
  public internal(set) var trace = Trace()
  /// Takes a line about each thing that happens, with its time; nil to save the cost of making it.
  public var log: ((String) -> Void)?
  /// What watches the nodes and the messages; nil when nothing is to be counted.
  public var observer: (any Observer)?

  /// The time since the start in microseconds.
  public internal(set) var clock: Int64 = 0
  /// The nodes that answer to the rules, in the order in which they were added.
  public private(set) var nodes: [VirtualNode] = []
  /// Events that have been carried out.
  public private(set) var eventCount = 0

  let seed: UInt64
  /// For delays and faults of the network.
  var networkChance: SplitMix64
  /// For what happens inside a node: commits, verification, batching, the clock.
  var nodeChance: SplitMix64
  var participants: ContiguousArray<any Participant> = []
  var virtualNodes: ContiguousArray<VirtualNode?> = []
  var reach = Reach()
  var links: ContiguousArray<Link> = []
  var lanes: ContiguousArray<Lane> = []
  var events = EventQueue()
  var posts = Pool<NodeEvent>()
  var dials = Pool<Dial>()
  var services = Pool<Service>()
  private var actions = Pool<() -> Void>()
  /// The gossip's constants at nodes that start from here on.
  public var gossip = GossipParameters.standard

  /// A network without nodes.
  ///
  /// - Parameter seed: where all chance of the run comes from.
  public init(genesis: Genesis, seed: UInt64, conditions: Conditions = Conditions()) {
    self.genesis = genesis
    self.conditions = conditions
    self.seed = seed
    var generator = SplitMix64(seed: seed)
    networkChance = SplitMix64(seed: generator.next())
    nodeChance = SplitMix64(seed: generator.next())
    pool = EntryPool(genesis: genesis)
  }

  /// A disk with nothing on it.
  public var emptyStore: VirtualStore { VirtualStore(pool: pool) }

  /// The true time.
  public var time: Timestamp { Self.epoch + clock / 1000 }

  // MARK: Time

  /// Carries out `action` in `span` milliseconds.
  public func schedule(after span: Int64, _ action: @escaping () -> Void) {
    events.insert(.action, at: clock + span * 1000, subject: 0, payload: actions.put(action))
  }

  /// Runs what is due until `condition`, which is asked every 20 ms, holds; for at most `span` milliseconds of virtual
  /// time.
  ///
  /// - Returns: whether the condition came to hold.
  @discardableResult
  public func run(for span: Int64, until condition: () -> Bool = { false }) -> Bool {
    let end = clock + span * 1000
    var nextCheck = clock
    while true {
      if nextCheck <= clock {
        if condition() { return true }
        nextCheck = clock + 20_000
      }
      guard let next = events.nextTime, next <= end, let event = events.popFirst() else { break }
      clock = event.time
      eventCount += 1
      carryOut(event)
    }
    clock = end
    return condition()
  }

  private func carryOut(_ event: Event) {
    switch event.kind {
    case .arrive: arrive(Int(event.subject))
    case .transmit: transmit(Int(event.subject))
    case .dial: dialArrives(dials.take(event.payload))
    case .action: actions.take(event.payload)()
    case .post:
      let posted = posts.take(event.payload)
      if let node = virtualNodes[Int(event.subject)], node.life == Int(event.life) { node.post(posted) }
    case .serve:
      let service = services.take(event.payload)
      if let node = virtualNodes[Int(event.subject)], node.life == Int(event.life) { node.serve(service) }
    case .wake, .drain, .commit:
      guard let node = virtualNodes[Int(event.subject)], node.life == Int(event.life) else { return }
      switch event.kind {
      case .wake: node.wake(event.payload)
      case .drain: node.drain()
      default: node.endCommit()
      }
    }
  }

  // MARK: Nodes

  /// Adds and starts a node that dials the first node, unless told otherwise.
  @discardableResult
  public func addNode(
    identity ownIdentity: Identity? = nil, bootstrap: [Int] = [0], misconduct: Misconduct? = nil,
    genesis ownGenesis: Genesis? = nil
  ) -> VirtualNode {
    let index = participants.count
    let node = VirtualNode(
      network: self, index: index, identity: ownIdentity ?? Self.identity(100 + index),
      bootstrap: bootstrap.filter { $0 != index }.map { Self.address(of: $0) })
    node.misconduct = misconduct
    node.coreGenesis = ownGenesis ?? genesis
    participants.append(node)
    virtualNodes.append(node)
    nodes.append(node)
    reach.addParticipant()
    node.start()
    return node
  }

  /// Adds some nodes that dial the first one.
  public func addNodes(_ count: Int) -> [VirtualNode] { (0..<count).map { _ in addNode() } }

  /// Adds a participant that is not a node and answers to no rule, made with its index.
  public func addParticipant<Newcomer: Participant>(_ make: (Int) -> Newcomer) -> Newcomer {
    let participant = make(participants.count)
    participants.append(participant)
    virtualNodes.append(nil)
    reach.addParticipant()
    return participant
  }

  /// The identity with the given number.
  public static func identity(_ number: Int) -> Identity {
    var seed = [UInt8](repeating: 0, count: Identity.seedByteCount)
    for byte in 0..<4 { seed[byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
    return Identity(seed: seed)
  }

  /// Where the participant with that index can be dialled. Participants are spread over many network groups, as
  /// machines on the internet are.
  public static func address(of index: Int) -> PeerAddress {
    PeerAddress(host: host(of: index), port: 47100)
  }

  static func host(of index: Int) -> String {
    var mixer = SplitMix64(seed: UInt64(index))
    let group = mixer.next()
    return "\(32 + group % 64).\((group >> 8) & 255).\((index >> 8) & 255).\(index & 255)"
  }

  func index(of address: PeerAddress) -> Int? {
    let parts = address.host.split(separator: ".").compactMap { Int($0) }
    guard address.port == 47100, parts.count == 4 else { return nil }
    let index = parts[2] << 8 | parts[3]
    return participants.indices.contains(index) && Self.host(of: index) == address.host ? index : nil
  }

  /// How many events are due.
  var pendingEvents: Int { events.count }

  // MARK: Trace

  func note(_ kind: TraceKind, _ one: Int, _ other: UInt64 = 0) {
    trace.mix(UInt64(kind.rawValue) << 56 | UInt64(truncatingIfNeeded: one))
    trace.mix(UInt64(bitPattern: clock))
    trace.mix(other)
  }

  func tell(_ line: @autoclosure () -> String) {
    guard let log else { return }
    let milliseconds = String(clock / 1000)
    log(String(repeating: " ", count: max(0, 8 - milliseconds.count)) + milliseconds + " ms  " + line())
  }
}

/// What watches a run: counts messages, notes deliveries, checks what must hold at every step.
public protocol Observer: AnyObject {
  /// A node sends a message.
  func sends(_ message: [UInt8], from node: VirtualNode, over link: UInt64)
  /// A node hands an entry to its disk.
  func persists(_ entry: SignedEntry, number: Int32, at node: VirtualNode)
  /// An own entry of a node is on its disk: from here on others may see it.
  func isDurable(_ sequence: UInt64, at node: VirtualNode)
  /// A node dies.
  func died(_ node: VirtualNode)
  /// A node ends a connection.
  func disconnects(_ cause: DisconnectCause, from participant: any Participant, at node: VirtualNode)
}
