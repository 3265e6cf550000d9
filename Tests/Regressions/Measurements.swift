import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Wire

/// All that is measured: the steps of an entry's way through a node, without its signatures, and the book's.
///
/// Everything follows from fixed seeds. Nothing here reads a clock.
struct Measurements {
  /// In the order of the report.
  let all: [Measurement]

  init() throws {
    let market = try FixedMarket()
    let single = market.feed(entries: 256, operations: 1)
    let batches = market.feed(entries: 4, operations: 256)
    all = [
      Self.decoding("entry/1", single), Self.decoding("entry/256", batches),
      market.reading("operations/1", single), market.reading("operations/256", batches),
      try market.receiving("ingest/1", single), try market.receiving("ingest/256", batches),
      market.restoring("restore/256", batches), try market.placing("place/256"),
      market.inserting("book/insert"), market.matching("book/match"),
    ]
  }

  /// Entries out of their bytes, their ids computed.
  private static func decoding(_ name: String, _ feed: FixedMarket.Feed) -> Measurement {
    Measurement(name: name, operations: feed.entries.count) {
      for entry in feed.entries {
        let read = try? SignedEntry(bytes: entry.bytes, signature: entry.signature.bytes, maximumBytes: .max)
        precondition(read?.id == entry.id, "an entry of our own does not decode")
      }
    }
  }
}
