import Market

/// The moment `milliseconds` after the epoch.
func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

/// The slots from `start` up to `end`.
func slots(_ start: Int64, _ end: Int64) -> SlotRange { SlotRange(start: Slot(start), end: Slot(end)) }

/// A small genesis file; `change` replaces text in it.
func genesisFile(replacing old: String = "", with new: String = "") -> [UInt8] {
  let text = """
    {"format": "p2pnode-network-v1", "name": "market tests", "currency": "USD", "slot_seconds": 10,
     "gpu_classes": [
       {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
        "board_power_watts": 700},
       {"id": "a100-sxm-80g", "vendor": "NVIDIA", "model": "A100", "interface": "SXM", "vram_mib": 81920,
        "board_power_watts": 400}],
     "limits": {"skew_ms": 2000, "tick_ms": 5000, "proposal_ms": 6000, "retry_ms": 5000,
       "operations_per_entry": 256, "entry_bytes": 30000, "entries_per_second": 1000, "entry_burst": 5000,
       "open_orders_per_author": 100, "gpus_per_order": 64, "lot_gpus": 1, "price_micros": 1000000000,
       "price_tick_micros": 1, "horizon_ms": 2592000000},
     "bootstrap": ["127.0.0.1:47100"]}
    """
  guard !old.isEmpty else { return Array(text.utf8) }
  guard let range = text.firstRange(of: old) else { preconditionFailure("no \(old) in the genesis file") }
  return Array(text.replacingCharacters(in: range, with: new).utf8)
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    var out = self
    out.replaceSubrange(range, with: text)
    return out
  }
}
