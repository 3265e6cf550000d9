import Gossip
import Market
import NodeCrypto
import Settlement

/// Handing the own feed over to another key.
extension NodeCore {
  /// Whether the own feed has ended: nothing is written any more under this key.
  var isOwnFeedClosed: Bool { gossip.feeds.feed(of: own)?.isClosed == true }

  /// What the new key has to sign to take over: the place of the next own entry.
  public var nextHandover: Handover {
    let head = gossip.feeds.head(of: own)
    return Handover(author: own, sequence: head.sequence + 1, previous: head.entry)
  }

  /// The key that the last entry of `key`'s feed names, and that entry's time; nil when the feed goes on or is not known.
  public func successor(of key: NodeID) -> (key: NodeID, time: Timestamp)? { exchange.successors[key] }

  /// The keys from which `key` took over, the newest first.
  public func predecessors(of key: NodeID) -> [NodeID] { Array(exchange.predecessors.names(of: key).dropFirst()) }

  /// The own key and those from which it took over, the newest first.
  public var ownKeys: [NodeID] { exchange.predecessors.names(of: own) }

  /// Whether `key` is the own one, or one from which it took over.
  public func isOwn(_ key: NodeID) -> Bool { key == own || ownKeys.contains(key) }

  /// Takes a handover: refuses it at once, or keeps it for the next entry.
  mutating func take(_ signed: SignedHandover, id: CommandID, into effects: inout [NodeEffect]) {
    if let refusal = refusal(of: signed) {
      effects.append(.rotated(id, .failure(refusal)))
    } else {
      refuseRotation(.staleHandover(sequence: nextHandover.sequence), into: &effects)
      rotation = (id, signed)
    }
  }

  private func refusal(of signed: SignedHandover) -> CommandRefusal? {
    guard state == .running else { return .notWriting(state) }
    if let storeTrouble { return .storeFailing(storeTrouble) }
    guard signed.successor != own, signed.isValid(network: genesis.networkID) else {
      return .badHandover(successor: signed.successor)
    }
    guard signed.handover == nextHandover, !isWritingCheckpoint else {
      return .staleHandover(sequence: nextHandover.sequence)
    }
    let open = openBeforeRotation
    return open.isEmpty ? nil : .stillOpen(open)
  }

  /// What has to be decided before the own feed can end, in words.
  private var openBeforeRotation: String {
    guard let state = exchange.authors[own]?.state else { return "" }
    let counts = [
      ("own proposals", state.proposals.count), ("an own purchase", state.purchase == nil ? 0 : 1),
      ("holds for others' purchases", state.holds.count),
      ("others' proposals", duties.decide.count + duties.conclude.count),
    ]
    return counts.filter { $0.1 > 0 }.map { $0.1 == 1 && $0.0.hasPrefix("an ") ? $0.0 : "\($0.1) \($0.0)" }
      .joined(separator: ", ")
  }

  /// Writes the last entry of the own feed when a handover waits for it and may still be; false otherwise.
  mutating func writeRotation(now: Timestamp, into effects: inout [NodeEffect]) -> Bool {
    guard let (id, signed) = rotation else { return false }
    rotation = nil
    // Checked again: what has come meanwhile counts.
    if let refusal = refusal(of: signed) {
      effects.append(.rotated(id, .failure(refusal)))
      return false
    }
    let head = gossip.feeds.head(of: own)
    let operations = [Operation.rotate(signed)]
    let entry = SignedEntry(
      after: head, time: max(now, head.time), payload: codec.encode(operations[0]), identity: identity,
      network: genesis.networkID)
    gossip.appendOwn(entry, role: OperationCodec.role(of: operations, in: entry))
    var changes: [Change] = []
    apply(entry, operations: operations, into: &changes)
    consider(changes)
    inFlight = InFlightEntry(entry: entry, counterparties: [], replies: [], rotation: id)
    effects.append(.persist(entry, operations))
    closed(into: &effects)
    return true
  }

  /// The own feed has ended: what still waits is refused. What is under way is still written.
  mutating func closed(into effects: inout [NodeEffect]) {
    guard state == .recovering || state == .running else { return }
    state = .rotated
    for waiting in queue { effects.append(.reply(waiting.id, .failure(.notWriting(.rotated)))) }
    queue = []
    refuseRotation(.notWriting(.rotated), into: &effects)
  }

  /// Refuses a handover that waits.
  mutating func refuseRotation(_ refusal: CommandRefusal, into effects: inout [NodeEffect]) {
    guard let waiting = rotation else { return }
    rotation = nil
    effects.append(.rotated(waiting.id, .failure(refusal)))
  }
}
