import Foundation
import Market
import NodeAPI
import NodeCrypto
import Synchronization
import Testing

/// A market of its own on this machine: a genesis file that no other market has, and the nodes on it.
final class TestMarket: Sendable {
  let directory: TemporaryDirectory
  /// The genesis file's path.
  let networkFile: String
  let genesis: Genesis

  private let known = Mutex<[TestNode]>([])

  private init() throws {
    directory = try TemporaryDirectory()
    let file = Self.genesisText(name: "market \(UUID().uuidString.prefix(8))")
    networkFile = try directory.write(file.utf8, to: "network.json")
    genesis = try Genesis(file: Array(file.utf8))
  }

  /// Calls `body` with a new market; afterwards none of its processes and files is left.
  static func with(_ body: (TestMarket) async throws -> Void) async throws {
    let market = try TestMarket()
    do {
      try await body(market)
    } catch {
      for node in market.nodes { Issue.record("the end of the log of \(node.name):\n\(node.logTail())") }
      for node in market.nodes { await node.remove() }
      throw error
    }
    for node in market.nodes { await node.remove() }
  }

  /// Every node of this market, in the order in which they came.
  var nodes: [TestNode] { known.withLock { $0 } }

  /// A node whose directory the test makes itself.
  func uncreatedNode(_ name: String, in place: String? = nil) -> TestNode {
    let node = TestNode(
      name: name, directory: place ?? directory.file(name), logPrefix: directory.file("\(name).log"))
    known.withLock { $0.append(node) }
    return node
  }

  /// A node whose directory is as `init` makes it, but with an identity that is cheap to open.
  func node(_ name: String, in place: String? = nil) throws -> TestNode {
    let node = uncreatedNode(name, in: place)
    try IdentityFile.create(
      .generate(), inDirectory: node.directory, passphrase: SecretBytes(copying: Array(TestNode.passphrase.utf8)),
      cost: .minimal)
    try FileManager.default.copyItem(atPath: networkFile, toPath: node.file("network.json"))
    return node
  }

  /// Short ticks, proposals and slots, so that waits end soon; small limits, so that it takes little to pass them.
  static func genesisText(name: String) -> String {
    """
    {
      "format": "p2pnode-network-v1", "name": "\(name)", "currency": "USD", "slot_seconds": 10,
      "gpu_classes": [
        {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
         "board_power_watts": 700},
        {"id": "a100-sxm-80g", "vendor": "NVIDIA", "model": "A100", "interface": "SXM", "vram_mib": 81920,
         "board_power_watts": 400}
      ],
      "limits": {
        "skew_ms": 2000, "tick_ms": 1000, "proposal_ms": 3000, "retry_ms": 1000, "operations_per_entry": 256,
        "entry_bytes": 32000, "entries_per_second": 1000, "entry_burst": 5000, "open_orders_per_author": 50000,
        "gpus_per_order": 64, "lot_gpus": 1, "price_micros": 1000000000, "price_tick_micros": 1,
        "horizon_ms": 2592000000
      },
      "bootstrap": []
    }
    """
  }
}
