import Foundation
import Market
import NodeCrypto
import Testing

@Suite("genesis files")
struct GenesisTests {
  @Test("a genesis file fixes the market, and its exact bytes the network's id")
  func market() throws {
    let genesis = try Genesis(file: genesisFile())
    #expect(genesis.name == "market tests" && genesis.currency == "USD" && genesis.slotMilliseconds == 10_000)
    #expect(genesis.networkID == Blake2b.hash(genesisFile()))
    #expect(genesis.bootstrap == ["127.0.0.1:47100"])
    #expect(genesis.gpuClass(named: "a100-sxm-80g") == GPUClassIndex(1))
    #expect(genesis.gpuClass(named: "a100") == nil)
    #expect(genesis.gpuClass(at: GPUClassIndex(0)).boardPowerWatts == 700)
    #expect(genesis.hasClass(at: GPUClassIndex(1)) && !genesis.hasClass(at: GPUClassIndex(2)))
    #expect(genesis.limits.staleMilliseconds == 15_000)
    let other = try Genesis(file: genesisFile() + [0x0A])
    #expect(other.networkID != genesis.networkID)
  }

  @Test("the local testnet's genesis file is one")
  func testnet() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let genesis = try Genesis(file: Array(try Data(contentsOf: root.appendingPathComponent("Testnet/network.json"))))
    #expect(genesis.slotMilliseconds == 10_000 && genesis.currency == "USD")
    #expect(genesis.gpuClass(named: "h100-sxm-80g") != nil)
    #expect(Set(genesis.gpuClasses.map(\.id)).count == genesis.gpuClasses.count)
  }

  @Test(
    "a value that is not allowed is refused with the field, the value and what is allowed",
    arguments: [
      ("p2pnode-network-v1", "v2", "format is \"v2\"; allowed: \"p2pnode-network-v1\""),
      ("market tests", "", "name is \"\"; allowed: 1 to 64 bytes of text"),
      ("\"USD\"", "\"usd\"", "currency is \"usd\"; allowed: three capital letters, such as USD"),
      ("\"slot_seconds\": 10", "\"slot_seconds\": 0", "slot_seconds is 0; allowed: 1 to 86400"),
      ("h100-sxm-80g", "H100", "gpu_classes.id is \"H100\"; allowed: 1 to 32 lowercase letters, digits and hyphens"),
      ("h100-sxm-80g", "a100-sxm-80g", "gpu_classes.id is \"a100-sxm-80g\" twice; allowed: each id once"),
      ("81559", "0", "h100-sxm-80g.vram_mib is 0; allowed: 1 to 16777216"),
      ("700", "100001", "h100-sxm-80g.board_power_watts is 100001; allowed: 1 to 100000"),
      ("\"skew_ms\": 2000", "\"skew_ms\": -1", "limits.skew_ms is -1; allowed: 0 to 600000"),
      ("\"tick_ms\": 5000", "\"tick_ms\": 99", "limits.tick_ms is 99; allowed: 100 to 3600000"),
      ("\"proposal_ms\": 6000", "\"proposal_ms\": 0", "limits.proposal_ms is 0; allowed: 100 to 3600000"),
      ("\"retry_ms\": 5000", "\"retry_ms\": -5", "limits.retry_ms is -5; allowed: 0 to 86400000"),
      ("256", "4097", "limits.operations_per_entry is 4097; allowed: 1 to 4096"),
      ("30000", "65001", "limits.entry_bytes is 65001; allowed: 4096 to 32600"),
      (
        "\"entries_per_second\": 1000", "\"entries_per_second\": 0",
        "limits.entries_per_second is 0; allowed: 1 to 1000000"
      ),
      ("\"entry_burst\": 5000", "\"entry_burst\": 0", "limits.entry_burst is 0; allowed: 1 to 10000000"),
      (
        "\"open_orders_per_author\": 100", "\"open_orders_per_author\": 0",
        "limits.open_orders_per_author is 0; allowed: 1 to 10000000"
      ),
      ("64", "0", "limits.gpus_per_order is 0; allowed: 1 to 1000000"),
      ("1000000000", "0", "limits.price_micros is 0; allowed: 1 to 1000000000000"),
      ("\"lot_gpus\": 1", "\"lot_gpus\": 0", "limits.lot_gpus is 0; allowed: 1 to 64"),
      ("\"lot_gpus\": 1", "\"lot_gpus\": 65", "limits.lot_gpus is 65; allowed: 1 to 64"),
      (
        "\"lot_gpus\": 1", "\"lot_gpus\": 7",
        "limits.gpus_per_order is 64; allowed: a multiple of limits.lot_gpus, 7"
      ),
      (
        "\"price_tick_micros\": 1", "\"price_tick_micros\": 0",
        "limits.price_tick_micros is 0; allowed: 1 to 1000000000"
      ),
      (
        "\"price_tick_micros\": 1", "\"price_tick_micros\": 3",
        "limits.price_micros is 1000000000; allowed: a multiple of limits.price_tick_micros, 3"
      ),
      (
        "\"horizon_ms\"", "\"newcomer_trades\": -1, \"horizon_ms\"",
        "limits.newcomer_trades is -1; allowed: 0 to 1000000"
      ),
      (
        "\"horizon_ms\"", "\"newcomer_gpus\": 0, \"horizon_ms\"",
        "limits.newcomer_gpus is 0; allowed: 1 to 1000000000000"
      ),
      ("2592000000", "9999", "limits.horizon_ms is 9999; allowed: 10000 to 31622400000"),
    ] as [(String, String, String)])
  func refusals(old: String, new: String, message: String) {
    #expect(self.message(of: genesisFile(replacing: old, with: new)) == "network file: " + message)
  }

  @Test("limits under which the largest total would not fit are refused")
  func largestTotal() {
    let file = String(decoding: genesisFile(replacing: "1000000000", with: "1000000000000"), as: UTF8.self)
      .replacing("\"gpus_per_order\": 64", with: "\"gpus_per_order\": 1000000")
    #expect(message(of: Array(file.utf8))?.hasSuffix("limits whose largest total fits 63 bits") == true)
  }

  @Test(
    "a document of another shape is refused with the place",
    arguments: [
      ("\"name\": \"market tests\", ", "", "the document lacks the field name"),
      ("\"skew_ms\": 2000, ", "", "limits lacks the field skew_ms"),
      ("81559", "\"much\"", "gpu_classes.[0].vram_mib is not of type Int64"),
      ("\"market tests\"", "null", "name is null; a String is needed"),
    ])
  func shape(old: String, new: String, message: String) {
    #expect(self.message(of: genesisFile(replacing: old, with: new)) == "network file: " + message)
  }

  @Test("what is not JSON, or far too long, is refused")
  func notADocument() {
    #expect(message(of: Array("no JSON".utf8))?.hasPrefix("network file: ") == true)
    #expect(message(of: [])?.hasPrefix("network file: ") == true)
    #expect(
      message(of: [UInt8](repeating: 0x20, count: Genesis.maximumFileBytes + 1))
        == "network file: file is 1048577 bytes; allowed: at most 1048576 bytes")
  }

  @Test("moments and slots convert exactly, or not at all")
  func slotConversions() throws {
    let genesis = try Genesis(file: genesisFile())
    #expect(genesis.slot(containing: at(29_999)) == Slot(2))
    #expect(genesis.slot(startingFrom: at(20_001)) == Slot(3) && genesis.slot(startingFrom: at(20_000)) == Slot(2))
    #expect(genesis.slot(at: at(20_000)) == Slot(2) && genesis.slot(at: at(20_001)) == nil)
    #expect(genesis.start(of: Slot(3)) == at(30_000))
    #expect(genesis.slots(in: 30_000) == 3 && genesis.slots(in: 30_001) == nil)
    #expect(genesis.total(Price(micros: 3_600_000), gpus: 2, slots: 3) == Amount(micros: 60_000))
  }

  private func message(of file: [UInt8]) -> String? {
    do throws(GenesisError) {
      _ = try Genesis(file: file)
      return nil
    } catch { return error.description }
  }
}
