import Market
import NodeCrypto
import Wire

/// What happens when an author signs what no honest author signs.
extension GossipCore {
  /// A peer holds other entries than this node at some places of feeds: fetches them, because each two are a proof.
  mutating func suspect(
    _ peer: Peer, _ places: [(author: NodeID, sequence: UInt64)], now: Timestamp, into effects: inout [GossipEffect]
  ) {
    var ranges: [AntiEntropy.Range] = []
    for (author, sequence) in places where ranges.count < GossipParameters.Fetching.maximumRanges {
      if feeds.isFrozen(author, at: sequence) { continue }
      guard suspected[peer.connection, default: []].insert(author).inserted else { continue }
      ranges.append(AntiEntropy.Range(author: author, from: sequence, through: sequence))
    }
    guard !ranges.isEmpty else { return }
    let request = antiEntropy.request(peer.node, ranges: ranges, now: now)
    sendFetch(request, to: peer.connection, into: &effects)
  }

  // MARK: Telling

  /// Tells a peer, from the start, whom this node can prove to be a fraud.
  mutating func announceProofs(to connection: UInt64, into effects: inout [GossipEffect]) {
    let known = fraudProofs
    for start in stride(from: 0, to: known.count, by: GossipParameters.Proofs.maximumAuthors) {
      announce(
        known[start..<min(start + GossipParameters.Proofs.maximumAuthors, known.count)], to: connection, into: &effects)
    }
  }

  private mutating func announce(
    _ proofs: ArraySlice<FraudProof>, to connection: UInt64, into effects: inout [GossipEffect]
  ) {
    for proof in proofs { proofExchanges[connection]?.announced.insert(proof.author) }
    var notice = WireFraudNotice()
    notice.authors = .init(proofs.flatMap(\.author.bytes))
    notice.sequences = proofs.map(\.sequence)
    send(.fraudNotice(notice), to: connection, priority: .answer, into: &effects)
  }

  /// A peer that sends entries of a frozen feed does not know of the proof yet.
  mutating func tellOfFreeze(_ author: NodeID, to peer: Peer, into effects: inout [GossipEffect]) {
    guard let proof = proofs[author], let exchange = proofExchanges[peer.connection],
      !exchange.told.contains(author), !exchange.announced.contains(author)
    else { return }
    tell(proof, to: peer.connection, into: &effects)
  }

  /// Sends a proof when it fits one message, else tells that there is one.
  private mutating func tell(_ proof: FraudProof, to connection: UInt64, into effects: inout [GossipEffect]) {
    let bytes = proof.encoded()
    if bytes.count <= GossipParameters.Proofs.chunkBytes {
      sendProof(bytes, of: proof.author, to: connection, into: &effects)
    } else {
      announce([proof], to: connection, into: &effects)
    }
  }

  private mutating func sendProof(
    _ bytes: [UInt8], of author: NodeID, to connection: UInt64, into effects: inout [GossipEffect]
  ) {
    proofExchanges[connection]?.told.insert(author)
    let count = (bytes.count + GossipParameters.Proofs.chunkBytes - 1) / GossipParameters.Proofs.chunkBytes
    for index in 0..<count {
      var part = WireFraudProofPart()
      part.index = UInt32(index)
      part.count = UInt32(count)
      part.chunk = .init(
        bytes[(index * GossipParameters.Proofs.chunkBytes)...].prefix(GossipParameters.Proofs.chunkBytes))
      send(.fraudProofPart(part), to: connection, priority: .answer, into: &effects)
    }
  }

  // MARK: Hearing

  mutating func receivedNotice(
    _ notice: WireFraudNotice, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard let authors = nodes(in: Array(notice.authors)), authors.count == notice.sequences.count,
      notice.sequences.allSatisfy({ $0 > 0 && $0 <= SignedEntry.maximumSequence })
    else {
      punish(peer.connection, "a notice of frauds that is none", now: now, into: &effects)
      return
    }
    for (author, sequence) in zip(authors, notice.sequences) where !feeds.isFrozen(author, at: sequence) {
      proofExchanges[peer.connection]?.want(author, from: sequence)
    }
    askForProofs(peer.connection, into: &effects)
  }

  private mutating func askForProofs(_ connection: UInt64, into effects: inout [GossipEffect]) {
    let known = feeds
    let next = proofExchanges[connection]?.ask(unless: { known.isFrozen($0, at: $1) }) ?? []
    guard !next.isEmpty else { return }
    var request = WireFraudRequest()
    request.authors = .init(next.flatMap(\.bytes))
    send(.fraudRequest(request), to: connection, priority: .answer, into: &effects)
  }

