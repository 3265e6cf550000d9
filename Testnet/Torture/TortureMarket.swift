import Foundation
import Market

/// A market of its own on this machine: a genesis file that no other market has, and its nodes.
final class TortureMarket: Sendable {
  /// Where all its files are.
  let directory: String
  /// The market's rules.
  let genesis: Genesis
  /// Its nodes: the first half sells more than it buys, the others the other way round.
  let members: [Member]

  /// Nodes of a market: two sellers, so that one purchase goes over several, and two buyers.
  static let memberCount = 4

  /// Makes a market; no node of it is started.
  ///
  /// - Parameter faults: the library `faults`, when the nodes' disks and clocks are to be ones that break.
  init(name: String, directory: String, executable: String, faults: String?) throws {
    self.directory = directory
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let file = Array(Self.genesisText(name: name).utf8)
    genesis = try Genesis(file: file)
    let networkFile = "\(directory)/network.json"
    try Data(file).write(to: URL(fileURLWithPath: networkFile))
    members = try (1...Self.memberCount).map {
      try Member(number: $0, in: directory, networkFile: networkFile, executable: executable, faults: faults)
    }
    for member in members { member.meet(members.filter { $0 !== member }) }
  }

  /// Leaves no process of it behind.
  func end() async {
    for member in members { await member.remove() }
  }

  /// Short ticks, proposals and slots, so that what is in doubt is soon decided.
  private static func genesisText(name: String) -> String {
    """
    {
      "format": "p2pnode-network-v1", "name": "\(name)", "currency": "USD", "slot_seconds": 10,
      "gpu_classes": [
        {"id": "\(OrderFlow.gpuClass)", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
         "board_power_watts": 700}
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
