import Market
import NodeCrypto

/// Where nodes can be dialled, kept as Bitcoin's address manager keeps it (Heilman et al. 2015): in buckets that a secret
/// key chooses. Which bucket an address that was heard of goes to depends on its network group and on that of who named
/// it; which one an address at which a node was reached goes to depends on its group alone. Whoever names many addresses,
/// or has many in few groups, fills few buckets, and cannot know which. An address that was reached is evicted from a full
/// bucket only after a test has failed to reach it again.
///
/// | address | moves on | to |
/// |---|---|---|
/// | unknown | somebody names it, and its bucket has room or a hopeless address | heard |
/// | unknown, heard | its node says so itself over a connection from that host | claimed |
/// | heard, claimed | a dial reaches a node, and the bucket has room or a hopeless address | tried |
/// | heard, claimed | the same, and the bucket is full | waiting for the test of the one that was reached least recently |
/// | heard, claimed | too many failures | unknown |
/// | any | it turns out to be this node's own | own: never dialled |
struct AddressBook: Sendable {
  enum Standing: Sendable { case heard, claimed, tried }

  struct Record: Sendable {
    let address: PeerAddress
    /// Whose it is, as a handshake has shown; never as somebody else says.
    var node: NodeID?
    var standing: Standing
    var failures = 0
    /// Not dialled before.
    var nextDial: Timestamp
    var lastReached: Timestamp?
    /// When its node first claimed it.
    var claimedAt = Timestamp.zero
    var isBootstrap = false
    fileprivate var bucket: UInt64
  }

  /// A tried address that is to be dialled, because another one wants its place.
  struct Test: Sendable {
    let candidate: PeerAddress
    let incumbent: PeerAddress
  }

  private let parameters: GossipParameters.Book
  private let dialling: GossipParameters.Dialling
  private let key: [UInt8]
  private var records: [PeerAddress: Record] = [:]
  private var new = BucketTable()
  private var tried = BucketTable()
  private var addressByNode: [NodeID: PeerAddress] = [:]
  private var own: [PeerAddress] = []
  /// The addresses to start from: never forgotten.
  private(set) var bootstrap: [PeerAddress] = []
  private(set) var tests: [Test] = []

  /// An empty book.
  ///
  /// - Parameter key: the secret that chooses the buckets.
  init(_ parameters: GossipParameters, key: [UInt8]) {
    self.parameters = parameters.book
    dialling = parameters.dialling
    self.key = key
  }

  // MARK: Reading

  /// Addresses in the book.
  var count: Int { records.count }

  /// The most addresses: full buckets, and those from this node's own configuration.
  var capacity: Int {
    Int(parameters.newBuckets + parameters.triedBuckets) * parameters.bucketCount + bootstrap.count
  }

  subscript(_ address: PeerAddress) -> Record? { records[address] }

  /// Where a node was reached or says that it can be; nil when it is not known.
  func address(of node: NodeID) -> PeerAddress? { addressByNode[node] }

  func isOwn(_ address: PeerAddress) -> Bool { own.contains(address) }

  /// Whether there is no address but this node's own.
  var isEmpty: Bool { records.isEmpty }

  /// A random address that is acceptable: from either table alike, a random bucket of it, a random place; nil when a few
  /// draws find none.
  func draw(using generator: inout SplitMix64, where isAcceptable: (Record) -> Bool) -> Record? {
    guard !records.isEmpty else { return nil }
    for _ in 0..<GossipParameters.Addresses.draws {
      let prefersTried = Bool.random(using: &generator)
      let address =
        (prefersTried ? tried : new).randomElement(using: &generator)
        ?? (prefersTried ? new : tried).randomElement(using: &generator)
      if let address, let record = records[address], isAcceptable(record) { return record }
    }
    return nil
  }

  /// Whether an address may be given away: a node was reached there and no dial has failed since.
  ///
  /// - Parameter newcomer: whether it is given to a node without links, which gets fresh claims, too: in a network that
  ///   starts at once nobody has reached anybody. In a small one every claim is given away, or two nodes that have dialled
  ///   all others would never hear of each other.
  func isGood(_ address: PeerAddress, forNewcomer newcomer: Bool, now: Timestamp) -> Bool {
    guard let record = records[address], record.failures == 0 else { return false }
    guard record.standing == .claimed else { return record.standing == .tried }
    return records.count <= parameters.smallCount || newcomer && now - record.claimedAt < parameters.claimMilliseconds
  }

