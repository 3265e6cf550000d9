import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement

/// Checks what must hold at every step of a run, with means of its own: it reads the entries that nodes publish, and
/// asks no node what it makes of them.
final class Inspector: Observer {
  private(set) var violations: [Violation] = []
  /// What the published entries add up to.
  var market: MarketModel
  private unowned let network: VirtualNetwork
  private let keys = VerifyingKeyCache()
  /// The own entry of each node that is not durable yet, by index.
  private var undurable: [Int: SignedEntry] = [:]
  /// Entries that honest cores wrote, which need no second look at their signatures.
  private var honestNumbers: Set<EntryNumber> = []
  /// Entries that have been seen outside their author's node.
  private var checked: Set<EntryNumber> = []
  /// The entries that the market was told, in this order.
  private var publications: [EntryNumber] = []
  private var timeOf: [EntryID: Timestamp] = [:]
  /// What honest authors have published, by place.
  private var published: [NodeID: [UInt64: EntryID]] = [:]
  private var honest: Set<NodeID> = []
  /// The last entry of each honest author that the market knows, and later ones that have been seen before one between:
  /// one that a crash left on its author's disk is seen only when it leaves there.
  private var applied: [NodeID: UInt64] = [:]
  private var ahead: [NodeID: [UInt64: SignedEntry]] = [:]

  init(network: VirtualNetwork) {
    self.network = network
    market = MarketModel(genesis: network.genesis)
  }

  /// Holds a node to the rules from here on; before it starts.
  func trust(_ node: NodeID) {
    honest.insert(node)
    market.honest.insert(node)
  }

  func report(_ rule: Violation.Rule, _ details: @autoclosure () -> String) {
    guard violations.count < 20 else { return }
    let violation = Violation(rule: rule, details: "\(details()), at \(network.clock / 1000) ms")
    network.tell("VIOLATION \(violation)")
    violations.append(violation)
  }

  // MARK: Steps

  func sends(_ message: [UInt8], from node: VirtualNode, over link: UInt64) {
    guard let entry = undurable[node.index] else { return }
    if message.contains(entry.id) || message.containsSignature(entry.signature) {
      report(.sentBeforeDurable, "entry \(entry.sequence) of node \(node.index)")
    }
  }

  func persists(_ entry: SignedEntry, number: Int32, at node: VirtualNode) {
    guard node.isHonest else { return }
    if entry.author == node.nodeID, !checked.contains(number) {
      honestNumbers.insert(number)
      undurable[node.index] = entry
      checkChain(entry, at: node)
      return
    }
    let limit = node.time + network.genesis.limits.skewMilliseconds
    if entry.author != node.nodeID, entry.time > limit {
      report(.badEntryTaken, "\(entry.author.short(6)):\(entry.sequence) is \(entry.time - limit) ms too early")
    }
    publish(entry, number, at: node)
  }

  func isDurable(_ sequence: UInt64, at node: VirtualNode) {
    guard node.isHonest, let entry = undurable[node.index], entry.sequence == sequence else { return }
    undurable[node.index] = nil
    publish(entry, network.pool.number(of: entry), at: node)
  }

  /// What was not durable when a node died has never been.
  func died(_ node: VirtualNode) { undurable[node.index] = nil }

  func disconnects(_ cause: DisconnectCause, from participant: any Participant, at node: VirtualNode) {
    guard node.isHonest, honest.contains(participant.nodeID) else { return }
    switch cause {
    case .misbehaved, .banned: report(.honestAccused, "\(node.index) says of \(participant.index): \(cause)")
    default: break
    }
  }

  // MARK: Entries

