/// The numbers that steer the broadcast of entries: part of ``GossipParameters``.
public struct BroadcastParameters: Hashable, Sendable {
  /// How long announcements are collected before they leave in one message.
  public var flushMilliseconds: Int64 = 10
  /// How long reports of duplicates wait for a message to leave with.
  public var reportMilliseconds: Int64 = 250
  /// How long an announced entry is waited for before it is asked for: the eager push is usually on its way.
  public var firstGraftMilliseconds: Int64 = 30
  /// How long one peer is given before the next that announced the entry is asked.
  public var nextGraftMilliseconds: Int64 = 200
  /// After how long an entry that was asked for and did not come is a broken promise.
  public var promiseMilliseconds: Int64 = 3000
  /// Entries that others have brought since a neighbour last did, from which on it is asked for one to see whether it
  /// carries.
  public var auditEntries = 256
  /// Entries that others have brought since a neighbour last said anything of entries, from which on it counts as silent;
  /// and for how long it has to have said nothing, at the least.
  public var silentEntries = 128
  /// See ``silentEntries``.
  public var silentMilliseconds: Int64 = 10_000
  /// Sends over which a cell is judged.
  public var window: UInt16 = 16
  /// A cell turns lazy when of its sends so many of a hundred were duplicates.
  public var lazyPercent: Int = 87
  /// A lazy cell turns eager when of its announcements so many of a hundred were asked for.
  public var eagerPercent: Int = 20
  /// Requests before a lazy cell turns eager at all: a single one may be a matter of a late packet.
  public var eagerRequests: UInt16 = 2
  /// Announced entries of one peer that are waited for; more are ignored.
  public var trackedPerPeer = 5000
  /// Entries that one peer is asked for at a time.
  public var graftsInFlight = 100
  /// How often one entry is sent to one peer on request.
  public var servesPerEntry: UInt8 = 3
  /// Entries that are remembered, to recognise announcements and to say where they came from.
  public var remembered = 65_536
  /// Bytes of entries that are kept to be sent on request without a look at the disk.
  public var keptBytes = 8 << 20
  /// Ids in one message.
  public var idsPerMessage = 4000

  /// The standard values.
  public init() {}
}
