import Market
import NodeCrypto

/// Keys that take over from others.
extension Exchange {
  /// Closes a feed: its open purchase comes to nothing, its orders are cancelled, and its record goes on with the new key.
  ///
  /// Of several keys that name the same new one the one counts that did so first by the times of the entries, then the
  /// smaller one: the same whichever feed comes first.
  mutating func rotate(to successor: NodeID, at place: Place, into changes: inout [Change]) {
    let author = place.author
    thaw(author, into: &changes)
    void(author, at: place.sequence, into: &changes)
    for id in authors[author]?.state.orders.live.ids.sorted() ?? [] { cancel(id, at: place, into: &changes) }
    successors[author] = (successor, place.time)
    if let time = handoverTimes[successor], let held = predecessors[successor],
      (time, held) <= (place.time, author)
    {
      return
    }
    handoverTimes[successor] = place.time
    predecessors[successor] = author
    refreshRecord(of: successor, into: &changes)
    changes.append(.handedOver(to: successor))
  }

  /// A proof that names a place past the end of a closed feed proves nothing: whoever holds the old key could sign there
  /// whatever it wants, and the feed is not its owner's any more.
  private mutating func thaw(_ author: NodeID, into changes: inout [Change]) {
    guard frozen.remove(author) != nil else { return }
    count(author, into: &changes)
    for (node, complaint) in (authors[author]?.state.complaints ?? [:]).sorted(by: { $0.key < $1.key }) {
      count(complaint, insteadOf: nil, of: node, by: author, into: &changes)
    }
  }

  /// Adds up the record of a key, and of those after it, from the records of single keys.
  mutating func refreshRecord(of node: NodeID, into changes: inout [Change]) {
    var next: NodeID? = node
    for _ in 0...Predecessors.maximumCount {
      guard let key = next else { return }
      var sum = PublicRecord()
      for name in predecessors.names(of: key) { if let own = ownRecords[name] { sum.add(own) } }
      if records[key] ?? PublicRecord() != sum {
        // A node without anything to count has no record, so that equal records are equal dictionaries.
        records[key] = sum == PublicRecord() ? nil : sum
        changes.append(.record(key))
      }
      next = (successors[key]?.key).flatMap { predecessors[$0] == key ? $0 : nil }
    }
  }
}