  /// An entry is on a disk that is not its author's, or durable on its author's: it counts from here on.
  private func publish(_ entry: SignedEntry, _ number: EntryNumber, at node: VirtualNode) {
    guard checked.insert(number).inserted else { return }
    if honest.contains(entry.author) {
      let earlier = published[entry.author, default: [:]].updateValue(entry.id, forKey: entry.sequence)
      if let earlier, earlier != entry.id {
        report(.honestFork, "\(entry.author.short(6)) at \(entry.sequence)")
      }
    }
    if !honestNumbers.contains(number) {
      if !isValid(SignatureCheck(node: entry.author, message: entry.bytes, signature: entry.signature, domain: .entry))
      {
        report(.badEntryTaken, "\(entry.author.short(6)):\(entry.sequence) has a bad signature")
      }
      checkChain(entry, at: node)
    }
    guard honest.contains(entry.author) else { return apply(entry) }
    ahead[entry.author, default: [:]][entry.sequence] = entry
    while let next = ahead[entry.author]?.removeValue(forKey: applied[entry.author, default: 0] + 1) {
      applied[entry.author] = next.sequence
      apply(next)
    }
  }

  /// Tells the market an entry, those of an honest author in its order.
  private func apply(_ entry: SignedEntry) {
    guard case .success(let operations) = network.pool.result(of: entry) else { return }
    let number = network.pool.number(of: entry)
    publications.append(number)
    if !honestNumbers.contains(number) { for operation in operations { checkSignatures(of: operation, in: entry) } }
    for (rule, details) in market.apply(entry, operations) { report(rule, details) }
  }

  /// What some of the published entries add up to.
  func market(of isMeant: (SignedEntry) -> Bool) -> MarketModel {
    var market = MarketModel(genesis: network.genesis)
    market.honest = honest
    for entry in publications.lazy.map({ self.network.pool[$0] }) where isMeant(entry) {
      if case .success(let operations) = network.pool.result(of: entry) { _ = market.apply(entry, operations) }
    }
    return market
  }

  private func checkChain(_ entry: SignedEntry, at node: VirtualNode) {
    timeOf[entry.id] = entry.time
    if let before = timeOf[entry.previous], before > entry.time {
      report(.badEntryTaken, "the time of \(entry.author.short(6)):\(entry.sequence) goes back")
    }
  }

  private func checkSignatures(of operation: Operation, in entry: SignedEntry) {
    var isGood = true
    func check(_ node: NodeID, _ message: [UInt8], _ signature: Signature, _ domain: SigningDomain) {
      isGood =
        isGood && isValid(SignatureCheck(node: node, message: message, signature: signature, domain: domain))
    }
    switch operation {
    case .propose(let signed): check(signed.terms.taker, signed.bytes, signed.signature, .terms)
    case .accept(let signed, let acceptance):
      check(signed.terms.taker, signed.bytes, signed.signature, .terms)
      check(acceptance.maker, acceptance.bytes, acceptance.signature, .acceptance)
    case .receipt(let acceptance):
      check(acceptance.maker, acceptance.bytes, acceptance.signature, .acceptance)
    case .purchase(let legs): for signed in legs { check(signed.terms.taker, signed.bytes, signed.signature, .terms) }
    case .confirm(let confirmation, let legs):
      check(confirmation.taker, confirmation.signed.bytes, confirmation.signed.signature, .confirmation)
      for leg in legs { check(leg.maker, leg.bytes, leg.signature, .acceptance) }
    case .settle(_, let confirmation):
      check(confirmation.taker, confirmation.signed.bytes, confirmation.signed.signature, .confirmation)
    case .rotate(let signed): check(signed.successor, signed.handover.encoded(), signed.signature, .handover)
    default: break
    }
    if !isGood { report(.badEntryTaken, "\(entry.author.short(6)):\(entry.sequence) carries a bad signature") }
  }

  private func isValid(_ check: SignatureCheck) -> Bool {
    guard let key = try? keys.key(for: check.node) else { return false }
    return key.isValid(check.signature, over: check.message, domain: check.domain, network: network.genesis.networkID)
  }
}

extension [UInt8] {
  /// Whether these bytes contain a signature.
  func containsSignature(_ signature: Signature) -> Bool {
    let wanted = signature.bytes
    guard count >= wanted.count else { return false }
    return (0...(count - wanted.count)).contains { start in
      self[start] == wanted[0] && self[start..<start + wanted.count].elementsEqual(wanted)
    }
  }
}
