/// The numbers that steer ``Broadcast``. Only tests give others than the defaults: nodes with different ones still
/// understand each other.
struct BroadcastParameters: Hashable, Sendable {
  /// How long announcements and reports of duplicates are collected before they leave in one message.
  var flushMilliseconds: Int64 = 10
  /// How long an announced entry is waited for before it is asked for: the eager push is usually on its way.
  var firstGraftMilliseconds: Int64 = 30
  /// How long one peer is given before the next that announced the entry is asked.
  var nextGraftMilliseconds: Int64 = 200
  /// After how long an entry that was asked for and did not come is a broken promise.
  var promiseMilliseconds: Int64 = 3000
  /// Sends over which a cell is judged.
  var window: UInt16 = 16
  /// A cell turns lazy when of its sends so many of a hundred were duplicates.
  var lazyPercent: Int = 90
  /// A lazy cell turns eager when of its announcements so many of a hundred were asked for.
  var eagerPercent: Int = 20
  /// Requests before a lazy cell turns eager at all: a single one may be a matter of a late packet.
  var eagerRequests: UInt16 = 2
  /// Announced entries of one peer that are waited for; more are ignored.
  var trackedPerPeer = 5000
  /// Entries that one peer is asked for at a time.
  var graftsInFlight = 100
  /// How often one entry is sent to one peer on request.
  var servesPerEntry: UInt8 = 3
  /// Entries that are remembered, to recognise announcements and to say where they came from.
  var remembered = 65_536
  /// Bytes of entries that are kept to be sent on request without a look at the disk.
  var keptBytes = 8 << 20
  /// Ids in one message.
  var idsPerMessage = 4000
}
