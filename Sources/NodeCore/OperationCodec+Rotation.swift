import Gossip
import Market
import NodeCrypto
import Settlement
import Wire

/// The operation that hands a feed's record over to another key, between the wire and the core.
extension OperationCodec {
  /// What an operation is called that must stand alone in its entry; nil for any other.
  static func solitary(_ wire: WireOperation) -> String? {
    switch wire.kind {
    case .checkpoint?: "a part of a checkpoint"
    case .rotate?: "a rotate"
    default: nil
    }
  }

  func read(_ wire: WireRotate, index: Int, of entry: SignedEntry) throws(OperationError) -> Operation {
    let successor: NodeID = try identifier(wire.successor, "successor", index)
    guard successor != entry.author else {
      throw .field(index: index, name: "successor", value: successor.hex, allowed: "another key than the author's")
    }
    guard let signature = Signature(bytes: Array(wire.signature)) else {
      throw .field(index: index, name: "signature", value: "\(wire.signature.count) bytes", allowed: "64 bytes")
    }
    let handover = Handover(author: entry.author, sequence: entry.sequence, previous: entry.previous)
    return .rotate(SignedHandover(handover: handover, successor: successor, signature: signature))
  }

  func wire(_ signed: SignedHandover) -> WireRotate {
    var out = WireRotate()
    out.successor = .init(signed.successor.bytes)
    out.signature = .init(signed.signature.bytes)
    return out
  }
}
