import Market
import NodeCrypto

/// Ways back of walks: who handed on what, for a while. An answer takes the way of its question, since those who ask may
/// not be dialled.
struct ReturnPaths: Sendable {
  private struct Entry: Sendable {
    let node: NodeID
    let until: Timestamp
  }

  private var entries: [UInt64: Entry] = [:]
  private var order: [UInt64] = []

  var count: Int { entries.count }

  /// Notes that a walk came from `node`; false when it has been here before.
  mutating func note(_ id: UInt64, from node: NodeID, now: Timestamp, walks: GossipParameters.Walks) -> Bool {
    if let known = entries[id], known.until > now { return false }
    if entries.updateValue(Entry(node: node, until: now + walks.returnMilliseconds), forKey: id) == nil {
      order.append(id)
    }
    while order.count > walks.maximumReturns { entries[order.removeFirst()] = nil }
    return true
  }

  /// Whom an answer goes to; each walk has one.
  mutating func take(_ id: UInt64, now: Timestamp) -> NodeID? {
    guard let entry = entries.removeValue(forKey: id) else { return nil }
    order.removeAll { $0 == id }
    return entry.until > now ? entry.node : nil
  }
}

/// Random walks: newcomers, shuffles, searches. They travel over links alone.
extension Membership {
  /// Takes a message of a connected node. What is over its budget is ignored.
  mutating func received(
    _ message: MembershipMessage, from node: NodeID, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    guard contacts[node] != nil else { return }
    guard !message.isRequest || score.spend(.requests, count: 1, peer: node, now: now) else { return }
    switch message {
    case .neighbour(let kind, let isUrgent, let roundTrip):
      receivedRequest(
        kind, isUrgent: isUrgent, roundTripMilliseconds: roundTrip, from: node, now: now, into: &actions)
    case .neighbourAnswer(let isAccepted, let addresses):
      hear(addresses, from: node, now: now)
      receivedAnswer(isAccepted: isAccepted, from: node, now: now, into: &actions)
    case .join: receivedJoin(from: node, into: &actions)
    case .forwardJoin(let newcomer, let steps):
      receivedForwardJoin(newcomer, steps: steps, from: node, now: now, into: &actions)
    case .shuffleRequest(let id, let steps, let addresses):
      receivedShuffle(id, steps: steps, addresses: addresses, from: node, now: now, into: &actions)
    case .shuffleAnswer(let id, let addresses):
      if let asker = returns.take(id, now: now) {
        if asker == own {
          hear(addresses, from: node, now: now)
          plan(now: now, into: &actions)
        } else if contacts[asker] != nil {
          actions.append(.send(.shuffleAnswer(id: id, addresses: addresses), to: asker))
        }
      }
    case .disconnect(let addresses):
      hear(addresses, from: node, now: now)
      if let address = contacts[node]?.address {
        book.postpone(address, until: now + jittered(parameters.dialling.refusedMilliseconds))
      }
      close(node, .givenUp, addresses: nil, now: now, into: &actions)
      plan(now: now, into: &actions)
    case .whois(let id, let wanted, let steps):
      receivedWhois(id, wanted, steps: steps, from: node, now: now, into: &actions)
    case .whoisAnswer(let id, let address):
      receivedWhoisAnswer(id, address, from: node, now: now, into: &actions)
    }
  }

  // MARK: Newcomers

  private mutating func receivedJoin(from node: NodeID, into actions: inout [MembershipAction]) {
    // Each sets off a walk from every neighbour, so a connection has one.
    guard let contact = contacts[node], let address = contact.address, !contact.hasJoined else { return }
    contacts[node]?.hasJoined = true
    let newcomer = NodeAddress(node: node, address: address)
    for neighbour in neighbours where neighbour.node != node {
      actions.append(.send(.forwardJoin(newcomer, steps: parameters.walks.activeSteps), to: neighbour.node))
    }
  }

