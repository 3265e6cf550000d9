import Market
import NodeCrypto
import Settlement

/// Part of a checkpoint, as it stands in an entry of its own: what the entries before `first` add up to, as far as any
/// entry from there on can still need it.
public struct CheckpointPart: Sendable {
  /// The sequence of the entry with the first part.
  public var first: UInt64
  /// What only the first part says.
  public var totals: CheckpointTotals?
  /// What this part restates.
  public var items: CheckpointItems
  /// Whether the checkpoint is complete with it.
  public var isLast: Bool

  /// A part with the given content.
  public init(first: UInt64, totals: CheckpointTotals?, items: CheckpointItems, isLast: Bool) {
    self.first = first
    self.totals = totals
    self.items = items
    self.isLast = isLast
  }
}

/// The sums that a checkpoint carries on.
public struct CheckpointTotals: Hashable, Sendable {
  /// What is left of the author's rate before the entry, in thousandths of an entry.
  public var rateLeft: Int64
  /// What the author's feed adds up to in its public record.
  public var counts: FeedCounts

  /// Totals with the given content.
  public init(rateLeft: Int64, counts: FeedCounts) {
    self.rateLeft = rateLeft
    self.counts = counts
  }
}

/// Where an order was placed in its author's feed.
public struct OrderPlace: Hashable, Comparable, Sendable {
  /// The entry's sequence.
  public let sequence: UInt64
  /// The operation's position in the entry, from 0.
  public let index: UInt32

  /// A place in a feed.
  public init(sequence: UInt64, index: UInt32) {
    self.sequence = sequence
    self.index = index
  }

  /// The earlier is the smaller.
  public static func < (left: Self, right: Self) -> Bool {
    left.sequence == right.sequence ? left.index < right.index : left.sequence < right.sequence
  }
}

/// What a checkpoint restates, or some of it.
public struct CheckpointItems: Sendable {
  /// A live order as it is.
  public struct LiveOrder: Hashable, Sendable {
    /// Where it was placed.
    public var place: OrderPlace
    /// What its priority goes by besides the author.
    public var time: Timestamp
    /// The place of its priority.
    public var priority: OrderPlace
    /// Its terms.
    public var body: OrderBody

    /// An order with the given content.
    public init(place: OrderPlace, time: Timestamp, priority: OrderPlace, body: OrderBody) {
      self.place = place
      self.time = time
      self.priority = priority
      self.body = body
    }
  }

  /// What is taken of a live order: of an offer in each of some slots, of a bid at all (then `slots` is nil).
  public struct Taking: Hashable, Sendable {
    /// Where the order was placed.
    public var place: OrderPlace
    /// GPUs.
    public var gpus: Int32
    /// The slots of an offer.
    public var slots: SlotRange?
  }

  /// What the author says of another node in its public record.
  public struct Complaint: Hashable, Sendable {
    /// The other node.
    public var node: NodeID
    /// Proposals of the author's that it did not answer, as maker.
    public var expiries: Int
    /// Holds of the author's for purchases of its own that it let lapse, as taker.
    public var lapses: Int

    /// A complaint with the given content.
    public init(node: NodeID, expiries: Int = 0, lapses: Int = 0) {
      self.node = node
      self.expiries = expiries
      self.lapses = lapses
    }
  }

  /// A purchase of the author's.
  public struct Purchase: Sendable {
    /// The terms of its legs, in their order.
    public var legs: [SignedTerms]
    /// Its confirm; nil of the open one.
    public var confirmed: (confirmation: SignedConfirmation, acceptances: [SignedAcceptance])?

    /// Its name.
    public var id: PurchaseID? { legs.first?.terms.leg?.purchase }
  }

  /// Live orders, ascending by place.
  public var orders: [LiveOrder] = []
  /// What is taken of them, ascending by place and slots.
  public var takings: [Taking] = []
  /// Own proposals that are neither released nor copied.
  public var proposals: [SignedTerms] = []
  /// Ascending by node.
  public var complaints: [Complaint] = []
  /// Accepts whose leases have not ended and of which the author has not seen the receipt in the taker's feed.
  public var accepts: [(terms: SignedTerms, decision: SignedAcceptance)] = []
  /// The open purchase, and the confirmed ones with a lease that has not been over for long.
  public var purchases: [Purchase] = []
  /// Accepts of legs that the author has neither settled nor freed.
  public var holds: [(terms: SignedTerms, decision: SignedAcceptance)] = []

  /// Nothing.
  public init() {}

  /// The number of all that is restated.
  public var count: Int {
    orders.count + takings.count + proposals.count + complaints.count + accepts.count + purchases.count + holds.count
  }

  mutating func append(_ other: CheckpointItems) {
    orders += other.orders
    takings += other.takings
    proposals += other.proposals
    complaints += other.complaints
    accepts += other.accepts
    purchases += other.purchases
    holds += other.holds
  }

  /// What is here and not in `other`: what is still to be written of a checkpoint that a crash interrupted.
  func subtracting(_ other: CheckpointItems) -> CheckpointItems {
    var rest = self
    let orders = Set(other.orders.map(\.place))
    rest.orders.removeAll { orders.contains($0.place) }
    let takings = Set(other.takings)
    rest.takings.removeAll { takings.contains($0) }
    let proposals = Set(other.proposals.map(\.bytes))
    rest.proposals.removeAll { proposals.contains($0.bytes) }
    let complaints = Set(other.complaints)
    rest.complaints.removeAll { complaints.contains($0) }
    let accepts = Set(other.accepts.map(\.decision.acceptance.trade))
    rest.accepts.removeAll { accepts.contains($0.decision.acceptance.trade) }
    let purchases = Set(other.purchases.map(\.id))
    rest.purchases.removeAll { purchases.contains($0.id) }
    let holds = Set(other.holds.map(\.decision.acceptance.trade))
    rest.holds.removeAll { holds.contains($0.decision.acceptance.trade) }
    return rest
  }
}
