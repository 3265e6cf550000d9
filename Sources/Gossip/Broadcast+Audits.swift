import Market
import NodeCrypto

/// A neighbour that did not do as it had said.
struct BrokenWord: Equatable, Sendable {
  let connection: UInt64
  let penalty: Penalty
}

/// Audits: whoever announces has to deliver.
///
/// A node that passes nothing on has the book for free, and takes a place at its neighbours that one who carries would
/// fill. Pushes show that a neighbour carries; but an honest one far from most authors may be lazy in all its cells, and
/// bring nothing as long as nothing is lost. Therefore a neighbour that has brought nothing while others have is asked
/// for the next entry that it announces, though it is here already. It cannot tell an audit from a graft.
///
/// | of late a neighbour has | it is |
/// |---|---|
/// | pushed entries of others that this node had not sent it | left alone |
/// | announced entries, and pushed none | audited |
/// | answered an audit | left alone, for as many entries as before the first |
/// | not answered one in time | penalised |
/// | neither pushed nor announced anything | silent: replaceable by another |
extension Broadcast {
  /// A neighbour has brought an entry of another author's.
  mutating func carried(_ connection: UInt64, now: Timestamp) {
    neighbours[connection]?.broughtAt = arrivals
    neighbours[connection]?.spokeAt = (arrivals, now)
  }

  /// A neighbour has announced an entry that is here: it is asked for it when it has brought nothing for long.
  mutating func audit(_ connection: UInt64, _ name: UInt64, now: Timestamp) {
    guard let neighbour = neighbours[connection], neighbour.takesAll else { return }
    neighbours[connection]?.spokeAt = (arrivals, now)
    guard neighbour.audit == nil, arrivals - neighbour.broughtAt >= parameters.auditEntries else { return }
    neighbours[connection]?.audit = name
    neighbours[connection]?.grafts.append(name)
    items[name]?.asked.insert(neighbour.slot)
    let leaves = now + parameters.reportMilliseconds
    reportDue = reportDue ?? leaves
    auditAlarms.append(name, at: leaves + parameters.promiseMilliseconds, promise: connection)
  }

  /// A neighbour has sent an entry, asked for or not.
  mutating func delivered(_ entry: EntryID, by connection: UInt64, now: Timestamp) {
    guard let audited = neighbours[connection]?.audit, audited == Self.name(of: entry) else { return }
    neighbours[connection]?.audit = nil
    carried(connection, now: now)
  }

  /// The neighbours of whose audits the time is over.
  mutating func failedAudits(now: Timestamp) -> [BrokenWord] {
    var failed: [BrokenWord] = []
    while let alarm = auditAlarms.popDue(now: now) {
      guard let peer = alarm.promise, neighbours[peer]?.audit == alarm.name else { continue }
      neighbours[peer]?.audit = nil
      failed.append(BrokenWord(connection: peer, penalty: .failedAudit))
    }
    return failed
  }

  /// The neighbours that have said nothing of entries for long, while others have, ascending.
  func silentNeighbours(now: Timestamp) -> [UInt64] {
    connections.filter { connection in
      guard let neighbour = neighbours[connection], neighbour.takesAll else { return false }
      return arrivals - neighbour.spokeAt.arrivals >= parameters.silentEntries
        && now - neighbour.spokeAt.time >= parameters.silentMilliseconds
    }
  }
}
