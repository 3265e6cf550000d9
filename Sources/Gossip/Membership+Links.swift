import Market
import NodeCrypto

/// Asking for links, granting them and giving them up.
extension Membership {
  // MARK: Asking

  /// What to do with a connection that this node has just opened.
  mutating func begin(_ node: NodeID, now: Timestamp, into actions: inout [MembershipAction]) {
    guard let contact = contacts[node] else { return }
    switch contact.purpose {
    case .direct(let wanted) where wanted == node: request(.direct, of: node, now: now, into: &actions)
    case .lost where degree < parameters.views.softLimit: request(.random, of: node, now: now, into: &actions)
    case .random where missingRandom(now: now) > 0: request(.random, of: node, now: now, into: &actions)
    default:
      // Its round trip will show what it is good for.
      break
    }
  }

  mutating func request(_ kind: LinkKind, of node: NodeID, now: Timestamp, into actions: inout [MembershipAction]) {
    guard let contact = contacts[node] else { return }
    contacts[node]?.phase = .requested(kind)
    contacts[node]?.isOwnRequest = true
    let isUrgent = degree == 0 && kind != .direct
    let roundTrip = contact.roundTripMilliseconds ?? 0
    actions.append(.send(.neighbour(kind, isUrgent: isUrgent, roundTripMilliseconds: roundTrip), to: node))
    if isUrgent, nextJoin <= now {
      nextJoin = now + parameters.walks.joinMilliseconds
      actions.append(.send(.join, to: node))
    }
  }

  /// A candidate that this node dialled has been measured: it becomes a link if one is missing, or if it is clearly nearer
  /// than one of those there are.
  mutating func judge(_ node: NodeID, now: Timestamp, into actions: inout [MembershipAction]) {
    guard let contact = contacts[node], let roundTrip = contact.roundTripMilliseconds else { return }
    if direct.isWanted(node) {
      request(.direct, of: node, now: now, into: &actions)
    } else if missingRandom(now: now) > 0 {
      request(.random, of: node, now: now, into: &actions)
    } else if isMissingNear {
      let isRefused = nearRefusals >= parameters.nearness.maximumRefusals
      request(isRefused ? .random : .near, of: node, now: now, into: &actions)
    } else if let worst = worstNear(now: now, where: { _ in true }), isClearlyNearer(roundTrip, than: worst) {
      request(.near, of: node, now: now, into: &actions)
    } else if probeCount % parameters.nearness.probesPerRotation == 0,
      probeSpan > parameters.nearness.probeMilliseconds,
      degree < parameters.views.softLimit, rotationVictim(except: node) != nil
    {
      contacts[node]?.isRotation = true
      request(.random, of: node, now: now, into: &actions)
    } else {
      if probeCount > parameters.nearness.firstProbes {
        probeSpan = min(2 * probeSpan, parameters.nearness.slowestProbeMilliseconds)
        nextProbe = max(nextProbe, now + jittered(probeSpan))
      }
      close(node, .probed, addresses: nil, now: now, into: &actions)
    }
  }

  /// Whether there are fewer near links than there should be, or random ones in their place.
  var isMissingNear: Bool {
    let speaking = neighbours.filter { !$0.isSilent }
    let near = speaking.count { $0.link == .near }
    guard near + requested(.near) < parameters.views.nearTarget else { return false }
    let links = speaking.count + requested(.near) + requested(.random)
    return nearRefusals < parameters.nearness.maximumRefusals
      || links < parameters.views.randomTarget + parameters.views.nearTarget
  }

  func requested(_ kind: LinkKind) -> Int { contacts.values.reduce(0) { $0 + ($1.request == kind ? 1 : 0) } }

  /// Random links that are missing and not under way.
  func missingRandom(now: Timestamp) -> Int {
    let strength = randomStrength(withRequested: true)
    return max(
      parameters.views.randomTarget - strength.all, parameters.views.randomOutboundTarget - strength.outbound)
  }

