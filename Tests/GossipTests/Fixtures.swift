import NodeCrypto
import Testing
import Wire

@testable import Gossip
@testable import Market

/// The moment `milliseconds` after the epoch.
func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

let networkID = NetworkID(word0: 1, word1: 2, word2: 3, word3: 4)

/// The node with the given number.
func node(_ number: UInt64) -> NodeID { NodeID(word0: number, word1: 0, word2: 0, word3: 0) }

/// The identity with the given number.
func identity(_ number: UInt8) -> Identity {
  Identity(seed: [UInt8](repeating: number, count: Identity.seedByteCount))
}

extension GenesisLimits {
  /// Limits of which the feeds' tests need few.
  static func test(skew: Int64 = 1000, entryBytes: Int = 60_000, perSecond: Int64 = 10, burst: Int64 = 5) -> Self {
    GenesisLimits(
      skewMilliseconds: skew, tickMilliseconds: 5000, proposalMilliseconds: 6000, retryMilliseconds: 5000,
      operationsPerEntry: 256, entryBytes: entryBytes, entriesPerSecond: perSecond, entryBurst: burst,
      openOrdersPerAuthor: 100, gpusPerOrder: 64, lotGPUs: 1, priceMicros: 1_000_000, priceTickMicros: 1,
      horizonMilliseconds: 1_000_000)
  }
}

/// The first entries of a feed, each at its own time; branches differ by `payload`.
func chain(_ author: Identity, _ times: [Int64], after head: Head? = nil, payload: [UInt8] = []) -> [SignedEntry] {
  var head = head ?? .origin(of: networkID)
  return times.map { time in
    let entry = SignedEntry(after: head, time: at(time), payload: payload, identity: author, network: networkID)
    head = entry.head
    return entry
  }
}
