import Market
import NodeCrypto

/// The markets of simulations.
public enum SimulatedMarket {
  /// A genesis with two classes of GPUs; spans in milliseconds.
  public static func genesis(
    slotSeconds: Int64 = 10, tick: Int64 = 5000, skew: Int64 = 2000, proposal: Int64 = 6000, retry: Int64 = 5000,
    checkpointEntries: Int64 = GenesisLimits.defaultCheckpointEntries
  ) -> Genesis {
    let text = """
      {"format": "p2pnode-network-v1", "name": "simulation", "currency": "USD", "slot_seconds": \(slotSeconds),
       "gpu_classes": [
         {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
          "board_power_watts": 700},
         {"id": "a100-sxm-80g", "vendor": "NVIDIA", "model": "A100", "interface": "SXM", "vram_mib": 81920,
          "board_power_watts": 400}],
       "limits": {"skew_ms": \(skew), "tick_ms": \(tick), "proposal_ms": \(proposal), "retry_ms": \(retry),
         "operations_per_entry": 256, "entry_bytes": 32000, "entries_per_second": 1000,
         "entry_burst": 5000, "open_orders_per_author": 200, "newcomer_trades": 3, "newcomer_gpus": 256,
         "gpus_per_order": 64, "lot_gpus": 1, "price_micros": 1000000000, "price_tick_micros": 1,
         "horizon_ms": 2592000000,
         "checkpoint_entries": \(checkpointEntries)},
       "bootstrap": []}
      """
    do {
      return try Genesis(file: Array(text.utf8))
    } catch {
      preconditionFailure("the simulated market: \(error)")
    }
  }
}

extension SimulatedMarket {
  /// The market of drawn runs.
  static let swarm = genesis()
}
