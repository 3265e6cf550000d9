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
    let isPrefix = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    guard isPrefix, (Self.shortestPrefix..<64).contains(text.utf8.count) else {
      throw Problem.badRequest(
        "node is \"\(text)\"; allowed: an id, or its first \(Self.shortestPrefix) or more hexadecimal digits")
    }
    let found = await runtime.read { core, _ in
      core.feeds.sorted.map(\.author).filter { $0.hex.hasPrefix(text) }
    }
    switch found.count {
    case 1: return found[0]
    case 0: throw Problem.notFound("no node whose feed is known begins with \(text)")
    default:
      throw Problem.badRequest(
        "\(found.count) nodes begin with \(text): \(found.prefix(3).map { $0.short(16) }.joined(separator: ", ")); "
          + "give more digits")
    }
  }
}