  /// How many random links count: those that this node opened, and of inbound ones one for each network group. Many
  /// identities in one group do not make a node feel well connected.
  private func randomStrength(withRequested: Bool) -> (all: Int, outbound: Int) {
    var outbound = 0
    var groups: Set<NetworkGroup> = []
    for contact in contacts.values where !contact.isSilent {
      guard contact.link == .random || withRequested && contact.request == .random else { continue }
      if contact.direction == .outbound { outbound += 1 } else { groups.insert(contact.group) }
    }
    return (outbound + groups.count, outbound)
  }

  // MARK: Granting

  /// A peer asks for a link.
  mutating func receivedRequest(
    _ kind: LinkKind, isUrgent: Bool, roundTripMilliseconds: Int64, from node: NodeID, now: Timestamp,
    into actions: inout [MembershipAction]
  ) {
    guard let contact = contacts[node] else { return }
    if contact.link != nil, kind == .direct {
      actions.append(.send(.neighbourAnswer(isAccepted: true, addresses: []), to: node))
      return
    }
    guard kind == .direct || !isPaused(node, now: now) else {
      refuse(node, isUrgent: isUrgent, now: now, into: &actions)
      return
    }
    let claimed = roundTripMilliseconds > 0 ? roundTripMilliseconds : nil
    let roundTrip = contact.roundTripMilliseconds ?? claimed
    if contact.link == nil || contact.link == .direct {
      guard makePlace(for: kind, isUrgent: isUrgent, roundTrip: roundTrip, now: now, into: &actions) else {
        refuse(node, isUrgent: isUrgent, now: now, into: &actions)
        return
      }
    }
    let count = isUrgent ? parameters.walks.maximumAddresses : parameters.walks.acceptedAddresses
    let addresses = giveAway(count, to: node, isNewcomer: isUrgent, now: now)
    actions.append(.send(.neighbourAnswer(isAccepted: true, addresses: addresses), to: node))
    establish(node, kind, now: now, into: &actions)
    plan(now: now, into: &actions)
  }

  private mutating func refuse(
    _ node: NodeID, isUrgent: Bool, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    let addresses = giveAway(parameters.walks.maximumAddresses, to: node, isNewcomer: isUrgent, now: now)
    actions.append(.send(.neighbourAnswer(isAccepted: false, addresses: addresses), to: node))
    guard contacts[node]?.link == nil else { return }
    close(node, .refused, addresses: nil, now: now, into: &actions)
  }

  /// Whether a link of this kind can be granted; one that has to go for it goes.
  private mutating func makePlace(
    for kind: LinkKind, isUrgent: Bool, roundTrip: Int64?, now: Timestamp, into actions: inout [MembershipAction]
  ) -> Bool {
    if kind == .direct {
      let inbound = contacts.values.reduce(0) { $0 + ($1.link == .direct && !$1.isOwnRequest ? 1 : 0) }
      return inbound < parameters.direct.maximumInbound
    }
    // Whoever has links missing takes any; that makes a small network a full mesh.
    if degree < parameters.views.randomTarget + parameters.views.nearTarget { return true }
    if degree < parameters.views.softLimit, kind == .random || count(of: .near) < parameters.views.nearLimit {
      return true
    }
    if kind == .near, let roundTrip,
      let worst = worstNear(now: now, where: { $0.direction == .inbound }), isClearlyNearer(roundTrip, than: worst)
    {
      giveUp(worst.node, .replaced, now: now, into: &actions)
      return true
    }
    if replaceSilent(now: now, into: &actions) { return true }
    guard isUrgent else { return false }
    let inbound = neighbours.filter { $0.direction == .inbound }
    if inbound.count < parameters.views.inboundLimit { return true }
    guard nextEviction <= now else { return false }
    let candidates = inbound.filter { !direct.isWanted($0.node) }.map { contact in
      EvictionPolicy.Candidate(
        node: contact.node, group: contact.group, roundTripMilliseconds: contact.roundTripMilliseconds,
        lastUseful: contact.lastUseful, since: contact.since)
    }
    guard let victim = EvictionPolicy.victim(among: candidates, protecting: parameters.eviction, key: key) else {
      return false
    }
    nextEviction = now + parameters.views.evictionMilliseconds
    giveUp(victim, .evicted, now: now, into: &actions)
    return true
  }

