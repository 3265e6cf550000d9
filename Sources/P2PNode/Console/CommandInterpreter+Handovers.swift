import NodeAPI
import NodeClient

/// What a running node knows of the keys in receipts. A receipt is valid or not without it.
extension CommandInterpreter {
  /// Keys about which a node is asked at most.
  private static let maximumKeys = 256

  /// Notes which parties' keys were handed over since, if a node runs and knows their feeds.
  func noteHandovers(_ verdicts: inout [ReceiptVerdict]) async {
    let keys = Set(verdicts.flatMap(\.parties)).sorted()
    var handovers: [String: ReceiptVerdict.Handover] = [:]
    for key in keys.prefix(Self.maximumKeys) {
      do throws(NodeClientError) {
        let record = try await client.record(key)
        guard let successor = record.successor, let time = record.handedOverMs else { continue }
        handovers[key] = ReceiptVerdict.Handover(key: key, successor: successor, handedOverMs: time)
      } catch {
        // Nothing is lost with it: what both sides signed says all that makes the receipt valid.
        return
      }
    }
    guard !handovers.isEmpty else { return }
    for index in verdicts.indices { verdicts[index].note(handovers) }
  }
}
