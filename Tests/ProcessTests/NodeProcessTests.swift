import Testing

/// The node as its user has it: the real executable, on loopback, with its files on a disk. One test at a time, because
/// each starts several processes.
@Suite("The node's process", .serialized)
enum NodeProcessTests {
  /// Tests that look at one trade between two nodes.
  @Suite("With a trade made", .firstTrade)
  enum TradeMade {}
}
