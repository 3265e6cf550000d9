import Foundation
import Market

@testable import P2PNode

/// The checkout that these tests were built from.
enum Repository {
  private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The file at `path`, relative to the root.
  static func data(_ path: String) throws -> Data { try Data(contentsOf: root.appendingPathComponent(path)) }

  /// The cells of the rows of the table with this head in a document, without the ticks around code.
  static func table(_ head: String, in path: String) throws -> [[String]] {
    let lines = String(decoding: try data(path), as: UTF8.self).components(separatedBy: "\n")
    guard let start = lines.firstIndex(of: head) else { return [] }
    return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
      line.dropFirst().dropLast().components(separatedBy: "|").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
  }
}

/// A data directory with a market's file, and perhaps a configuration.
final class SettingsDirectory {
  let path: String
  let genesis: Genesis

  init(_ configuration: String? = nil) throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("settings-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    genesis = try Genesis(file: Array(Self.genesis.utf8))
    if let configuration { try write(configuration) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var file: String { path + "/config.yaml" }

  func write(_ configuration: String) throws { try Data(configuration.utf8).write(to: URL(fileURLWithPath: file)) }

  func source(_ flags: [String: [String]] = [:], _ environment: [String: String] = [:]) -> ConfigurationSource {
    ConfigurationSource(flags: flags, environment: environment, path: file, genesis: genesis)
  }

  private static let genesis = """
    {
      "format": "p2pnode-network-v1", "name": "settings", "currency": "USD", "slot_seconds": 10,
      "gpu_classes": [
        {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
         "board_power_watts": 700},
        {"id": "a100-sxm-80g", "vendor": "NVIDIA", "model": "A100", "interface": "SXM", "vram_mib": 81920,
         "board_power_watts": 400}
      ],
      "limits": {
        "skew_ms": 2000, "tick_ms": 1000, "proposal_ms": 3000, "retry_ms": 1000, "operations_per_entry": 256,
        "entry_bytes": 32000, "entries_per_second": 1000, "entry_burst": 5000, "open_orders_per_author": 50000,
        "gpus_per_order": 64, "lot_gpus": 1, "price_micros": 1000000000, "price_tick_micros": 10000,
        "horizon_ms": 2592000000
      },
      "bootstrap": []
    }
    """
}
