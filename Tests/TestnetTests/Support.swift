import Foundation
import Market
import MarketFiles
import NodeAPI

@testable import Testnet

/// The project's own `Testnet` directory.
private let testnetDirectory = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("Testnet")

/// The testnet's genesis.
func testnetGenesis() throws -> Genesis {
  try Genesis(file: Array(Data(contentsOf: testnetDirectory.appendingPathComponent("network.json"))))
}

/// The real market data.
func realFiles() throws -> MarketData.Files {
  func text(_ name: String) throws -> String {
    try String(contentsOf: testnetDirectory.appendingPathComponent("data/\(name)"), encoding: .utf8)
  }
  return MarketData.Files(
    classes: try text(MarketData.FileName.classes), offers: try text(MarketData.FileName.offers),
    demand: try text(MarketData.FileName.demand))
}

/// Two classes, three machines and three jobs.
let smallFiles = MarketData.Files(
  classes: """
    gpu_model,interface,vram_mib_per_gpu,gpu_class
    H100,SXM,81559,h100-sxm-80g
    A40,,46068,a40-48g

    """,
  offers: """
    gpu_model,interface,gpus,vram_mib_per_gpu,usd_per_gpu_hour,country,continent
    H100,SXM,8,81559,2.1325,VN,AS
    A40,,2,46068,0.67,AU,OC
    H100,SXM,2,81559,1.87,US,NA

    """,
  demand: """
    submit_s,gpus,duration_s,qos
    100,1,0,LS
    150,8,900,BE
    300,2,901,BE

    """)

/// A status in which nothing is in doubt.
func status(digest: String = "aa", trades: Int = 3, entries: Int64 = 10, undecided: Int = 0) -> StatusDocument {
  StatusDocument(
    node: "n", network: "w", networkName: "local testnet", version: "0.1.0", state: "running", trouble: nil,
    listen: nil, timeMs: 0, uptimeMs: 0, bookDigest: digest, bookTimeMs: 0, orders: 0, feeds: 0, entries: entries,
    ownSequence: 0, peers: 1, trades: trades, ownTrades: 0, undecided: undecided, frozenFeeds: 0)
}
