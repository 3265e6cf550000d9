import Hummingbird
import Market
import NodeAPI
import NodeCore
import NodeCrypto

/// Public records.
extension APIServer {
  func addRecordRoutes(_ api: RouterGroup<BasicRequestContext>) {
    api.get("records") { _, _ in
      try await json(runtime.read { core, now in DocumentBuilder(core: core, now: now).nodeRecord(of: core.own) })
    }
    api.get("records/:node") { _, context in
      let node = try await node(context)
      return try await json(runtime.read { core, now in DocumentBuilder(core: core, now: now).nodeRecord(of: node) })
    }
  }

  /// The node that the path names by its id, or by the beginning of one whose feed is known.
  private func node(_ context: BasicRequestContext) async throws -> NodeID {
    let text = try context.parameters.require("node").lowercased()
    if let id = NodeID(hex: text) { return id }
    return try await only("node", named: text, hint: "; only nodes whose feed is known can be named so") {
      core, _ in
      core.feeds.sorted.map(\.author)
    }
  }
}
