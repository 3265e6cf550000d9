import Foundation
import Market
import NodeAPI
import NodeCrypto

@testable import P2PNode

let hour: Int64 = 3_600_000

/// The network of the local testnet, whose slots are 10 s.
let genesis: Genesis = {
  let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  do {
    return try Genesis(file: Array(Data(contentsOf: root.appendingPathComponent("Testnet/network.json"))))
  } catch {
    preconditionFailure("Testnet/network.json: \(error)")
  }
}()

/// Four nodes, of which the first two begin alike.
let nodes = ["3f2a01", "3f2a02", "77bc01", "aabb01"].compactMap {
  NodeID(hex: $0 + String(repeating: "0", count: 58))
}

let resolver = OrderResolver(genesis: genesis, now: noon, nodes: nodes)

func offerRequest(_ change: (inout OrderRequest) -> Void = { _ in }) -> OrderRequest {
  var request = OrderRequest(side: "offer", gpuClasses: ["h100-sxm-80g"], gpus: 8, priceMicros: 2_100_000)
  request.durationMs = 12 * hour
  change(&request)
  return request
}

func bidRequest(_ change: (inout OrderRequest) -> Void = { _ in }) -> OrderRequest {
  var request = OrderRequest(side: "bid", gpuClasses: ["h100-sxm-80g"], gpus: 4, priceMicros: 2_400_000)
  request.durationMs = 3 * hour
  request.withinMs = 24 * hour
  change(&request)
  return request
}

struct OtherSide: Error {}

func resolvedOffer(_ change: (inout OrderRequest) -> Void = { _ in }) throws -> Offer {
  guard case .offer(let offer) = try resolver.resolve(offerRequest(change)) else { throw OtherSide() }
  return offer
}

func resolvedBid(_ change: (inout OrderRequest) -> Void = { _ in }) throws -> Bid {
  guard case .bid(let bid) = try resolver.resolve(bidRequest(change)) else { throw OtherSide() }
  return bid
}

/// Why a request is refused, as a person reads it.
func refusal(_ body: () throws -> some Any) -> String {
  do {
    return "understood: \(try body())"
  } catch {
    return "\(error)"
  }
}
