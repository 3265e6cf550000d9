import Hummingbird
import Market
import NodeAPI
import NodeCore
import NodeCrypto
import Settlement

/// The node's key, and how another one takes over.
extension APIServer {
  func addKeyRoutes(_ api: RouterGroup<BasicRequestContext>) {
    api.get("key") { _, _ in
      try await json(
        runtime.read { core, _ in
          let next = core.nextHandover
          return KeyDocument(
            node: core.own.hex, state: core.state.rawValue, sequence: next.sequence, previous: next.previous.hex,
            successor: core.successor(of: core.own)?.key.hex)
        })
    }
    api.post("key/rotate") { request, _ in
      let body = try await document(RotationRequest.self, of: request)
      guard let successor = NodeID(hex: body.successor), let previous = EntryID(hex: body.previous),
        let signature = Hex.decode(body.signature).flatMap({ Signature(bytes: $0) })
      else {
        throw Problem.badRequest("successor, previous or signature is none; allowed: 64, 64 and 128 hexadecimal digits")
      }
      let handover = Handover(author: runtime.own, sequence: body.sequence, previous: previous)
      let signed = SignedHandover(handover: handover, successor: successor, signature: signature)
      switch await runtime.rotate(signed) {
      case .success(let sequence):
        return try json(RotationDocument(node: runtime.own.hex, successor: successor.hex, sequence: sequence))
      case .failure(let refusal): throw Problem(refusal)
      }
    }
  }
}