  /// Each proof is sent once over a connection, however often it is asked for.
  mutating func receivedRequest(
    _ request: WireFraudRequest, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard let authors = nodes(in: Array(request.authors)) else {
      punish(peer.connection, "a request for proofs that is none", now: now, into: &effects)
      return
    }
    for author in authors.prefix(GossipParameters.Proofs.maximumAsked) {
      guard let proof = proofs[author], proofExchanges[peer.connection]?.told.contains(author) == false else {
        continue
      }
      sendProof(proof.encoded(), of: author, to: peer.connection, into: &effects)
    }
  }

  /// The nodes named one after the other; nil when they are too many, or the bytes are no names.
  private func nodes(in bytes: [UInt8]) -> [NodeID]? {
    guard !bytes.isEmpty, bytes.count % 32 == 0, bytes.count <= 32 * GossipParameters.Proofs.maximumAuthors else {
      return nil
    }
    return stride(from: 0, to: bytes.count, by: 32).compactMap { NodeID(bytes: bytes[$0..<$0 + 32]) }
  }

  mutating func receivedProof(
    _ part: WireFraudProofPart, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let maximumCount =
      (FraudProof.maximumBytes + GossipParameters.Proofs.chunkBytes - 1) / GossipParameters.Proofs.chunkBytes
    guard part.index < part.count, part.count <= maximumCount, !part.chunk.isEmpty,
      part.chunk.count <= GossipParameters.Proofs.chunkBytes
    else {
      punish(peer.connection, "a piece of a proof of fraud that is none", now: now, into: &effects)
      return
    }
    guard let bytes = proofExchanges[peer.connection]?.take(part.index, of: part.count, part.chunk) else { return }
    let proof: FraudProof
    do throws(FraudProofError) {
      proof = try FraudProof(decoding: bytes, maximumEntryBytes: feeds.limits.entryBytes)
    } catch {
      punish(peer.connection, error.description, now: now, into: &effects)
      return
    }
    proofExchanges[peer.connection]?.received(proof.author)
    if !feeds.isFrozen(proof.author, at: proof.sequence) { effects.append(.verifyProof(proof, from: peer.node)) }
    askForProofs(peer.connection, into: &effects)
  }

  /// A proof that `peer` sent has been checked.
  public mutating func proofVerified(
    _ proof: FraudProof, from peer: NodeID, isValid: Bool, now: Timestamp,
    into effects: inout [GossipEffect]
  ) {
    if isValid {
      freeze(proof, except: peer, now: now, into: &effects)
    } else if let connection = connectionByNode[peer] {
      punish(connection, "a proof of fraud that proves nothing", now: now, into: &effects)
    }
  }

  /// A proof that this node has made itself, of what it holds, and checked.
  public mutating func proofFound(_ proof: FraudProof, now: Timestamp, into effects: inout [GossipEffect]) {
    freeze(proof, except: nil, now: now, into: &effects)
  }

  private mutating func freeze(
    _ proof: FraudProof, except source: NodeID?, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let before = feeds.feed(of: proof.author)?.frozenFrom
    guard feeds.freeze(proof.author, from: proof.sequence) else { return }
    proofs[proof.author] = proof
    for connection in proofExchanges.keys.sorted() {
      proofExchanges[connection]?.told.remove(proof.author)
      proofExchanges[connection]?.announced.remove(proof.author)
    }
    intake.dropWaiting(of: proof.author, from: proof.sequence)
    intake.lost(proof.author)
    effects.append(.freeze(proof))
    for peer in connectedPeers where peer.node != source {
      tell(proof, to: peer.connection, into: &effects)
    }
    for connection in suspected.keys.sorted() { suspected[connection]?.remove(proof.author) }
    if proof.kind == .fork, proof.sequence > 1, proof.entries[0].previous != proof.entries[1].previous {
      searchEarlierFork(proof, before: before, now: now, into: &effects)
    }
  }

  /// The two entries follow different ones, so the feed forked further back, and peers may hold the other branch: asks
  /// them for what is before. Each step back is twice as long as the last, so that a fork is found in few.
  private mutating func searchEarlierFork(
    _ proof: FraudProof, before: UInt64?, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let last = proof.sequence - 1
    let span = min(before.map { 2 * ($0 - proof.sequence) } ?? 1, GossipParameters.Arrivals.windowPerFeed)
    let range = AntiEntropy.Range(author: proof.author, from: last - min(last, span) + 1, through: last)
    for peer in connectedPeers where antiEntropy.holds(peer.node, author: proof.author, sequence: last) {
      let request = antiEntropy.request(peer.node, ranges: [range], now: now)
      sendFetch(request, to: peer.connection, into: &effects)
    }
  }
}
