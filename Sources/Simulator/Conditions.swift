/// What goes wrong all the time, and how long things take. Spans are in milliseconds, drawn from the network's seed.
///
/// The faults of packets act below TCP: a lost packet is sent again after a while and holds up what is behind it, a late
/// one holds up too, a doubled one costs the line. What a node sees is a stream in order, or a connection that ends.
public struct Conditions: Sendable, Equatable {
  /// The one-way latency between two nodes: one value for each pair, a function of the network's seed and the pair.
  public var latency: ClosedRange<Int64> = 5...40
  /// What is added to the latency of a message, at most, in microseconds.
  public var jitterMicroseconds: Int64 = 1000
  /// Packets that are lost, in thousandths.
  public var lossPerMille: Int64 = 0
  /// Packets that arrive twice, in thousandths.
  public var duplicationPerMille: Int64 = 0
  /// Packets that others overtake, in thousandths.
  public var reorderingPerMille: Int64 = 0
  /// Pairs of nodes whose link is slow, in hundredths.
  public var slowLinkPercent: Int64 = 0
  /// What a slow link carries a second each way.
  public var slowBytesPerSecond: Int64 = 16_384
  /// How long a commit takes.
  public var commit: ClosedRange<Int64> = 1...8
  /// How long the checks of an entry take.
  public var verification: ClosedRange<Int64> = 0...5
  /// How long a node takes for each part of an answer to a request for history.
  public var serving: ClosedRange<Int64> = 0...3
  /// How long a node collects events before it handles them together.
  public var batching: ClosedRange<Int64> = 0...2
  /// How far nodes' clocks differ from the true time.
  public var clockOffset: ClosedRange<Int64> = 0...0
  /// How much faster or slower than the true time nodes' clocks run, in millionths, at most.
  public var clockDriftPerMillion: Int64 = 0

  /// A network in which nothing goes wrong.
  public init() {}
}

/// The bytes that a network packet carries.
let packetBytes = 1400
/// What a frame adds to a message: its length and the tag of its encryption.
let frameOverheadBytes = 18
/// What a connection's queue holds before the connection ends, as the product's transport has it.
let queueLimitBytes = 4 << 20
