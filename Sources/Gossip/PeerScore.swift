import Market
import NodeCrypto

/// What a peer does that an honest one does now and then, but not often.
public enum Penalty: Sendable {
  /// It announced an entry and did not deliver it.
  case brokenPromise
  /// It brings nothing, and did not deliver what it announced when it was asked to.
  case failedAudit
}

/// What this node remembers of others to judge them by: budgets, broken promises and bans.
///
/// Only what no honest node can have sent bans a node. Promises that are not kept end the connection, since the peer may
/// just be slow; they decay.
///
/// | what a peer does | verdict | what follows |
/// |---|---|---|
/// | sends something new and valid | accept | |
/// | sends what is known, early, over budget, against local policy | ignore | |
/// | breaks promises faster than they decay | ignore | the connection ends; no link for a while, each twice as long |
/// | sends what is provably invalid | reject | the connection ends; a ban, each twice as long as the last |
struct PeerScore: Sendable {
  private struct Account: Sendable {
    var budget: PeerBudget
    /// Broken promises, in units of the time in which they decay.
    var promiseMilliseconds: Int64 = 0
    var promisesAt: Timestamp
    var isConnected = false
  }

  private let judging: GossipParameters.Judging
  private var bans: Exclusions
  private var pauses: Exclusions
  private var accounts: [NodeID: Account] = [:]

  init(_ judging: GossipParameters.Judging) {
    self.judging = judging
    bans = Exclusions(
      first: judging.firstBanMilliseconds, longest: judging.longestBanMilliseconds, judging: judging)
    pauses = Exclusions(
      first: judging.firstPauseMilliseconds, longest: judging.longestPauseMilliseconds, judging: judging)
  }

  /// Nodes whose budgets are remembered.
  var accountCount: Int { accounts.count }
  /// Nodes whose offences are remembered.
  var banCount: Int { bans.count }
  /// Nodes whose pauses are remembered.
  var pauseCount: Int { pauses.count }

  // MARK: Accounts

  mutating func connected(_ node: NodeID, now: Timestamp) {
    if accounts[node] == nil {
      accounts[node] = Account(budget: PeerBudget(judging, now: now), promisesAt: now)
    }
    accounts[node]?.isConnected = true
  }

  /// A peer that leaves keeps its account until it is as good as a new one, or the table is full.
  mutating func disconnected(_ node: NodeID, now: Timestamp) {
    accounts[node]?.isConnected = false
    guard accounts.count > judging.maximumLedger else { return }
    // A quarter at a time, so that most departures cost nothing: first those that are as good as new.
    let left = accounts.keys.sorted().filter { accounts[$0]?.isConnected == false }
    for other in left where accounts[other]?.budget.isFull(now: now) == true && promises(of: other, now: now) == 0 {
      accounts[other] = nil
    }
    for other in left where accounts.count > judging.maximumLedger * 3 / 4 { accounts[other] = nil }
  }

  /// Takes `count` units out of a peer's budget, or none when there are fewer. One without an account has none.
  mutating func spend(_ kind: BudgetKind, count: Int, peer: NodeID, now: Timestamp) -> Bool {
    accounts[peer]?.budget.spend(kind, count, now: now) ?? false
  }

  /// How many of `count` addresses a peer may name.
  mutating func takeAddresses(_ count: Int, peer: NodeID, now: Timestamp) -> Int {
    accounts[peer]?.budget.takeAddresses(count, now: now) ?? 0
  }

  /// Notes a penalty.
  ///
  /// - Returns: whether the peer has had enough of them for its connection to end.
  mutating func penalize(_ peer: NodeID, _ penalty: Penalty, now: Timestamp) -> Bool {
    guard accounts[peer] != nil else { return false }
    let weight =
      switch penalty {
      case .brokenPromise: judging.promiseDecayMilliseconds
      case .failedAudit: judging.failedAuditWeight * judging.promiseDecayMilliseconds
      }
    let total = promises(of: peer, now: now) + weight
    accounts[peer]?.promiseMilliseconds = min(total, judging.promiseLimit * judging.promiseDecayMilliseconds)
    accounts[peer]?.promisesAt = now
    return total >= judging.promiseLimit * judging.promiseDecayMilliseconds
  }

  private func promises(of peer: NodeID, now: Timestamp) -> Int64 {
    guard let account = accounts[peer] else { return 0 }
    return max(0, account.promiseMilliseconds - max(0, now - account.promisesAt))
  }

  // MARK: Bans and pauses

  /// Bans a node that sent what no honest node sends.
  mutating func ban(_ node: NodeID, now: Timestamp) { bans.add(node, now: now) }

  func isBanned(_ node: NodeID, now: Timestamp) -> Bool { bans.contains(node, now: now) }

  /// Until when a node is banned, or was the last time.
  func bannedUntil(_ node: NodeID) -> Timestamp? { bans.end(of: node) }

  /// Keeps a node that does not keep its word without a link for a while.
  mutating func pause(_ node: NodeID, now: Timestamp) { pauses.add(node, now: now) }

  func isPaused(_ node: NodeID, now: Timestamp) -> Bool { pauses.contains(node, now: now) }
}

/// Nodes that are kept out for a while, each time twice as long as the last.
private struct Exclusions: Sendable {
  private struct Exclusion: Sendable {
    var until: Timestamp
    var offences: Int
  }

  let first: Int64
  let longest: Int64
  let judging: GossipParameters.Judging
  private var exclusions: [NodeID: Exclusion] = [:]

  init(first: Int64, longest: Int64, judging: GossipParameters.Judging) {
    self.first = first
    self.longest = longest
    self.judging = judging
  }

  var count: Int { exclusions.count }

  mutating func add(_ node: NodeID, now: Timestamp) {
    var offences = 1
    if let earlier = exclusions[node], now - earlier.until < judging.forgivenMilliseconds {
      offences = earlier.offences + 1
    }
    let span = GossipParameters.span(first, doubled: offences - 1, atMost: longest)
    if exclusions[node] == nil, exclusions.count >= judging.maximumBans { forgetOne() }
    exclusions[node] = Exclusion(until: now + span, offences: offences)
  }

  func contains(_ node: NodeID, now: Timestamp) -> Bool { end(of: node).map { $0 > now } ?? false }

  /// Until when a node is kept out, or was the last time.
  func end(of node: NodeID) -> Timestamp? { exclusions[node]?.until }

  private mutating func forgetOne() {
    let oldest = exclusions.min { ($0.value.until, $0.key) < ($1.value.until, $1.key) }
    if let oldest { exclusions[oldest.key] = nil }
  }
}
