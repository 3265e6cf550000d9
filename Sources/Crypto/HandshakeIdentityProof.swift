/// What binds a Noise static key to a node id: the payload of the handshake's second and third message.
///
/// | bytes | content |
/// |---|---|
/// | 0 to 31 | the node id |
/// | 32 to 95 | its signature over the Noise static public key, in the domain `transport`, for the network |
///
/// The handshake proves that the peer owns the static key; the signature proves that the node id wants that key used
/// in its name. It is not tied to one session, and need not be: without the static key it opens none.
public enum HandshakeIdentityProof {
  /// The payload's length in bytes, 96.
  public static let byteCount = NodeID.byteCount + Signature.byteCount

  /// The payload with which `identity` vouches for `noiseKey`.
  public static func make(identity: Identity, noiseKey: NoisePublicKey, network: NetworkID) -> [UInt8] {
    var payload: [UInt8] = []
    payload.reserveCapacity(byteCount)
    identity.nodeID.append(to: &payload)
    identity.sign(noiseKey, domain: .transport, network: network).append(to: &payload)
    return payload
  }

  /// The node id that vouches for `noiseKey`.
  ///
  /// - Throws: `unexpectedPayload`, `invalidIdentity`, `invalidIdentityProof`.
  public static func check(
    _ payload: some ByteSource, noiseKey: NoisePublicKey, network: NetworkID
  ) throws(NoiseError) -> NodeID {
    try payload.withBytes { (payload) throws(NoiseError) in
      guard
        payload.count == byteCount,
        let id = NodeID(loading: UnsafeRawBufferPointer(rebasing: payload[..<NodeID.byteCount])),
        let signature = Signature(loading: UnsafeRawBufferPointer(rebasing: payload[NodeID.byteCount...]))
      else { throw .unexpectedPayload(byteCount: payload.count, expected: byteCount) }
      guard let key = try? VerifyingKey(id) else { throw .invalidIdentity(id) }
      guard key.isValid(signature, over: noiseKey, domain: .transport, network: network) else {
        throw .invalidIdentityProof(id)
      }
      return id
    }
  }
}
