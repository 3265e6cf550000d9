/// The purposes for which a node signs. Each has its own prefix, so that nothing signed for one purpose or network
/// verifies for another.
///
/// What Ed25519 signs is the prefix in UTF-8, one zero byte, the 32 bytes of the network id, and the message. No prefix
/// contains a zero byte, so the four parts can be told apart in only one way.
public enum SigningDomain: CaseIterable, Sendable {
  /// The bytes of a feed's entry.
  case entry
  /// The terms of a trade, signed by the taker.
  case terms
  /// The acceptance of terms, signed by the maker.
  case acceptance
  /// The confirmation of a purchase, signed by the taker.
  case confirmation
  /// The handover of a feed's record to a new key, signed by the new key.
  case handover
  /// A Noise static public key, signed by the identity that owns it.
  case transport

  /// The prefix's text.
  public var prefix: StaticString {
    switch self {
    case .entry: "p2pnode/entry/v1"
    case .terms: "p2pnode/terms/v1"
    case .acceptance: "p2pnode/acceptance/v1"
    case .confirmation: "p2pnode/confirmation/v1"
    case .handover: "p2pnode/handover/v1"
    case .transport: "p2pnode/transport/v1"
    }
  }

  /// Calls `body` with the bytes that are signed, put together in one buffer: on the stack for short messages.
  func withSignedBytes<Output>(
    _ message: UnsafeRawBufferPointer, network: NetworkID, _ body: (UnsafeRawBufferPointer) -> Output
  ) -> Output {
    let prefix = UnsafeRawBufferPointer(start: self.prefix.utf8Start, count: self.prefix.utf8CodeUnitCount)
    let headerByteCount = prefix.count + 1 + NetworkID.byteCount
    return withUnsafeTemporaryAllocation(byteCount: headerByteCount + message.count, alignment: 1) { buffer in
      buffer.copyMemory(from: prefix)
      buffer[prefix.count] = 0
      network.withBytes { buffer.part(from: prefix.count + 1, count: NetworkID.byteCount).copyMemory(from: $0) }
      buffer.part(from: headerByteCount, count: message.count).copyMemory(from: message)
      return body(UnsafeRawBufferPointer(buffer))
    }
  }
}
