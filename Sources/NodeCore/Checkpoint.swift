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
  /// Trades that the author accepted, or proposed and got the receipt of.
  public var settled: Int
  /// Proposals that the author declined though their terms were right.
  public var failed: Int

  /// Totals with the given content.
  public init(rateLeft: Int64, settled: Int, failed: Int) {
    self.rateLeft = rateLeft
    self.settled = settled
    self.failed = failed
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

  /// How often the author took a proposal to a maker back after a closure.
  public struct Complaint: Hashable, Sendable {
    /// The maker.
    public var maker: NodeID
    /// Releases after a closure.
    public var releases: Int
  }

  /// Live orders, ascending by place.
  public var orders: [LiveOrder] = []
  /// What is taken of them, ascending by place and slots.
  public var takings: [Taking] = []
  /// Own proposals that are neither released nor copied.
  public var proposals: [SignedTerms] = []
  /// Ascending by maker.
  public var complaints: [Complaint] = []
  /// Accepts whose leases have not ended and of which the author has not seen the receipt in the taker's feed.
  public var accepts: [(terms: SignedTerms, decision: SignedAcceptance)] = []

  /// Nothing.
  public init() {}

  /// The number of all that is restated.
  public var count: Int { orders.count + takings.count + proposals.count + complaints.count + accepts.count }

  mutating func append(_ other: CheckpointItems) {
    orders += other.orders
    takings += other.takings
    proposals += other.proposals
    complaints += other.complaints
    accepts += other.accepts
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
    return rest
  }
}

/// What is taken of one order, exactly: of an offer a sum of rectangles, of a bid a number.
///
/// A calendar is kept as the slots at which the number of used GPUs changes, ascending, none by 0. With `k` of them every
/// operation is O(k).
struct Taken: Equatable, Sendable {
  private struct Step: Equatable, Sendable {
    let slot: Int64
    var change: Int64
  }

  private var gpus: Int64 = 0
  private var steps: [Step] = []

  var isNothing: Bool { gpus == 0 && steps.isEmpty }

  /// Takes GPUs of a bid, or puts them back where negative.
  mutating func add(_ gpus: Int64) { self.gpus &+= gpus }

  /// Takes GPUs of an offer in some slots, or puts them back where negative.
  mutating func add(_ gpus: Int64, _ slots: SlotRange) {
    shift(at: slots.start.index, by: gpus)
    shift(at: slots.end.index, by: 0 &- gpus)
  }

  private mutating func shift(at slot: Int64, by change: Int64) {
    let index = firstStep(from: slot)
    guard index < steps.count, steps[index].slot == slot else {
      steps.insert(Step(slot: slot, change: change), at: index)
      return
    }
    steps[index].change &+= change
    if steps[index].change == 0 { steps.remove(at: index) }
  }

  /// The index of the first step at `slot` or later, by binary search.
  private func firstStep(from slot: Int64) -> Int {
    var (low, high) = (0, steps.count)
    while low < high {
      let middle = (low + high) / 2
      if steps[middle].slot >= slot { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Each run of slots with what is taken in it, ascending; of a bid all that is taken, with nil.
  func forEachRun(isBid: Bool, _ body: (_ gpus: Int64, _ slots: SlotRange?) -> Void) {
    if isBid {
      if gpus != 0 { body(gpus, nil) }
      return
    }
    var used: Int64 = 0
    for (step, next) in zip(steps, steps.dropFirst()) {
      used &+= step.change
      if used != 0 { body(used, SlotRange(start: Slot(step.slot), end: Slot(next.slot))) }
    }
  }

  /// The same as takings of the order at `place`. More put back than taken, which only a dishonest checkpoint leads to,
  /// has no expression and is left out.
  func takings(of place: OrderPlace, isBid: Bool) -> [CheckpointItems.Taking] {
    var out: [CheckpointItems.Taking] = []
    forEachRun(isBid: isBid) { gpus, slots in
      guard gpus > 0 else { return }
      Self.forEachPiece(of: gpus) { out.append(CheckpointItems.Taking(place: place, gpus: $0, slots: slots)) }
    }
    return out
  }

  /// Splits a number into pieces of the size that GPUs are counted in.
  static func forEachPiece(of gpus: Int64, _ body: (Int32) -> Void) {
    var rest = gpus
    while rest != 0 {
      let piece = Int32(clamping: max(rest, -Int64(Int32.max)))
      body(piece)
      rest -= Int64(piece)
    }
  }
}