  /// Random addresses to give away.
  func sample(
    _ count: Int, forNewcomer newcomer: Bool, now: Timestamp, using generator: inout SplitMix64,
    where isAcceptable: (NodeID) -> Bool
  ) -> [NodeAddress] {
    var picked: [NodeAddress] = []
    var seen: Set<PeerAddress> = []
    for _ in 0..<(2 * count) where picked.count < count {
      let record = draw(using: &generator) { record in
        guard let node = record.node, isGood(record.address, forNewcomer: newcomer, now: now) else { return false }
        return isAcceptable(node) && !seen.contains(record.address)
      }
      guard let record, let node = record.node else { break }
      seen.insert(record.address)
      picked.append(NodeAddress(node: node, address: record.address))
    }
    return picked
  }

  /// The addresses that were reached last, the latest first.
  func latest(_ count: Int) -> [NodeAddress] {
    let reached = tried.elements.compactMap { records[$0] }.sorted {
      ($1.lastReached ?? .zero, $0.address) < ($0.lastReached ?? .zero, $1.address)
    }
    return reached.prefix(count).compactMap { record in
      record.node.map { NodeAddress(node: $0, address: record.address) }
    }
  }

  // MARK: Learning

  /// Notes an address to start from.
  mutating func addBootstrap(_ address: PeerAddress, now: Timestamp) {
    guard !bootstrap.contains(address), !isOwn(address) else { return }
    bootstrap.append(address)
    records[address] = Record(
      address: address, node: nil, standing: .heard, nextDial: now, isBootstrap: true, bucket: 0)
  }

  /// Notes an address that somebody in the group `source` named; one that is known keeps its state.
  ///
  /// - Returns: whether it was not known and is now.
  @discardableResult
  mutating func learn(_ address: PeerAddress, source: NetworkGroup, now: Timestamp) -> Bool {
    guard records[address] == nil, !isOwn(address) else { return false }
    let bucket = newBucket(of: NetworkGroup(address), source: source)
    guard makeRoom(in: bucket) else { return false }
    new.insert(address, into: bucket)
    records[address] = Record(address: address, node: nil, standing: .heard, nextDial: now, bucket: bucket)
    return true
  }

  /// Notes what a node says of its own address over a connection that comes from there. An address at which another node
  /// was reached stays that node's.
  mutating func claim(_ address: PeerAddress, by node: NodeID, now: Timestamp) {
    learn(address, source: NetworkGroup(address), now: now)
    guard var record = records[address], record.standing != .tried else { return }
    if let before = record.node, addressByNode[before] == address { addressByNode[before] = nil }
    if record.standing != .claimed || record.node != node { record.claimedAt = now }
    record.node = node
    record.standing = .claimed
    records[address] = record
    if addressByNode[node].flatMap({ records[$0]?.standing }) != .tried { addressByNode[node] = address }
  }

  /// A dial has reached a node.
  mutating func reached(_ address: PeerAddress, node: NodeID, now: Timestamp) {
    learn(address, source: NetworkGroup(address), now: now)
    tests.removeAll { $0.incumbent == address }
    guard var record = records[address] else { return }
    if let before = record.node, before != node, addressByNode[before] == address { addressByNode[before] = nil }
    record.node = node
    record.failures = 0
    record.lastReached = now
    records[address] = record
    addressByNode[node] = address
    if record.standing != .tried { promote(address) }
  }

  /// A dial has failed.
  ///
  /// - Parameter isOwn: the address turned out to be this node's.
  mutating func failed(_ address: PeerAddress, isOwn: Bool, now: Timestamp, using generator: inout SplitMix64) {
    if isOwn {
      if own.count >= GossipParameters.Addresses.maximumOwn { own.removeFirst() }
      own.append(address)
      bootstrap.removeAll { $0 == address }
      remove(address)
      return
    }
    guard var record = records[address] else { return }
    record.failures += 1
    let span = GossipParameters.span(
      dialling.firstBackoffMilliseconds, doubled: record.failures - 1, atMost: dialling.lastBackoffMilliseconds)
    record.nextDial = now + Membership.jittered(span, using: &generator)
    records[address] = record
    if let test = tests.first(where: { $0.incumbent == address }) {
      tests.removeAll { $0.incumbent == address }
      remove(address)
      promote(test.candidate)
    } else if record.failures >= dialling.forgottenAfterFailures, record.standing != .tried,
      !bootstrap.contains(address)
    {
      remove(address)
    }
  }

  /// Does not dial an address before a moment.
  mutating func postpone(_ address: PeerAddress, until moment: Timestamp) {
    guard let record = records[address] else { return }
    records[address]?.nextDial = max(record.nextDial, moment)
  }

