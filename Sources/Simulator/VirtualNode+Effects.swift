import Gossip
import Market
import NodeCore
import NodeCrypto

/// Entries that a node sends out of its store, a few at a time.
struct Service {
  let link: UInt64
  let request: UInt64
  var ranges: ArraySlice<FeedRange>
  /// Where to go on in the first range.
  var next: UInt64
}

/// What a node does for its core.
extension VirtualNode {
  /// Entries in one message of an answer.
  private static let entriesPerAnswer = 64
  /// The most bytes by which an entry in an answer is longer than itself, with its share of what is around all.
  private static let entryOverhead = 128

  func perform(_ effect: NodeEffect) {
    switch effect {
    case .send(let link, let message, let priority):
      send(message, priority: priority, over: link)
    case .verify(let entry):
      verifications += 1
      let result = network.pool.result(of: entry)
      if keepsHistory, case .failure(let fault) = result { faults.append(fault) }
      later(network.conditions.verification, .verified(entry, result))
    case .verifyProof(let proof, let peer):
      let isValid = network.pool.isValid(proof)
      later(network.conditions.verification, .proofVerified(proof, from: peer, isValid: isValid))
    case .collect(let found):
      let entries = found.stored.flatMap { range in
        (range.from...range.through).compactMap { store.entry(of: range.author, at: $0) }
      }
      guard let proof = found.proof(with: entries), network.pool.isValid(proof) else { return }
      later(network.conditions.commit, .proofFound(proof))
    case .persist(let entry, _): persist(entry)
    case .persistProof(let proof):
      network.tell("\(index) keeps a proof against \(proof.author.short(6)): \(proof.kind.name) at \(proof.sequence)")
      store.keep(proof)
      commit()
    case .prune(let author, let first):
      store.prune(author, below: first)
      commit()
    case .rebuild:
      for sequence in store.commitAll(own: nodeID) { durable(sequence) }
      restore()
      process?.core.finishRestore(now: time, into: &effects)
    case .serve(let link, let request, let ranges):
      let service = Service(link: link, request: request, ranges: ranges[...], next: ranges.first?.from ?? 0)
      schedule(service, after: network.conditions.commit)
    case .dial(let address): network.dial(address, from: self)
    case .disconnect(let link, let cause):
      if keepsHistory { disconnects.append(cause) }
      if let peer = network.peer(of: index, over: link) {
        network.tell("\(index) disconnects \(peer.index): \(cause)")
        network.observer?.disconnects(cause, from: peer, at: self)
      }
      network.close(link, from: index)
    case .places: break
    case .reply(let id, let result):
      answered(id)
      if keepsHistory { replies[id] = result }
    case .rotated(let id, let result):
      answered(id)
      if keepsHistory { rotations[id] = result }
    }
  }

  func send(_ message: [UInt8], priority: SendPriority, over link: UInt64) {
    precondition(message.count <= GossipParameters.maximumMessageBytes, "a message that no connection carries")
    if keepsSent { sent.append(message) }
    network.observer?.sends(message, from: self, over: link)
    network.send(message, priority: priority, over: link, from: index)
  }

  /// Posts an event after a while; at once when it takes no time.
  private func later(_ range: ClosedRange<Int64>, _ event: NodeEvent) {
    guard range != 0...0 else { return post(event) }
    network.events.insert(
      .post, at: network.clock + network.span(range), subject: Int32(index), life: Int32(life),
      payload: network.posts.put(event))
  }

  // MARK: The disk

  private func persist(_ entry: SignedEntry) {
    network.note(.persist, index, entry.id.word0)
    network.tell("\(index) keeps \(entry.author.short(6)):\(entry.sequence)")
    let number = network.pool.number(of: entry)
    if keepsHistory, entry.author == nodeID { written.append(entry) }
    network.observer?.persists(entry, number: number, at: self)
    store.keep(entry)
    commit()
  }

  private func commit() {
    guard store.beginCommit() else { return }
    guard network.conditions.commit != 0...0 || isStoreFailing else { return endCommit() }
    endCommitLater(network.conditions.commit)
  }

  private func endCommitLater(_ range: ClosedRange<Int64>) {
    network.events.insert(
      .commit, at: network.clock + network.span(range), subject: Int32(index), life: Int32(life))
  }

  func endCommit() {
    guard !isStoreFailing else {
      if !hasReportedFailure { post(.storeFailed("no space left")) }
      hasReportedFailure = true
      return endCommitLater(500...500)
    }
    if hasReportedFailure { post(.storeRecovered) }
    hasReportedFailure = false
    for sequence in store.endCommit(own: nodeID) { durable(sequence) }
    commit()
  }

  private func durable(_ sequence: UInt64) {
    network.observer?.isDurable(sequence, at: self)
    post(.durable(sequence: sequence))
  }

  // MARK: History for others

  private func schedule(_ service: Service, after range: ClosedRange<Int64>) {
    guard range != 0...0 else { return serve(service) }
    network.events.insert(
      .serve, at: network.clock + network.span(range), subject: Int32(index), life: Int32(life),
      payload: network.services.put(service))
  }

  /// Answers out of what is on the disk, a few entries at a time, as many as one message takes.
  func serve(_ service: Service) {
    var rest = service
    var entries: [SignedEntry] = []
    var byteCount = 0
    while let range = rest.ranges.first, entries.count < Self.entriesPerAnswer {
      if rest.next <= range.through, let entry = store.committed(range.author, at: rest.next) {
        byteCount += entry.bytes.count + Self.entryOverhead
        if byteCount > GossipParameters.maximumMessageBytes, !entries.isEmpty { break }
        entries.append(entry)
        rest.next += 1
      } else {
        rest.ranges.removeFirst()
        rest.next = rest.ranges.first?.from ?? 0
      }
    }
    let answer = GossipCore.fetchAnswer(
      id: rest.request, entries: entries.map { ($0.bytes, $0.signature.bytes) }, done: rest.ranges.isEmpty)
    send(answer, priority: .bulk, over: rest.link)
    if !rest.ranges.isEmpty { schedule(rest, after: network.conditions.serving) }
  }
}

extension VirtualNetwork {
  /// The other end of a connection.
  func peer(of participant: Int, over link: UInt64) -> (any Participant)? {
    let place = Int(link) - 1
    guard links.indices.contains(place) else { return nil }
    let (caller, callee) = (Int(links[place].caller), Int(links[place].callee))
    return participants[caller == participant ? callee : caller]
  }
}
