/// What bounds memory and messages and is nothing to tune: local like the others, and the same on all nodes.
extension GossipParameters {
  /// The longest message that a connection carries, in bytes.
  public static let maximumMessageBytes = 65_519

  /// A span of milliseconds that is doubled so many times, and no longer than another.
  static func span(_ first: Int64, doubled times: Int, atMost longest: Int64) -> Int64 {
    times < first.leadingZeroBitCount - 1 ? min(first << Int64(times), longest) : longest
  }

  /// Asking for entries, and being asked.
  enum Fetching {
    /// The ranges of one request.
    static let maximumRanges = 2048
    /// Those of them that name their authors in full.
    static let maximumNamedRanges = 256
    /// With fewer ranges full names are used: they cost no look at all feeds.
    static let leastShortRanges = 16
    /// A longer prefix is taken when so many authors have no prefix of their own.
    static let maximumAmbiguous = 16
    /// Answers of one peer that have ended and of which entries are still being verified: it answers one request at a time.
    static let maximumEnding = 4
    /// The bases in one part of an answer: of 50 bytes at most.
    static let basesPerMessage = 1024
    /// The entries that one request asks for: what is more is spread over the peers.
    static let maximumEntries: UInt64 = 16_384
    /// A peer that sends nothing of an answer for this long is not waited for.
    static let answerMilliseconds: Int64 = 10_000
    /// Requests that one peer answers at a time.
    static let requestsPerPeer = 1
    /// A peer that leaves so many requests in a row without anything is not kept.
    static let maximumStrikes = 3
    /// Feeds of which one peer's claims are noted: a bound on what a liar costs, far above any market.
    static let maximumClaims = 131_072
    /// Feeds of which nothing is held here and that one peer may have to be asked for at a time.
    static let maximumUnknown = 16_384
  }

  /// Entries on their way in.
  enum Arrivals {
    /// How far past a feed's head an entry may be to be kept at hand.
    static let windowPerFeed: UInt64 = 4096
    /// Senders of one entry that are remembered.
    static let maximumSources = 16
    /// Entries kept at hand over all feeds.
    static let maximumWaiting = 65_536
    /// Their bytes.
    static let maximumWaitingBytes = 64 << 20
  }

  /// Passing proofs of fraud on.
  enum Proofs {
    /// Bytes of a proof in one message.
    static let chunkBytes = 60_000
    /// Authors in one notice or request.
    static let maximumAuthors = 1024
    /// Proofs that one peer is asked for at a time: together they stay well below what may wait to be sent to a peer.
    static let maximumAsked = 4
    /// Authors whose proofs a peer has announced and was not asked for yet.
    static let maximumWanted = 65_536
  }

  /// Comparing heads.
  enum Comparing {
    /// Up to so many heads are listed rather than divided.
    static let listedHeads = 8
    /// Heads in one part of an answer.
    static let headsPerPart = 512
    /// The longest list that is read: what is longer is divided by an honest node.
    static let maximumListed = 4096
  }

  /// Knowing where nodes are.
  enum Addresses {
    /// Own addresses that are remembered.
    static let maximumOwn = 64
    /// How often an address is drawn before none is.
    static let draws = 24
    /// Authors of whom it is remembered from which neighbour their entries first came: far above any market.
    static let maximumWays = 65_536
  }
}
