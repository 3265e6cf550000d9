import Market
import NodeCrypto

/// Makers that let proposals of this node's pass without an answer, or reject one after the other. Their orders are not
/// taken for a while, each time for twice as long as the time before, so that cheap offers which nobody means to sell
/// cannot keep a bid from those that are meant.
///
/// It is this node's own experience, and no proof of anything: it decides nothing but with whom the node tries next, and
/// is lost in a restart, which costs one more attempt.
struct SilentMakers: Sendable {
  /// The most makers that are remembered. Of more the one is forgotten whose time is up first.
  static let maximumCount = 1024
  /// How often the first span is doubled at most.
  static let maximumDoublings = 6
  /// So many rejects without an accept between them count as one silence.
  static let rejectsInARow = 8

  /// For how many times as long as it was avoided a maker's silences are remembered. A maker is found out only some time
  /// after it is tried again.
  static let memory: Int64 = 8

  private struct Conduct {
    var silences = 0
    var rejects = 0
    var avoidedUntil = Timestamp.zero
    var rememberedUntil = Timestamp.zero
  }

  private var makers: [NodeID: Conduct] = [:]
  /// The makers whose orders are not taken now.
  private(set) var avoided: Set<NodeID> = []
  /// The first moment at which ``expire(now:)`` has something to do; nil when there is none.
  private(set) var nextDue: Timestamp?

  /// How many makers are remembered.
  var count: Int { makers.count }

  /// A maker has not answered. What else was proposed to it before this was known counts no more.
  ///
  /// - Parameter span: for how long it is left alone the first time, in milliseconds; at most a day.
  mutating func wasSilent(_ maker: NodeID, at time: Timestamp, span: Int64) {
    guard avoided.insert(maker).inserted else { return }
    update(maker) { conduct in
      conduct.rejects = 0
      conduct.silences = min(conduct.silences + 1, Self.maximumDoublings + 1)
      let span = span << Int64(conduct.silences - 1)
      conduct.avoidedUntil = time + span
      conduct.rememberedUntil = time + Self.memory * span
    }
  }

  /// A maker has rejected.
  mutating func rejected(_ maker: NodeID, at time: Timestamp, span: Int64) {
    guard !avoided.contains(maker) else { return }
    if makers[maker]?.rejects == Self.rejectsInARow - 1 { return wasSilent(maker, at: time, span: span) }
    update(maker) { conduct in
      conduct.rejects += 1
      conduct.rememberedUntil = max(conduct.rememberedUntil, time + span)
    }
  }

  /// A maker has accepted, maybe late: one silence is made up for.
  ///
  /// - Returns: whether its orders are taken again.
  mutating func accepted(_ maker: NodeID) -> Bool {
    guard let conduct = makers[maker] else { return false }
    guard conduct.silences > 1 else {
      makers[maker] = nil
      updateDue()
      return avoided.remove(maker) != nil
    }
    update(maker) { ($0.silences, $0.rejects) = ($0.silences - 1, 0) }
    return false
  }

  /// Ends what is over at `now`: a maker is avoided no more, and some time later its silences are forgotten.
  ///
  /// - Returns: whether orders are taken again that were not.
  mutating func expire(now: Timestamp) -> Bool {
    guard let due = nextDue, due <= now else { return false }
    let before = avoided.count
    // Each is looked at by itself: the order does not show.
    for (maker, conduct) in makers {
      if conduct.avoidedUntil <= now { avoided.remove(maker) }
      if conduct.rememberedUntil <= now { makers[maker] = nil }
    }
    updateDue()
    return avoided.count < before
  }

  private mutating func update(_ maker: NodeID, _ change: (inout Conduct) -> Void) {
    var conduct = makers[maker] ?? Conduct()
    change(&conduct)
    if makers[maker] == nil, makers.count >= Self.maximumCount { forgetOne() }
    makers[maker] = conduct
    updateDue()
  }

  private mutating func forgetOne() {
    let first = makers.min { ($0.value.rememberedUntil, $0.key) < ($1.value.rememberedUntil, $1.key) }
    guard let maker = first?.key else { return }
    makers[maker] = nil
    avoided.remove(maker)
  }

  private mutating func updateDue() {
    nextDue = makers.map { avoided.contains($0) ? $1.avoidedUntil : $1.rememberedUntil }.min()
  }
}

extension SilentMakers {
  /// Everything that decides what it does next, ascending by maker.
  var summary: [(maker: NodeID, silences: Int, rejects: Int, avoidedUntil: Timestamp, rememberedUntil: Timestamp)] {
    makers.sorted { $0.key < $1.key }.map {
      ($0.key, $0.value.silences, $0.value.rejects, $0.value.avoidedUntil, $0.value.rememberedUntil)
    }
  }
}
