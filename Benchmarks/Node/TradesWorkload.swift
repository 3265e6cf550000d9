import Dispatch
import Glibc
import Market
import NodeAPI
import NodeCrypto
import Store

/// As many trades as three nodes make together. On each of them bids wait that match nothing, one for each trade; then
/// each offers what its neighbour's bids want, and finds all of them at once.
struct TradesWorkload {
  private let trades: Int
  private static let nodes = 3
  /// What one offer has room for, in hours of one GPU.
  private static let hours: Int64 = 480

  /// A workload of at least so many trades.
  init(_ scale: Scale) { trades = scale.tradedBids }

  func measure(in laboratory: Laboratory) async throws -> [Row] {
    let each = (trades + Self.nodes - 1) / Self.nodes
    let nodes = try await start(laboratory)
    laboratory.tell("placing \(each * Self.nodes) bids")
    for (number, node) in nodes.enumerated() {
      let client = node.client
      try await withThrowingTaskGroup(of: Void.self) { group in
        for place in 0..<each {
          if place >= 32 { try await group.next() }
          group.addTask { _ = try await client.place(Self.bid(ofClass: number)) }
        }
        try await group.waitForAll()
      }
    }
    for node in nodes {
      try await node.wait("all bids are known") { status in status.orders == each * nodes.count ? () : nil }
    }
    let work = try Work(before: nodes)
    laboratory.tell("trading")
    let start = ContinuousClock.now
    for (number, node) in nodes.enumerated() {
      _ = try await node.client.place(Self.offer(ofClass: (number + 1) % nodes.count, bids: each))
    }
    for node in nodes {
      try await node.wait("all bids are settled", every: .milliseconds(20)) { status in
        status.trades == each * nodes.count && status.undecided == 0 ? () : nil
      }
    }
    let seconds = (ContinuousClock.now - start).seconds
    let bare = try work.bareSeconds(trades: each * nodes.count, after: nodes, in: laboratory)
    let count = Double(each * nodes.count)
    return [
      Row("trades/rate", count / seconds, "1/s", floor: count / bare, goal: .atLeast(0.6 * count / bare)),
      Row("trades/entries", Double(try work.entryCount(after: nodes)) / count, "a trade"),
    ]
  }

  private func start(_ laboratory: Laboratory) async throws -> [Subject] {
    var nodes: [Subject] = []
    var addresses: [String] = []
    for number in 1...Self.nodes {
      let node = try laboratory.subject("trader\(number)")
      addresses.append(try await node.start(peers: addresses))
      nodes.append(node)
    }
    for node in nodes {
      try await node.wait("the nodes know each other") { status in status.peers == Self.nodes - 1 ? () : nil }
    }
    return nodes
  }

  private static func bid(ofClass number: Int) -> OrderRequest {
    var bid = OrderRequest(side: "bid", gpuClasses: [Laboratory.classes[number]], gpus: 1, priceMicros: 2_000_000)
    bid.durationMs = 3_600_000
    bid.withinMs = (hours + 48) * 3_600_000
    return bid
  }

  private static func offer(ofClass number: Int, bids: Int) -> OrderRequest {
    let gpus = min(64, Int64(bids) / (hours / 2) + 1)
    var offer = OrderRequest(
      side: "offer", gpuClasses: [Laboratory.classes[number]], gpus: gpus, priceMicros: 2_000_000)
    offer.durationMs = hours * 3_600_000
    return offer
  }
}

/// What the trades made the nodes write, and what that costs bare.
private struct Work {
  private var sequences: [UInt64] = []

  init(before nodes: [Subject]) throws {
    for node in nodes {
      let entries = try StoreReader(path: node.storeFile).entries(of: node.identity.nodeID, after: 0)
      sequences.append(entries.last?.sequence ?? 0)
    }
  }

  /// The sizes of the entries that the nodes have written since.
  private func entrySizes(after nodes: [Subject]) throws -> [Int] {
    var sizes: [Int] = []
    for (node, sequence) in zip(nodes, sequences) {
      sizes += try StoreReader(path: node.storeFile).entries(of: node.identity.nodeID, after: sequence)
        .map(\.bytes.count)
    }
    return sizes
  }

  func entryCount(after nodes: [Subject]) throws -> Int { try entrySizes(after: nodes).count }

  /// Seconds for the signatures and verifications on all cores while the entries are written for each node and synced
  /// for their authors: terms and acceptance of each trade are signed once and verified by the two others, and so is each
  /// entry.
  func bareSeconds(trades: Int, after nodes: [Subject], in laboratory: Laboratory) throws -> Double {
    let sizes = try entrySizes(after: nodes)
    let (identity, network) = (Identity.generate(), laboratory.genesis.networkID)
    let key = try VerifyingKey(identity.nodeID)
    let others = nodes.count - 1
    let part = [UInt8](repeating: 7, count: 300)
    let signature = identity.sign(part, domain: .terms, network: network)
    let whole = sizes.map { size -> ([UInt8], Signature) in
      let bytes = [UInt8](repeating: 9, count: size)
      return (bytes, identity.sign(bytes, domain: .entry, network: network))
    }
    let path = laboratory.path("bare")
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw NodeBenchmarkError.system(call: "open", reason: String(cString: strerror(errno))) }
    defer { close(file) }
    let pieces = 64
    return Spent.measure {
      let disk = DispatchGroup()
      DispatchQueue.global().async(group: disk) {
        for (bytes, _) in whole {
          for _ in 0...others { _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } }
          fdatasync(file)
        }
      }
      DispatchQueue.concurrentPerform(iterations: pieces) { piece in
        func isMine(_ number: Int) -> Bool { number % pieces == piece }
        for number in 0..<2 * trades where isMine(number) {
          _ = identity.sign(part, domain: .terms, network: network)
          for _ in 0..<others {
            precondition(key.isValid(signature, over: part, domain: .terms, network: network), "our own signature")
          }
        }
        for (number, (bytes, signature)) in whole.enumerated() where isMine(number) {
          _ = identity.sign(bytes, domain: .entry, network: network)
          for _ in 0..<others {
            precondition(key.isValid(signature, over: bytes, domain: .entry, network: network), "our own signature")
          }
        }
      }
      disk.wait()
    }.wall
  }
}
