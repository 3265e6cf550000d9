import Gossip
import Market
import NodeCrypto

/// What tells one node's state from another's, for whoever explores states.
extension NodeCore {
  /// Appends everything on which this node's next decisions depend besides its links and the clock: where the feeds end,
  /// from which book and trades follow, the entry under way, and the duties. Equal bytes are equal decisions.
  ///
  /// - Complexity: O(n log n) in the feeds and the duties.
  package func appendDecisionState(to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: mayWrite ? "w" : "-"))
    bytes += state.rawValue.utf8
    for (author, feed) in gossip.feeds.sorted {
      author.append(to: &bytes)
      feed.head.entry.append(to: &bytes)
      if exchange.doubted.contains(author) { bytes.append(1) }
    }
    bytes.append(UInt8(ascii: "/"))
    inFlight?.entry.id.append(to: &bytes)
    append(gossip.publishedOwnSequence, to: &bytes)
    append(UInt64(queue.count), to: &bytes)
    if state == .recovering { append(recoveryDeadline, to: &bytes) }
    var upcoming = nonces
    append(upcoming.next(), to: &bytes)
    append(exchange.book.time, to: &bytes)
    duties.appendState(to: &bytes)
  }
}

extension Duties {
  /// Appends what there is to do. What follows from the rest is left out.
  fileprivate func appendState(to bytes: inout [UInt8]) {
    for queue in [decide.waiting, copy.waiting, release.waiting, conclude.waiting] { append(queue, to: &bytes) }
    append(waiting.sorted(), to: &bytes)
    append(frees.legs, to: &bytes)
    append(undecided.values.flatMap { $0 }.sorted(), to: &bytes)
    append(moot.values.flatMap { $0 }.sorted(), to: &bytes)
    append(proposedTo.sorted(), to: &bytes)
    append(staleOwners.sorted(), to: &bytes)
    append(staleCheckedAt, to: &bytes)
    append(open.keys.sorted(), to: &bytes)
    append(owed.sorted(), to: &bytes)
    append(rematch.sorted(), to: &bytes)
    append(immediate.sorted(), to: &bytes)
    append(unmatched.sorted(), to: &bytes)
    append(spent.sorted(), to: &bytes)
    for (pair, until) in failures.sorted(by: { $0.key < $1.key }) {
      pair.own.append(to: &bytes)
      pair.counter.append(to: &bytes)
      append(until, to: &bytes)
    }
    for (trade, due) in answersDue {
      trade.append(to: &bytes)
      append(due, to: &bytes)
    }
    for known in silent.summary {
      known.maker.append(to: &bytes)
      append(UInt64(known.silences << 8 | known.rejects), to: &bytes)
      append(known.avoidedUntil, to: &bytes)
      append(known.rememberedUntil, to: &bytes)
    }
  }
}

private func append<Tag>(_ ids: [Identifier<Tag>], to bytes: inout [UInt8]) {
  append(UInt64(ids.count), to: &bytes)
  for id in ids { id.append(to: &bytes) }
}

private func append(_ time: Timestamp, to bytes: inout [UInt8]) {
  append(UInt64(bitPattern: time.milliseconds), to: &bytes)
}

private func append(_ value: UInt64, to bytes: inout [UInt8]) {
  for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
}
