import Market
import NodeCrypto

/// Whom to dial, and when.
extension Membership {
  /// Whether an address may be dialled now.
  func isDialable(_ address: PeerAddress, now: Timestamp) -> Bool {
    guard let record = book[address] else { return false }
    return isCandidate(record, now: now) && !(record.node.map { score.isBanned($0, now: now) } ?? false)
  }

  /// Whether it is time to dial an address, and its node is neither connected nor paused.
  private func isCandidate(_ record: AddressBook.Record, now: Timestamp) -> Bool {
    record.nextDial <= now && isFree(record) && !(record.node.map { isPaused($0, now: now) } ?? false)
  }

  /// Whether there is neither a connection nor a dial to it.
  private func isFree(_ record: AddressBook.Record) -> Bool {
    dials[record.address] == nil && contactByAddress[record.address] == nil
      && record.node.map { contacts[$0] == nil } ?? true
  }

  mutating func dial(
    _ address: PeerAddress, _ purpose: DialPurpose, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    guard dials.count < parameters.dialling.maximumDials,
      contacts.count + dials.count < parameters.views.maximumConnections
    else { return }
    dials[address] = Dial(purpose: purpose, since: now)
    actions.append(.dial(address))
  }

  /// Dials what is missing; returns when to look again.
  mutating func planDials(now: Timestamp, into actions: inout [MembershipAction]) -> Timestamp {
    for test in book.tests where isDialable(test.incumbent, now: now) {
      dial(test.incumbent, .probe, now: now, into: &actions)
    }
    if degree < parameters.views.softLimit {
      for item in lost where isDialable(item.address, now: now) { dial(item.address, .lost, now: now, into: &actions) }
    }
    var isShort = false
    for _ in 0..<max(0, missingRandom(now: now) - underWay(.random, now: now)) {
      guard let address = nextRandom(now: now) else {
        isShort = true
        break
      }
      dial(address, .random, now: now, into: &actions)
    }
    var next = planProbe(now: now, into: &actions)
    for dial in dials.values where dial.since + parameters.dialling.slowDialMilliseconds > now {
      next = min(next, dial.since + parameters.dialling.slowDialMilliseconds)
    }
    for item in lost { if let record = book[item.address], isFree(record) { next = min(next, record.nextDial) } }
    if isShort { next = min(next, nextCandidate(now: now), askCounterparty(now: now, into: &actions)) }
    return next
  }

  /// Asks for a link of the overlay over a direct one when there is none and nobody to dial: the counterparty may be the
  /// only node that this one can reach. Returns when to ask again.
  private mutating func askCounterparty(now: Timestamp, into actions: inout [MembershipAction]) -> Timestamp {
    guard degree == 0, requested(.random) == 0,
      let node = contacts.values.filter({ $0.link == .direct }).map(\.node).min()
    else { return .maximum }
    if nextAsking <= now {
      nextAsking = now + jittered(parameters.dialling.refusedMilliseconds)
      contacts[node]?.unlinkedSince = now
      request(.random, of: node, now: now, into: &actions)
    }
    return nextAsking
  }

  /// Dials for a purpose that are not slow, and connections that are still to show what they are good for.
  private func underWay(_ purpose: DialPurpose, now: Timestamp) -> Int {
    dials.values.reduce(0) { count, dial in
      let isYoung = now - dial.since < parameters.dialling.slowDialMilliseconds
      return count + (dial.purpose == purpose && isYoung ? 1 : 0)
    }
      + contacts.values.reduce(0) { count, contact in
        count + (contact.purpose == purpose && contact.phase == .open && purpose == .probe ? 1 : 0)
      }
  }

  /// The next address for a random link: of those at hand one in a group to which this node has the fewest links that it
  /// opened, so that many addresses in few groups do not get all of them.
  private mutating func nextRandom(now: Timestamp) -> PeerAddress? {
    var groups: [NetworkGroup: Int] = [:]
    for contact in contacts.values where contact.direction == .outbound { groups[contact.group, default: 0] += 1 }
    for dialled in dials.keys { groups[NetworkGroup(dialled), default: 0] += 1 }
    if let address = best(of: groups, now: now) { return address }
    refill(now: now)
    return best(of: groups, now: now)
  }

  private mutating func best(of groups: [NetworkGroup: Int], now: Timestamp) -> PeerAddress? {
    var best: (count: Int, address: PeerAddress)?
    for address in passive.shuffled(using: &generator) where isDialable(address, now: now) {
      let count = groups[NetworkGroup(address)] ?? 0
      if count == 0 { return address }
      if best.map({ count < $0.count }) ?? true { best = (count, address) }
    }
    return best?.address
  }

  /// Draws addresses of the book into the passive view; with few links the bootstrap addresses, too: newcomers that know
  /// only each other would stay apart from the others for ever.
  mutating func refill(now: Timestamp) {
    passive = passive.filter { address in book[address].map { isFree($0) } ?? false }
    if degree < parameters.views.randomTarget {
      for address in book.bootstrap where !passive.contains(address) { putAtHand(address) }
    }
    var chance = generator
    defer { generator = chance }
    for _ in passive.count..<max(passive.count, parameters.views.passiveCount) {
      let drawn = book.draw(using: &chance) { record in
        isCandidate(record, now: now) && !passive.contains(record.address)
      }
      guard let drawn else { break }
      passive.append(drawn.address)
    }
  }

  /// When one of the addresses at hand may be dialled, or it is time to look into the book again.
  private func nextCandidate(now: Timestamp) -> Timestamp {
    var next = book.count > contactByAddress.count ? now + parameters.dialling.firstBackoffMilliseconds : .maximum
    for address in passive {
      if let record = book[address], isFree(record), record.nextDial > now { next = min(next, record.nextDial) }
    }
    return next
  }

  // MARK: Probes

  /// Measures a candidate when it is time. Probes are fast while near links are missing, then as long as they find nearer
  /// ones, and slow down when they do not.
  private mutating func planProbe(now: Timestamp, into actions: inout [MembershipAction]) -> Timestamp {
    // Without a link the node joins first; without other addresses there is nobody to measure.
    guard degree > 0, book.count > contactByAddress.count else { return .maximum }
    let isMissing = isMissingNear
    let span = isMissing ? parameters.nearness.urgentProbeMilliseconds : probeSpan
    if isMissing { nextProbe = min(nextProbe, now + span) }
    guard nextProbe <= now else { return nextProbe }
    let limit = isMissing ? parameters.views.nearTarget : 1
    guard underWay(.probe, now: now) < limit else {
      nextProbe = now + span
      return nextProbe
    }
    var chance = generator
    let candidate = book.draw(using: &chance) { record in
      isCandidate(record, now: now)
        && !(record.node.map { measured.isFresh($0, now: now, nearness: parameters.nearness) } ?? false)
    }
    generator = chance
    guard let candidate = candidate?.address ?? remeasurable(isMissing, now: now) else {
      // There is nobody to measure before somebody new is heard of.
      nextProbe = now + max(span, parameters.dialling.firstBackoffMilliseconds)
      return nextProbe
    }
    probeCount += 1
    dial(candidate, .probe, now: now, into: &actions)
    nextProbe = now + jittered(span)
    return nextProbe
  }

  /// While near links are missing, one that was measured before will do.
  private mutating func remeasurable(_ isMissing: Bool, now: Timestamp) -> PeerAddress? {
    guard isMissing else { return nil }
    var chance = generator
    defer { generator = chance }
    return book.draw(using: &chance) { isCandidate($0, now: now) }?.address
  }
}
