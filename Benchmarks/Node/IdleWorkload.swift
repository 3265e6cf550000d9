import Market
import NodeAPI

/// One node of nine that have live orders and nothing to do but to tell each other that they are there.
struct IdleWorkload {
  private let seconds: Int64
  private static let nodes = 9

  /// A workload of the given length.
  init(_ scale: Scale) { seconds = scale.idleSeconds }

  func measure(in laboratory: Laboratory) async throws -> [Row] {
    laboratory.tell("starting \(Self.nodes) nodes")
    var nodes: [Subject] = []
    var address: [String] = []
    for number in 1...Self.nodes {
      let node = try laboratory.subject("idle\(number)")
      let listens = try await node.start(peers: address)
      if address.isEmpty { address = [listens] }
      nodes.append(node)
      var offer = OrderRequest(side: "offer", gpuClasses: [Laboratory.classes[0]], gpus: 8, priceMicros: 2_000_000)
      offer.durationMs = 24 * 3_600_000
      _ = try await node.client.place(offer)
    }
    for node in nodes {
      try await node.wait("all orders and peers are known", every: .milliseconds(100)) { status in
        status.orders >= nodes.count && status.peers >= nodes.count / 2 ? () : nil
      }
    }
    laboratory.tell("doing nothing for \(2 * seconds) s")
    // Links settle down at first.
    try await Task.sleep(for: .seconds(seconds))
    let subject = nodes[nodes.count / 2].identifier
    let before = (try ProcessUse(subject), try ProcessUse.transferredBytes(subject))
    try await Task.sleep(for: .seconds(seconds))
    let after = (try ProcessUse(subject), try ProcessUse.transferredBytes(subject))
    let span = Double(seconds)
    return [
      Row(
        "idle/processor", 100 * (after.0.processorSeconds - before.0.processorSeconds) / span, "% of core",
        goal: .atMost(1)),
      Row("idle/resident", Double(after.0.residentBytes) / 1e6, "MB", goal: .atMost(60)),
      Row("idle/network", Double(after.1 - before.1) / span, "byte/s", goal: .atMost(2000)),
    ]
  }
}
