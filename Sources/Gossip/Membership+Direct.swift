import Market
import NodeCrypto

/// Direct connections to counterparties.
struct DirectLinks: Sendable {
  /// Nodes to be connected with, ascending.
  private(set) var wanted: [NodeID] = []
  /// When each may be searched for again.
  var nextSearch: [NodeID: Timestamp] = [:]
  /// Searches under way.
  var searches: [UInt64: NodeID] = [:]
  /// From which neighbour each author's entries first came: the way to it.
  private(set) var ways: [NodeID: NodeID] = [:]

  func isWanted(_ node: NodeID) -> Bool { wanted.contains(node) }

  mutating func want(_ nodes: [NodeID]) {
    wanted = nodes
    nextSearch = nextSearch.filter { wanted.contains($0.key) }
    searches = searches.filter { wanted.contains($0.value) }
  }

  mutating func noteWay(to author: NodeID, by neighbour: NodeID) {
    if ways[author] != nil || ways.count < GossipParameters.Addresses.maximumWays { ways[author] = neighbour }
  }
}

extension Membership {
  /// Keeps direct connections to these nodes, and no longer to others.
  mutating func want(_ nodes: [NodeID], now: Timestamp, into actions: inout [MembershipAction]) {
    let wanted = Array(Set(nodes).subtracting([own]).sorted().prefix(parameters.direct.maximumWanted))
    guard wanted != direct.wanted else { return }
    direct.want(wanted)
    plan(now: now, into: &actions)
  }

  /// Notes that an entry of `author` that was new came from a neighbour.
  mutating func noteWay(to author: NodeID, by neighbour: NodeID) {
    if contacts[neighbour] != nil { direct.noteWay(to: author, by: neighbour) }
  }

  /// Dials or searches for those that are not connected, and lets go of those that are not wanted any more; returns when
  /// there is something to do again.
  mutating func planDirect(now: Timestamp, into actions: inout [MembershipAction]) -> Timestamp {
    var next = Timestamp.maximum
    for node in direct.wanted {
      if let contact = contacts[node] {
        if contact.phase == .open { request(.direct, of: node, now: now, into: &actions) }
        continue
      }
      if let address = book.address(of: node), isDialable(address, now: now) {
        dial(address, .direct(node), now: now, into: &actions)
        continue
      }
      if direct.nextSearch[node].map({ $0 <= now }) ?? true, dials.values.allSatisfy({ $0.purpose != .direct(node) }) {
        direct.nextSearch[node] = now + jittered(parameters.direct.searchMilliseconds)
        search(for: node, now: now, into: &actions)
      }
      if let time = direct.nextSearch[node] { next = min(next, time) }
    }
    return min(next, dropUnwanted(now: now, into: &actions))
  }

  /// Ends direct links of this node's own that are not wanted, when the view is full without them.
  private mutating func dropUnwanted(now: Timestamp, into actions: inout [MembershipAction]) -> Timestamp {
    var next = Timestamp.maximum
    let isFull = degree >= parameters.views.randomTarget + parameters.views.nearTarget
    for node in contacts.keys.sorted() {
      guard let contact = contacts[node], contact.link == .direct, contact.isOwnRequest else { continue }
      guard !direct.isWanted(node) else {
        contacts[node]?.unwantedSince = nil
        continue
      }
      let since = contact.unwantedSince ?? now
      contacts[node]?.unwantedSince = since
      let end = since + parameters.direct.lingerMilliseconds
      if end > now {
        next = min(next, end)
      } else if isFull {
        giveUp(node, .surplus, now: now, into: &actions)
      }
    }
    return next
  }

  // MARK: Searching

  private mutating func search(for node: NodeID, now: Timestamp, into actions: inout [MembershipAction]) {
    let id = generator.next()
    let hops = Set([way(to: node, except: own)].compactMap { $0 } + [randomHop(except: own)].compactMap { $0 })
    guard !hops.isEmpty else { return }
    direct.searches[id] = node
    for hop in hops.sorted() {
      actions.append(.send(.whois(id: id, node: node, steps: parameters.walks.whoisSteps), to: hop))
    }
  }

  private func way(to node: NodeID, except other: NodeID) -> NodeID? {
    guard let way = direct.ways[node], way != other, contacts[way]?.link != nil else { return nil }
    return way
  }

  private mutating func randomHop(except node: NodeID) -> NodeID? {
    neighbours.map(\.node).filter { $0 != node }.randomElement(using: &generator)
  }

  /// Answers when the address is known, or hands the question on: towards where the node's entries come from, which is
  /// where it is.
  mutating func receivedWhois(
    _ id: UInt64, _ wanted: NodeID, steps: Int, from node: NodeID, now: Timestamp,
    into actions: inout [MembershipAction]
  ) {
    guard wanted != own, steps <= parameters.walks.maximumSteps, direct.searches[id] == nil else { return }
    if let address = contacts[wanted]?.address ?? book.address(of: wanted), book[address]?.failures == 0 {
      let answer = NodeAddress(node: wanted, address: address)
      actions.append(.send(.whoisAnswer(id: id, address: answer), to: node))
      return
    }
    guard steps > 1, let next = way(to: wanted, except: node) ?? randomHop(except: node),
      returns.note(id, from: node, now: now, walks: parameters.walks)
    else { return }
    actions.append(.send(.whois(id: id, node: wanted, steps: steps - 1), to: next))
  }

  /// Dials what a search found, whoever says so: the handshake shows whether the node is there. Only a question that this
  /// node asked makes it dial, and each question once.
  mutating func receivedWhoisAnswer(
    _ id: UInt64, _ answer: NodeAddress, from node: NodeID, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    if let wanted = direct.searches[id] {
      direct.searches[id] = nil
      guard answer.node == wanted, contacts[wanted] == nil else { return }
      hear([answer], from: node, now: now)
      if book[answer.address] != nil, isDialable(answer.address, now: now) {
        dial(answer.address, .direct(wanted), now: now, into: &actions)
      }
    } else if let asker = returns.take(id, now: now), contacts[asker] != nil {
      actions.append(.send(.whoisAnswer(id: id, address: answer), to: asker))
    }
  }
}