  /// A peer has answered a request for a link.
  mutating func receivedAnswer(
    isAccepted: Bool, from node: NodeID, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    guard let contact = contacts[node], case .requested(let kind) = contact.phase else { return }
    if kind == .near { nearRefusals = isAccepted ? 0 : nearRefusals + 1 }
    if isAccepted {
      establish(node, kind, now: now, into: &actions)
    } else if kind == .random, contact.linkedAt > .zero, direct.isWanted(node) {
      // It was asked over a direct link, which stays.
      contacts[node]?.phase = .linked(.direct)
    } else {
      if let address = contact.address {
        book.postpone(address, until: now + jittered(parameters.dialling.refusedMilliseconds))
      }
      close(node, .refused, addresses: nil, now: now, into: &actions)
    }
    plan(now: now, into: &actions)
  }

  private mutating func establish(
    _ node: NodeID, _ kind: LinkKind, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    let hadLink = contacts[node]?.link != nil
    contacts[node]?.phase = .linked(kind)
    if !hadLink { contacts[node]?.linkedAt = now }
    if let address = contacts[node]?.address { passive.removeAll { $0 == address } }
    actions.append(.linked(node, kind))
    if degree > parameters.views.softLimit { _ = replaceSilent(except: node, now: now, into: &actions) }
    guard let contact = contacts[node], contact.isOwnRequest else { return }
    if kind == .near, count(of: .near) > parameters.views.nearTarget,
      let worst = worstNear(now: now, where: { $0.node != node }), let roundTrip = contact.roundTripMilliseconds,
      isClearlyNearer(roundTrip, than: worst)
    {
      giveUp(worst.node, .replaced, now: now, into: &actions)
      probeSpan = parameters.nearness.probeMilliseconds
      nextProbe = min(nextProbe, now + jittered(probeSpan))
    }
    if contact.isRotation, let victim = rotationVictim(except: node) {
      contacts[node]?.isRotation = false
      giveUp(victim, .replaced, now: now, into: &actions)
    }
  }

  // MARK: Giving up

  /// Ends a link, with addresses to try instead.
  mutating func giveUp(
    _ node: NodeID, _ cause: DisconnectCause, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    let addresses = giveAway(parameters.walks.acceptedAddresses, to: node, isNewcomer: false, now: now)
    if let address = contacts[node]?.address {
      book.postpone(address, until: now + jittered(parameters.dialling.refusedMilliseconds))
    }
    close(node, cause, addresses: addresses, now: now, into: &actions)
  }

  /// Whether a node gets no link for now because it did not keep its word. Who has few links cannot be so particular: the
  /// others may be no better, and it may be this node's own line that is slow.
  func isPaused(_ node: NodeID, now: Timestamp) -> Bool {
    degree >= parameters.views.randomTarget && score.isPaused(node, now: now)
  }

  /// Ends the link of a node that does not keep its word, if it is not the last.
  mutating func giveUpUnreliable(_ node: NodeID, now: Timestamp, into actions: inout [MembershipAction]) {
    guard degree > 1 || contacts[node]?.link == .direct else { return }
    score.pause(node, now: now)
    giveUp(node, .unreliable, now: now, into: &actions)
  }

  /// Notes which links say nothing of entries. They stay until others need their places.
  mutating func noteSilent(_ nodes: [NodeID], now: Timestamp, into actions: inout [MembershipAction]) {
    let before = neighbours.filter(\.isSilent).map(\.node)
    guard before != nodes.sorted() else { return }
    for node in before { contacts[node]?.isSilent = false }
    for node in nodes { contacts[node]?.isSilent = true }
    plan(now: now, into: &actions)
  }

