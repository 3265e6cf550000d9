import Market
import NodeAPI
import NodeClient
import NodeCrypto

/// What `p2pnode export` prints.
extension CommandInterpreter {
  /// The node's settled trades of a span, with their receipts.
  ///
  /// - Parameter offline: the directory of a node that does not run, whose store is read.
  func export(from: Timestamp?, to: Timestamp?, offline: String?) async -> CommandResult {
    let export: TradeExport
    do {
      if let offline {
        let network = try DataDirectory(path: offline).genesis().networkID
        let (receipts, keys) = try OfflineReceipts.read(dataDirectory: offline)
        export = TradeExport(
          of: keys[0].hex, predecessors: keys.dropFirst().map(\.hex), network: network.hex, receipts: receipts,
          from: from, to: to)
      } else {
        let status = try await client.status()
        export = TradeExport(
          of: status.node, predecessors: status.predecessors ?? [], network: status.network,
          receipts: try await client.receipts(.mine), from: from, to: to)
      }
    } catch let error as NodeClientError {
      return failure(error.problem)
    } catch {
      return failure(kind: "offline", title: "The store was not read", status: 503, detail: "\(error)")
    }
    return show(export) { $0.csv }
  }
}
