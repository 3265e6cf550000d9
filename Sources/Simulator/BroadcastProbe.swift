import Gossip
import Market
import NodeCore
import NodeCrypto

/// Measures how entries spread: when each reaches each node, and what messages it takes.
public final class BroadcastProbe: Observer {
  /// Spans from the moment at which the author's entry was durable to that at which a node had it in its feed.
  public private(set) var delivery = Histogram()
  /// The same from the moment the measurement was last split.
  public private(set) var recent = Histogram()
  /// The messages of all nodes.
  public private(set) var messages = MessageProbe()
  /// Entries that were published.
  public private(set) var published = 0

  /// When a node last took an entry, in microseconds of the clock.
  public private(set) var lastDelivery: Int64 = 0

  private unowned let network: VirtualNetwork
  /// When each entry of the pool was published; -1 for those that do not count.
  private var publishedAt: ContiguousArray<Int64> = []
  private var numbers: [NodeID: EntryNumber] = [:]
  private var isMeasuring = false
  /// Deliveries still due of what was published while measuring.
  private var due: Int64 = 0
  /// Nodes that are to get each entry.
  public var audience: Int

  /// A probe of a network, on which it is to be set as observer.
  public init(network: VirtualNetwork, audience: Int) {
    self.network = network
    self.audience = audience
  }

  /// Begins to measure: what was published before does not count.
  public func begin() {
    messages = MessageProbe()
    delivery = Histogram()
    recent = Histogram()
    published = 0
    due = 0
    isMeasuring = true
  }

  /// Ends the measurement: what is published from here on does not count, what is under way does.
  public func end() { isMeasuring = false }

  /// Begins ``recent`` anew.
  public func split() { recent = Histogram() }

  /// Deliveries that have not come yet.
  public var missing: Int64 { due - delivery.count }

  /// Deliveries that were expected: each entry at each node but its author.
  public var expected: Int64 { due }

  /// Counts a message.
  public func sends(_ message: [UInt8], from node: VirtualNode, over link: UInt64) {
    if node.isHonest { messages.count(message) }
  }

  /// Notes an own entry, or a delivery.
  public func persists(_ entry: SignedEntry, number: Int32, at node: VirtualNode) {
    guard node.isHonest else { return }
    lastDelivery = network.clock
    guard entry.author != node.nodeID else {
      numbers[entry.author] = number
      return
    }
    guard Int(number) < publishedAt.count, publishedAt[Int(number)] >= 0 else { return }
    let span = (network.clock - publishedAt[Int(number)] + 500) / 1000
    delivery.add(span)
    recent.add(span)
  }

  /// An entry is published.
  public func isDurable(_ sequence: UInt64, at node: VirtualNode) {
    guard isMeasuring, node.isHonest, let number = numbers[node.nodeID] else { return }
    while publishedAt.count <= Int(number) { publishedAt.append(-1) }
    publishedAt[Int(number)] = network.clock
    published += 1
    due += Int64(audience - 1)
  }

  /// Not measured.
  public func died(_ node: VirtualNode) {}

  /// Not measured.
  public func disconnects(_ cause: DisconnectCause, from participant: any Participant, at node: VirtualNode) {}
}
