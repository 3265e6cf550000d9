import Market
import NodeCrypto
import Settlement

/// Public records: what each author's own feed adds up to, and what others' feeds say of it.
extension Exchange {
  /// What the feeds say of how a node has kept its word.
  func record(of node: NodeID) -> PublicRecord {
    var record = records[node] ?? PublicRecord()
    record.proofs = predecessors.names(of: node).reduce(0) { $0 + proofCount(against: $1) }
    return record
  }

  /// How many proofs of fraud name a node.
  func proofCount(against node: NodeID) -> Int { frozen.contains(node) ? 1 : 0 }

  /// Takes what the feed of `author` adds up to into its record; a frozen feed says nothing.
  mutating func count(_ author: NodeID, into changes: inout [Change]) {
    let own = frozen.contains(author) ? FeedCounts() : authors[author]?.state.counts ?? FeedCounts()
    change(author, into: &changes) { $0.own = own }
  }

  /// Notes in the feed of `author` what it says of another node, and counts it.
  mutating func complain(
    of node: NodeID, expiries: Int = 0, lapses: Int = 0, by author: NodeID, into changes: inout [Change]
  ) {
    let complaint = AuthorState.Complaint(expiries: expiries, lapses: lapses)
    guard authors[author]?.state.complain(of: node, complaint) == true else { return }
    count(complaint, insteadOf: nil, of: node, by: author, into: &changes)
  }

  /// Counts what the feed of `author` says of another node, in place of what it said before; a frozen feed says nothing.
  mutating func count(
    _ new: AuthorState.Complaint?, insteadOf old: AuthorState.Complaint?, of node: NodeID, by author: NodeID,
    into changes: inout [Change]
  ) {
    guard !frozen.contains(author) else { return }
    let (new, old) = (new ?? AuthorState.Complaint(), old ?? AuthorState.Complaint())
    change(node, into: &changes) {
      $0.expiries += new.expiries - old.expiries
      $0.holdsLapsed += new.lapses - old.lapses
    }
  }

  private mutating func change(
    _ node: NodeID, into changes: inout [Change], _ body: (inout PublicRecord) -> Void
  ) {
    var record = ownRecords[node] ?? PublicRecord()
    body(&record)
    ownRecords[node] = record == PublicRecord() ? nil : record
    refreshRecord(of: node, into: &changes)
  }
}

extension RejectCounts {
  /// The count of one reason.
  subscript(reason: RejectReason) -> Int {
    get { self[keyPath: Self.path(reason)] }
    set { self[keyPath: Self.path(reason)] = newValue }
  }

  private static func path(_ reason: RejectReason) -> WritableKeyPath<RejectCounts, Int> {
    switch reason {
    case .orderClosed: \.orderClosed
    case .noCapacity: \.noCapacity
    case .badTerms: \.badTerms
    case .stopping: \.stopping
    case .noHold: \.noHold
    }
  }
}

/// Whether an author may have one more order open, or a larger one.
enum OrderRoom: Equatable, Sendable {
  case enough
  /// It has as many orders as anybody may have.
  case tooManyOrders
  /// It is a newcomer, and has so many GPUs in other orders.
  case newcomer(openGPUs: Int64)
}

extension AuthorState {
  /// Whether an order fits into what the author may have open; as the new terms of `replaced`, if that is given.
  func room(for body: OrderBody, replacing replaced: OrderID? = nil, limits: GenesisLimits) -> OrderRoom {
    let old = replaced.flatMap { orders.live[$0] }
    if old == nil, orders.live.count >= limits.openOrdersPerAuthor { return .tooManyOrders }
    guard counts.settled < limits.newcomerTrades else { return .enough }
    if let old, body.gpus <= old.gpus { return .enough }
    let others = orders.gpus - Int64(old?.gpus ?? 0)
    return others + Int64(body.gpus) <= limits.newcomerGPUs ? .enough : .newcomer(openGPUs: others)
  }
}

extension Exchange {
  /// Whether an order of `author` fits into what it may have open at `time`. Changes nothing: the limits go by the times
  /// of entries, and at `time` there may never be one.
  func room(
    for body: OrderBody, replacing replaced: OrderID? = nil, of author: NodeID, at time: Timestamp
  ) -> OrderRoom {
    var state = authors[author]?.state ?? AuthorState()
    let room = state.room(for: body, replacing: replaced, limits: genesis.limits)
    guard room != .enough else { return room }
    state.orders.expire(at: time)
    return state.room(for: body, replacing: replaced, limits: genesis.limits)
  }
}
