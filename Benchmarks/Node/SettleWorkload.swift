import Gossip
import Market
import NodeAPI
import NodeCore
import NodeCrypto
import Store

/// From the bid, typed on one node, until the receipt is durable on both: over loopback, one trade at a time on an idle
/// network.
struct SettleWorkload {
  private let trades: Int

  /// A workload of so many trades.
  init(_ scale: Scale) { trades = scale.settledTrades }

  func measure(in laboratory: Laboratory) async throws -> [Row] {
    let provider = try laboratory.subject("provider")
    let renter = try laboratory.subject("renter")
    try await renter.start(peers: [try await provider.start()])
    var offer = OrderRequest(side: "offer", gpuClasses: [Laboratory.classes[0]], gpus: 64, priceMicros: 2_000_000)
    offer.durationMs = 600 * 3_600_000
    _ = try await provider.client.place(offer)
    try await renter.wait("the renter sees the offer") { status in status.orders == 1 ? () : nil }
    let bare = try BareSettlement(file: laboratory.path("bare"), network: laboratory.genesis.networkID)
    let watch = try FeedWatch(of: provider.identity.nodeID, in: renter, laboratory.genesis)
    let copies = try FeedWatch(of: renter.identity.nodeID, in: provider, laboratory.genesis)
    var (spans, floors): ([Double], [Double]) = ([], [])
    laboratory.tell("\(trades) trades, one at a time")
    let client = renter.client
    for _ in 1...trades {
      floors.append(try bare.run() * 1000)
      let start = ContinuousClock.now
      async let placed = client.place(Self.bid)
      // The maker's entry carries the whole receipt, and is durable there before it leaves.
      try await watch.wait { if case .accept = $0 { true } else { false } }
      spans.append((ContinuousClock.now - start).seconds * 1000)
      _ = try await placed
      // Idle again when the taker's copy has come as well.
      try await copies.wait { if case .receipt = $0 { true } else { false } }
    }
    spans.sort()
    floors.sort()
    func row(_ name: String, _ part: Int, _ goal: Double) -> Row {
      let (place, floor) = (spans.count * part / 100, floors[floors.count / 2])
      return Row("settle/\(name)", spans[place], "ms", floor: floor, goal: .atMost(goal * floor))
    }
    return [row("p50", 50, 1.3), row("p99", 99, 3)]
  }

  private static var bid: OrderRequest {
    var bid = OrderRequest(side: "bid", gpuClasses: [Laboratory.classes[0]], gpus: 1, priceMicros: 2_000_000)
    bid.durationMs = 3_600_000
    bid.withinMs = 590 * 3_600_000
    return bid
  }
}

/// Waits for operations of one node in the store of another, where they are durable.
private final class FeedWatch {
  private let author: NodeID
  private let subject: Subject
  private let codec: OperationCodec
  private let reader: StoreReader
  private var sequence: UInt64 = 0

  init(of author: NodeID, in subject: Subject, _ genesis: Genesis) throws {
    self.author = author
    self.subject = subject
    codec = OperationCodec(genesis: genesis)
    reader = try StoreReader(path: subject.storeFile)
  }

  /// Returns when an entry that was not seen before has an operation that is `wanted`.
  func wait(for wanted: (Operation) -> Bool) async throws {
    // The reader waits, not the poll.
    try await subject.poll("the next step of a trade", seconds: 30, every: .zero) {
      let version = try reader.version()
      for entry in try reader.entries(of: author, after: sequence) {
        sequence = entry.sequence
        if try codec.operations(of: entry).contains(where: wanted) { return () }
      }
      try await reader.change(from: version, seconds: 1)
      return nil
    }
  }
}