  // MARK: Tables

  private func newBucket(of group: NetworkGroup, source: NetworkGroup) -> UInt64 {
    let choice = hash("which", source.bytes, group.bytes) % parameters.newBucketsPerSource
    return hash("new", source.bytes, [UInt8(truncatingIfNeeded: choice)]) % parameters.newBuckets
  }

  private func triedBucket(of address: PeerAddress) -> UInt64 {
    let group = NetworkGroup(address).bytes
    let choice = hash("place", Array(address.description.utf8), []) % parameters.triedBucketsPerGroup
    return hash("tried", group, [UInt8(truncatingIfNeeded: choice)]) % parameters.triedBuckets
  }

  private func hash(_ purpose: String, _ first: [UInt8], _ second: [UInt8]) -> UInt64 {
    let bytes = Array(purpose.utf8) + [0, UInt8(truncatingIfNeeded: first.count)] + first + second
    return (Blake2b.keyedHash(bytes, key: key) as Digest).word0
  }

  /// Whether a bucket of heard addresses has room, or gets it from one that nobody was reached at.
  private mutating func makeRoom(in bucket: UInt64) -> Bool {
    guard new[bucket].count >= parameters.bucketCount else { return true }
    guard let hopeless = new[bucket].first(where: isHopeless) else { return false }
    remove(hopeless)
    return true
  }

  private func isHopeless(_ address: PeerAddress) -> Bool {
    guard let record = records[address], !record.isBootstrap else { return false }
    return record.failures >= parameters.hopelessFailures
  }

  private mutating func promote(_ address: PeerAddress) {
    guard let record = records[address], record.standing != .tried else { return }
    let bucket = triedBucket(of: address)
    if tried[bucket].count >= parameters.bucketCount {
      if let hopeless = tried[bucket].first(where: isHopeless) {
        remove(hopeless)
      } else {
        test(for: address, in: bucket)
        return
      }
    }
    if !record.isBootstrap || new[record.bucket].contains(address) { new.remove(address, from: record.bucket) }
    tried.insert(address, into: bucket)
    records[address]?.standing = .tried
    records[address]?.bucket = bucket
  }

  private mutating func test(for candidate: PeerAddress, in bucket: UInt64) {
    guard tests.count < parameters.maximumTests, !tests.contains(where: { $0.candidate == candidate }) else { return }
    let free = tried[bucket].filter { address in !tests.contains { $0.incumbent == address } }
    let oldest = free.min {
      (records[$0]?.lastReached ?? .zero, $0) < (records[$1]?.lastReached ?? .zero, $1)
    }
    if let oldest { tests.append(Test(candidate: candidate, incumbent: oldest)) }
  }

  private mutating func remove(_ address: PeerAddress) {
    guard let record = records[address] else { return }
    if let node = record.node, addressByNode[node] == address { addressByNode[node] = nil }
    tests.removeAll { $0.candidate == address || $0.incumbent == address }
    if record.standing == .tried {
      tried.remove(address, from: record.bucket)
    } else {
      new.remove(address, from: record.bucket)
    }
    if record.isBootstrap, !own.contains(address) {
      records[address]?.standing = .heard
    } else {
      records[address] = nil
    }
  }
}

/// Addresses in numbered buckets, of which few need be in use.
private struct BucketTable: Sendable {
  private var buckets: [UInt64: [PeerAddress]] = [:]
  /// The buckets that are not empty, ascending.
  private var used: [UInt64] = []

  subscript(_ bucket: UInt64) -> [PeerAddress] { buckets[bucket] ?? [] }

  /// All addresses, by bucket.
  var elements: [PeerAddress] { used.flatMap { buckets[$0] ?? [] } }

  mutating func insert(_ address: PeerAddress, into bucket: UInt64) {
    if buckets[bucket] == nil { used.insert(bucket, at: used.firstIndex { $0 > bucket } ?? used.count) }
    buckets[bucket, default: []].append(address)
  }

  mutating func remove(_ address: PeerAddress, from bucket: UInt64) {
    guard let index = buckets[bucket]?.firstIndex(of: address) else { return }
    buckets[bucket]?.remove(at: index)
    guard buckets[bucket]?.isEmpty == true else { return }
    buckets[bucket] = nil
    used.removeAll { $0 == bucket }
  }

  /// A random address of a random bucket; nil when there is none.
  func randomElement(using generator: inout SplitMix64) -> PeerAddress? {
    used.randomElement(using: &generator).flatMap { buckets[$0]?.randomElement(using: &generator) }
  }
}
