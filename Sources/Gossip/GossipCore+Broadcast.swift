import Market
import NodeCrypto
import Wire

/// New entries on their way out, and what peers say of entries by name.
extension GossipCore {
  /// Passes on an entry that has been appended to its feed.
  ///
  /// - Parameter counterparties: nodes whose trades are in it; they get it first.
  mutating func spread(
    _ entry: SignedEntry, urgentFor counterparties: [NodeID], now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let pushes = broadcast.spread(entry, now: now) { [peers, antiEntropy] connection in
      guard let peer = peers[connection]?.node else { return true }
      return peer == entry.author || antiEntropy.holds(peer, author: entry.author, sequence: entry.sequence)
    }
    guard !pushes.isEmpty else { return }
    let bytes = Self.push(entry)
    let urgent = counterparties.compactMap { connectionByNode[$0] }
    for connection in urgent where pushes.contains(connection) {
      effects.append(.send(connection: connection, message: bytes, priority: .urgent))
    }
    for connection in pushes where !urgent.contains(connection) {
      effects.append(.send(connection: connection, message: bytes, priority: .entry))
    }
  }

  private static func push(_ entry: SignedEntry) -> [UInt8] {
    var message = WirePush()
    message.entries = [entry.wire]
    return encode(.push(message))
  }

  mutating func receivedTree(
    _ tree: WireTree, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let count = tree.announcements.count + tree.duplicates.count + tree.grafts.count
    guard count <= broadcast.parameters.idsPerMessage else {
      punish(
        peer.connection, "\(count) names of entries; allowed: \(broadcast.parameters.idsPerMessage)", now: now,
        into: &effects)
      return
    }
    broadcast.announced(tree.announcements, by: peer.connection, now: now)
    broadcast.reportedDuplicates(tree.duplicates, by: peer.connection)
    for item in broadcast.requested(tree.grafts, by: peer.connection) {
      if let entry = item.entry {
        // The announcement promised it.
        effects.append(.send(connection: peer.connection, message: Self.push(entry), priority: .answer))
      } else {
        // It is not at hand any more. Nobody awaits an answer of this number; what it brings counts all the same.
        let range = FeedRange(author: item.author, from: item.sequence, through: item.sequence)
        effects.append(.serve(connection: peer.connection, request: 0, ranges: [range]))
      }
    }
  }

  /// Sends what the broadcast has to say of entries by name.
  mutating func broadcastTimer(now: Timestamp, into effects: inout [GossipEffect]) {
    let (messages, broken) = broadcast.timer(now: now)
    for message in messages {
      var tree = WireTree()
      tree.announcements = message.announcements
      tree.duplicates = message.duplicates
      tree.grafts = message.grafts
      send(
        .tree(tree), to: message.connection, priority: message.grafts.isEmpty ? .announcement : .answer,
        into: &effects)
    }
    for word in broken {
      guard let peer = peers[word.connection] else { continue }
      penalize(peer.node, word.penalty, now: now, into: &effects)
    }
    guard nextSilence <= now else { return }
    nextSilence = now + parameters.views.silenceCheckMilliseconds
    let silent = broadcast.silentNeighbours(now: now).compactMap { peers[$0]?.node }
    update(now: now, into: &effects) { membership, actions in
      membership.noteSilent(silent, now: now, into: &actions)
    }
  }
}
