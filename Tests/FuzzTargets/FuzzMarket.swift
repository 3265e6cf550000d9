import Market
import NodeCrypto

/// The market and the people of `docs/PROTOCOL.md`'s test vectors, so that its bytes are valid inputs here.
public enum FuzzMarket {
  /// 2027-01-15T08:00:00Z, when the first entry of the vectors is written.
  public static let start = Timestamp(milliseconds: 1_800_000_000_000)
  /// Who offers in the vectors.
  public static let provider = Identity(seed: Array(0x00...0x1f))
  /// Who bids in them.
  public static let buyer = Identity(seed: Array(0x20...0x3f))
  /// Somebody else.
  public static let bystander = Identity(seed: Array(0x60...0x7f))

  /// The market.
  public static let genesis: Genesis = {
    do { return try Genesis(file: Array(genesisFile.utf8)) } catch { preconditionFailure("\(error)") }
  }()

  /// The genesis file of the vectors, byte for byte.
  public static let genesisFile = """
    {
      "format": "p2pnode-network-v1",
      "name": "test vectors",
      "currency": "USD",
      "slot_seconds": 10,
      "gpu_classes": [
        {"id": "h100-pcie-80g", "vendor": "NVIDIA", "model": "H100", "interface": "PCIe", "vram_mib": 81559, "board_power_watts": 350},
        {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559, "board_power_watts": 700}
      ],
      "limits": {
        "skew_ms": 2000, "tick_ms": 5000, "proposal_ms": 6000, "retry_ms": 5000, "operations_per_entry": 256,
        "entry_bytes": 32000, "entries_per_second": 10, "entry_burst": 100, "open_orders_per_author": 1000,
        "gpus_per_order": 4096, "lot_gpus": 1, "price_micros": 1000000000, "price_tick_micros": 1,
        "horizon_ms": 2592000000
      },
      "bootstrap": []
    }

    """
}