  /// Ends the oldest silent link, for another one.
  private mutating func replaceSilent(
    except node: NodeID? = nil, now: Timestamp, into actions: inout [MembershipAction]
  ) -> Bool {
    let silent = neighbours.filter { $0.isSilent && $0.node != node && !direct.isWanted($0.node) }
    guard let oldest = silent.min(by: { ($0.linkedAt, $0.node) < ($1.linkedAt, $1.node) }) else { return false }
    score.pause(oldest.node, now: now)
    giveUp(oldest.node, .idle, now: now, into: &actions)
    return true
  }

  /// Lets go of random links that this node opened beyond what it needs: when newcomers have linked to it, those have
  /// become surplus. Each such step makes the overlay smaller or moves a surplus, so it comes to an end.
  mutating func shed(now: Timestamp, into actions: inout [MembershipAction]) {
    guard nextShedding <= now else { return }
    let strength = randomStrength(withRequested: false)
    let target = parameters.views.randomTarget + parameters.views.randomSurplus
    // In a small network random links may stand where near ones are missing.
    guard strength.all > target, degree > target + parameters.views.nearTarget,
      strength.outbound > parameters.views.randomOutboundTarget
    else { return }
    let free = contacts.values.filter { contact in
      contact.link == .random && contact.direction == .outbound && !direct.isWanted(contact.node)
    }.sorted { $0.node < $1.node }
    guard let surplus = free.randomElement(using: &generator) else { return }
    nextShedding = now + jittered(parameters.views.sheddingMilliseconds)
    giveUp(surplus.node, .surplus, now: now, into: &actions)
  }

  /// The near link with the longest round trip of those that are old enough to be exchanged.
  func worstNear(now: Timestamp, where isMeant: (Contact) -> Bool) -> Contact? {
    contacts.values.filter { contact in
      contact.link == .near && now - contact.linkedAt >= parameters.nearness.minimumAgeMilliseconds
        && !direct.isWanted(contact.node) && isMeant(contact)
    }.max { left, right in
      (left.roundTripMilliseconds ?? .max, left.node) < (right.roundTripMilliseconds ?? .max, right.node)
    }
  }

  func isClearlyNearer(_ roundTrip: Int64, than contact: Contact) -> Bool {
    guard let other = contact.roundTripMilliseconds else { return false }
    return other - roundTrip >= parameters.nearness.swapMilliseconds
      && roundTrip * 100 <= other * parameters.nearness.swapPercent
  }

  /// The random link that this node has had for the longest of those it opened.
  private func rotationVictim(except node: NodeID) -> NodeID? {
    let outbound = contacts.values.filter { contact in
      contact.link == .random && contact.direction == .outbound && contact.node != node
        && !direct.isWanted(contact.node)
    }
    guard outbound.count >= parameters.views.randomOutboundTarget else { return nil }
    return outbound.min { ($0.linkedAt, $0.node) < ($1.linkedAt, $1.node) }?.node
  }

  /// Addresses of others for a peer, those of neighbours first.
  mutating func giveAway(_ count: Int, to node: NodeID, isNewcomer: Bool, now: Timestamp) -> [NodeAddress] {
    var given = dialableNeighbours(except: node, isNewcomer: isNewcomer, now: now).shuffled(using: &generator).prefix(
      count / 2)
    let known = Set(given.map(\.node))
    given += book.sample(count - given.count, forNewcomer: isNewcomer, now: now, using: &generator) {
      $0 != node && !known.contains($0)
    }
    return Array(given)
  }

  /// The links of the overlay whose address may be given away, ascending by node.
  func dialableNeighbours(except node: NodeID, isNewcomer: Bool, now: Timestamp) -> [NodeAddress] {
    neighbours.compactMap { contact in
      guard contact.node != node, let address = contact.address,
        book.isGood(address, forNewcomer: isNewcomer, now: now)
      else { return nil }
      return NodeAddress(node: contact.node, address: address)
    }
  }
}
