import NodeCore
import NodeCrypto
import Synchronization

/// Signatures that were found good, so that none is verified twice. Bounded: when the younger half is full, the older
/// is forgotten.
final class KnownSignatures: Sendable {
  private struct State {
    var young: Set<Digest> = []
    var old: Set<Digest> = []
  }

  private static let half = 32_768
  private let state = Mutex(State())

  func contains(_ check: SignatureCheck) -> Bool {
    let key = Self.key(check)
    return state.withLock { $0.young.contains(key) || $0.old.contains(key) }
  }

  func insert(_ check: SignatureCheck) {
    let key = Self.key(check)
    state.withLock { state in
      if state.young.count >= Self.half {
        state.old = state.young
        state.young = []
      }
      state.young.insert(key)
    }
  }

  private static func key(_ check: SignatureCheck) -> Digest {
    // The prefix, which ends with the zero, keeps what was signed for one purpose from counting for another.
    var bytes = check.domain.prefix.withUTF8Buffer { Array($0) } + [0]
    check.node.append(to: &bytes)
    check.signature.append(to: &bytes)
    bytes += check.message
    return Blake2b.hash(bytes)
  }
}
