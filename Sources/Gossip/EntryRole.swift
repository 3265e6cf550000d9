/// What an entry is to its feed. All that a feed has to know of what its entries say; whoever reads them tells it.
public enum EntryRole: Hashable, Sendable {
  /// Whatever is not part of a checkpoint.
  case plain
  /// The first part of a checkpoint, with which a feed may be held to begin.
  ///
  /// - Parameter rateLeft: what is left of the author's rate before the entry, in thousandths of an entry.
  case checkpointStart(rateLeft: Int64, isLast: Bool)
  /// A further part of the checkpoint that begins at `first`.
  case checkpointPart(first: UInt64, isLast: Bool)
  /// The last entry of its feed: the author hands over to another key.
  case last
}
