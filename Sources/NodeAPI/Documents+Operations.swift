/// A queue of the node: the element of `queues` in ``StatusDocument``.
public struct QueueDocument: Codable, Hashable, Sendable {
  /// What waits.
  public var name: String
  /// How much of it: elements, or bytes where the name says so.
  public var length: Int64
  /// How much may wait; nil where something else bounds it.
  public var bound: Int64?
  /// How much was dropped since the node started, because there was no room; nil where nothing is ever dropped.
  public var dropped: Int64?

  /// A queue.
  public init(name: String, length: Int64, bound: Int64? = nil, dropped: Int64? = nil) {
    self.name = name
    self.length = length
    self.bound = bound
    self.dropped = dropped
  }
}

/// What the node does in a second, as the mean of the last ten.
public struct RatesDocument: Codable, Hashable, Sendable {
  /// Entries handed to the disk.
  public var entriesPerSecond: Double
  /// Operations in entries of others that were verified, and in own ones.
  public var operationsPerSecond: Double
  /// Signatures verified.
  public var verificationsPerSecond: Double
  /// Commands answered.
  public var commandsPerSecond: Double

  /// Rates.
  public init(
    entriesPerSecond: Double, operationsPerSecond: Double, verificationsPerSecond: Double, commandsPerSecond: Double
  ) {
    self.entriesPerSecond = entriesPerSecond
    self.operationsPerSecond = operationsPerSecond
    self.verificationsPerSecond = verificationsPerSecond
    self.commandsPerSecond = commandsPerSecond
  }
}

/// The store and the disk that it is on.
public struct DiskDocument: Codable, Hashable, Sendable {
  /// The database with its write-ahead log.
  public var storeBytes: Int64
  /// What is free for this user.
  public var freeBytes: Int64

  /// Sizes in bytes.
  public init(storeBytes: Int64, freeBytes: Int64) {
    self.storeBytes = storeBytes
    self.freeBytes = freeBytes
  }
}

/// What `GET /health` and `GET /ready` answer when all is well.
public struct HealthDocument: Codable, Hashable, Sendable {
  /// `ok`.
  public var status: String

  /// All is well.
  public init() { status = "ok" }
}
