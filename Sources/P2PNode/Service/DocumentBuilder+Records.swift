import Market
import NodeAPI
import NodeCore
import NodeCrypto

/// Public records.
extension DocumentBuilder {
  /// A node's public record.
  func record(of node: NodeID) -> RecordDocument {
    let record = core.record(of: node)
    let own = record.own
    var document = RecordDocument(settled: record.settled, failed: record.failed)
    document.sinceMs = own.since?.milliseconds
    document.failurePercent = record.failurePercent
    document.accepts = own.accepts
    document.rejects.orderClosed = own.rejects.orderClosed
    document.rejects.noCapacity = own.rejects.noCapacity
    document.rejects.badTerms = own.rejects.badTerms
    document.rejects.stopping = own.rejects.stopping
    document.rejects.noHold = own.rejects.noHold
    document.expiries = record.expiries
    document.acceptPercent = record.acceptPercent
    document.proposals = own.proposals
    document.releases = own.releases
    document.releasePercent = record.releasePercent
    document.holdsLapsed = record.holdsLapsed
    document.soldGpuSeconds = own.sold.gpuSeconds
    document.boughtGpuSeconds = own.bought.gpuSeconds
    document.proofs = record.proofs
    return document
  }

  /// A node's public record with its name; the node's own with what it may have open.
  func nodeRecord(of node: NodeID) -> NodeRecordDocument {
    let isOwn = node == core.own
    var document = NodeRecordDocument(
      node: node.hex, own: isOwn, record: record(of: node), newcomer: isOwn ? newcomer() : nil)
    let predecessors = core.predecessors(of: node).map(\.hex)
    document.predecessors = predecessors.isEmpty ? nil : predecessors
    if let next = core.successor(of: node) {
      document.successor = next.key.hex
      document.handedOverMs = next.time.milliseconds
    }
    return document
  }

  /// What this node may have open as a newcomer; nil when it is none.
  func newcomer() -> NewcomerDocument? {
    core.newcomer(now: now).map {
      NewcomerDocument(
        settled: $0.settled, trades: genesis.limits.newcomerTrades, openGpus: $0.openGPUs,
        maximumGpus: genesis.limits.newcomerGPUs)
    }
  }
}
