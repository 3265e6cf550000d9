import DequeModule
import Market
import NodeCrypto

extension Broadcast {
  /// An entry that was seen.
  struct Item: Sendable {
    let author: NodeID
    let sequence: UInt64
    /// From whom it first came; nil for an own one.
    var from: UInt64?
    /// Whether it goes out eagerly.
    let isNew: Bool
    /// The entry, while it is kept at hand.
    var entry: SignedEntry?
    /// Neighbours that hold it, or have been sent it.
    var holders = SlotSet()
    /// Neighbours that were asked for it: what they send is no duplicate to report.
    var asked = SlotSet()
    /// How often neighbours have been sent it on request.
    var serves: [UInt64: UInt8] = [:]

    /// Forgets a neighbour that is gone: the next one in its slot is another.
    mutating func forget(_ slot: Int, _ connection: UInt64) {
      holders.remove(slot)
      asked.remove(slot)
      if !serves.isEmpty { serves[connection] = nil }
    }
  }

  /// An entry that was announced and has not come.
  struct Missing: Sendable {
    var announcers: [UInt64]
    /// How many of the announcers have been asked.
    var askedCount = 0
    /// Whom it is asked of just now.
    var asking: [UInt64] = []

    /// Forgets an announcer that is gone.
    mutating func forget(_ connection: UInt64) {
      guard let index = announcers.firstIndex(of: connection) else { return }
      announcers.remove(at: index)
      if index < askedCount { askedCount -= 1 }
      asking.removeAll { $0 == connection }
    }
  }

  struct Neighbour: Sendable {
    let slot: Int
    /// Whether it gets the entries of all authors, or only this node's own.
    var takesAll: Bool
    /// ``Broadcast/arrivals`` when it last brought an entry of another author's, or kept an audit.
    var broughtAt: Int
    /// ``Broadcast/arrivals`` and the time when it last brought or announced anything.
    var spokeAt: (arrivals: Int, time: Timestamp)
    /// What it was asked for to see whether it carries.
    var audit: UInt64?
    var announcements: [UInt64] = []
    var duplicates: [UInt64] = []
    var grafts: [UInt64] = []
    /// Its announcements that are waited for.
    var tracked = 0
    var inFlight = 0
  }

  /// Moments at which something announced is looked at, all the same span after they were noted.
  struct AlarmQueue: Sendable {
    struct Alarm: Sendable {
      let due: Timestamp
      let name: UInt64
      /// Whose promise ends; nil when it is time to ask the next announcer.
      let promise: UInt64?
    }

    private var alarms = Deque<Alarm>()

    var nextDue: Timestamp? { alarms.first?.due }

    /// A clock that steps back must not put the queue out of order.
    mutating func append(_ name: UInt64, at due: Timestamp, promise: UInt64? = nil) {
      alarms.append(Alarm(due: max(due, alarms.last?.due ?? .zero), name: name, promise: promise))
    }

    mutating func popDue(now: Timestamp) -> Alarm? {
      guard let first = alarms.first, first.due <= now else { return nil }
      return alarms.removeFirst()
    }
  }
}

/// A set of the places that neighbours have in ``Broadcast``.
struct SlotSet: Hashable, Sendable {
  /// The most neighbours.
  static let capacity = 128

  private var bits: UInt128 = 0

  /// The lowest slot that is not in the set; nil when all are.
  var firstAbsent: Int? {
    let first = (~bits).trailingZeroBitCount
    return first < Self.capacity ? first : nil
  }

  func contains(_ slot: Int) -> Bool { bits >> slot & 1 == 1 }

  mutating func insert(_ slot: Int) { bits |= 1 << slot }

  mutating func remove(_ slot: Int) { bits &= ~(1 << slot) }
}

/// What a neighbour is told of entries by name: Plumtree's IHAVE, the reports of duplicates, and GRAFT.
struct TreeMessage: Equatable, Sendable {
  let connection: UInt64
  /// Entries that this node holds.
  var announcements: [UInt64]
  /// Pushes that had come before.
  var duplicates: [UInt64]
  /// Entries that were announced and are asked for.
  var grafts: [UInt64]

  /// Takes a message of at most `count` names off the front; nil when nothing is left.
  mutating func takePrefix(_ count: Int) -> TreeMessage? {
    guard !(announcements.isEmpty && duplicates.isEmpty && grafts.isEmpty) else { return nil }
    var room = count
    func take(_ names: inout [UInt64]) -> [UInt64] {
      let part = Array(names.prefix(room))
      names.removeFirst(part.count)
      room -= part.count
      return part
    }
    let first = take(&grafts)
    let second = take(&duplicates)
    return TreeMessage(connection: connection, announcements: take(&announcements), duplicates: second, grafts: first)
  }
}