  /// One step of a newcomer's walk. Where links are missing it is dialled; where the walk ends, too, if there is room.
  private mutating func receivedForwardJoin(
    _ newcomer: NodeAddress, steps: Int, from node: NodeID, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    guard newcomer.node != own, steps <= parameters.walks.maximumSteps else { return }
    let isKnown = contacts[newcomer.node] != nil
    let isMissing = missingRandom(now: now) > 0 || degree < parameters.views.randomTarget + parameters.views.nearTarget
    if !isKnown, steps == parameters.walks.passiveSteps || steps == 0 || isMissing {
      hear([newcomer], from: node, now: now)
      if isMissing, book[newcomer.address] != nil { putAtHand(newcomer.address) }
    }
    if steps > 0, let next = nextHop(except: [node, newcomer.node]) {
      actions.append(.send(.forwardJoin(newcomer, steps: steps - 1), to: next))
    }
    if isMissing { plan(now: now, into: &actions) }
  }

  /// A random neighbour other than those named.
  private mutating func nextHop(except nodes: [NodeID]) -> NodeID? {
    neighbours.map(\.node).filter { !nodes.contains($0) }.randomElement(using: &generator)
  }

  /// Puts an address of the book into the passive view, in the place of a random one when it is full.
  mutating func putAtHand(_ address: PeerAddress) {
    guard !passive.contains(address), contactByAddress[address] == nil else { return }
    if passive.count < parameters.views.passiveCount {
      passive.append(address)
    } else {
      passive[Int.random(in: passive.indices, using: &generator)] = address
    }
  }

  // MARK: Shuffles

  /// Shuffles when it is time; returns when it is again.
  mutating func planWalks(now: Timestamp, into actions: inout [MembershipAction]) -> Timestamp {
    guard nextShuffle <= now else { return nextShuffle }
    let isNew = shuffleCount < parameters.walks.eagerShuffles
    let span = isNew ? parameters.walks.eagerShuffleMilliseconds : parameters.walks.shuffleMilliseconds
    nextShuffle = now + jittered(span)
    guard let partner = nextHop(except: []) else { return nextShuffle }
    shuffleCount += 1
    let id = generator.next()
    _ = returns.note(id, from: own, now: now, walks: parameters.walks)
    actions.append(
      .send(
        .shuffleRequest(id: id, steps: parameters.walks.shuffleSteps, addresses: exchanged(with: partner, now: now)),
        to: partner))
    return nextShuffle
  }

  /// What a shuffle carries: some neighbours, and some of the passive view.
  private mutating func exchanged(with node: NodeID, now: Timestamp) -> [NodeAddress] {
    var addresses = dialableNeighbours(except: node, isNewcomer: false, now: now).shuffled(using: &generator).prefix(
      parameters.walks.shuffleActive)
    let known = Set(addresses.map(\.node))
    let others: [NodeAddress] = passive.compactMap { address in
      guard let record = book[address], let node = record.node, record.standing == .tried, record.failures == 0,
        !known.contains(node)
      else { return nil }
      return NodeAddress(node: node, address: address)
    }
    addresses += others.shuffled(using: &generator).prefix(parameters.walks.shufflePassive)
    return Array(addresses)
  }

  private mutating func receivedShuffle(
    _ id: UInt64, steps: Int, addresses: [NodeAddress], from node: NodeID, now: Timestamp,
    into actions: inout [MembershipAction]
  ) {
    guard steps <= parameters.walks.maximumSteps, returns.note(id, from: node, now: now, walks: parameters.walks) else {
      return
    }
    var addresses = addresses
    // Who shuffles need not know under which address others reach it: the first on the way does.
    if steps == parameters.walks.shuffleSteps, let contact = contacts[node], let address = contact.address,
      book.isGood(address, forNewcomer: false, now: now), addresses.count < parameters.walks.maximumAddresses
    {
      addresses.append(NodeAddress(node: node, address: address))
    }
    if steps > 1, let next = nextHop(except: [node]) {
      actions.append(.send(.shuffleRequest(id: id, steps: steps - 1, addresses: addresses), to: next))
      return
    }
    _ = returns.take(id, now: now)
    let answer = Array(exchanged(with: node, now: now).prefix(addresses.count))
    hear(addresses, from: node, now: now)
    actions.append(.send(.shuffleAnswer(id: id, addresses: answer), to: node))
    plan(now: now, into: &actions)
  }
}
