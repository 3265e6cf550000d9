import CSodium

/// The chaining key, the transcript hash and the current key of a handshake (Noise revision 34, section 5.2).
///
/// Methods that can fail leave the state unusable; `NoiseHandshake` never calls one again after an error.
struct NoiseSymmetricState: ~Copyable, Sendable {
  /// The hash of everything that both sides have seen.
  private(set) var handshakeHash: [UInt8]

  /// Keys nothing before the first Diffie-Hellman result.
  private var cipher: CipherState?

  private let chainingKey: SecureAllocation

  /// The state that two sides share that agree on protocol and prologue.
  init(protocolName: StaticString, prologue: some ByteSource) {
    precondition(protocolName.utf8CodeUnitCount <= NoiseHash.byteCount, "longer protocol names need a hash")
    handshakeHash = [UInt8](repeating: 0, count: NoiseHash.byteCount)
    chainingKey = SecureAllocation(byteCount: NoiseHash.byteCount)
    handshakeHash.withMutableBytes { hash in
      hash.copyMemory(
        from: UnsafeRawBufferPointer(start: protocolName.utf8Start, count: protocolName.utf8CodeUnitCount))
      chainingKey.bytes.copyMemory(from: UnsafeRawBufferPointer(hash))
    }
    prologue.withBytes { mixHash($0) }
  }

  /// Adds public bytes to the transcript.
  mutating func mixHash(_ bytes: UnsafeRawBufferPointer) {
    handshakeHash.withMutableBytes { hash in
      NoiseHash.digest(UnsafeRawBufferPointer(hash), bytes, into: hash)
    }
  }

  /// Adds a shared secret to the chaining key and starts a new cipher under the result.
  mutating func mixKey(_ secret: UnsafeRawBufferPointer) {
    cipher = withUnsafeTemporaryAllocation(byteCount: NoiseKeyPair.keyByteCount, alignment: 8) { key in
      defer { sodium_memzero(key.octets, key.count) }
      NoiseHash.deriveKeys(chainingKey: chainingKey.bytes, input: secret, second: key)
      return CipherState(key: UnsafeRawBufferPointer(key))
    }
  }

  /// By how many bytes `encryptAndHash` lengthens its text now.
  var overheadByteCount: Int { cipher == nil ? 0 : CipherState.tagByteCount }

  /// Appends `text` to `message`, encrypted once there is a key, and adds what was appended to the transcript.
  mutating func encryptAndHash(_ text: UnsafeRawBufferPointer, appendingTo message: inout [UInt8]) throws(NoiseError) {
    let start = message.count
    message.append(contentsOf: text)
    message.append(contentsOf: repeatElement(0, count: overheadByteCount))
    try message.withMutableBytes { (memory) throws(NoiseError) in
      let appended = UnsafeMutableRawBufferPointer(rebasing: memory[start...])
      try handshakeHash.withBytes { (hash) throws(NoiseError) in
        try cipher?.encrypt(inPlace: appended, authenticating: hash)
      }
      mixHash(UnsafeRawBufferPointer(appended))
    }
  }

  /// The text of `bytes`, decrypted once there is a key; adds `bytes` to the transcript.
  mutating func decryptAndHash(_ bytes: UnsafeRawBufferPointer) throws(NoiseError) -> [UInt8] {
    var text = [UInt8](bytes)
    let textByteCount = try text.withMutableBytes { (buffer) throws(NoiseError) in
      try handshakeHash.withBytes { (hash) throws(NoiseError) in
        try cipher?.decrypt(inPlace: buffer, authenticating: hash)
      }
    }
    mixHash(bytes)
    text.removeLast(bytes.count - (textByteCount ?? bytes.count))
    return text
  }

  /// The session's two ciphers, for the side that `role` names.
  consuming func split(role: NoiseHandshake.Role, remoteStaticKey: NoisePublicKey) -> NoiseSession {
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    let second = SecureAllocation(byteCount: NoiseKeyPair.keyByteCount)
    NoiseHash.deriveKeys(chainingKey: chainingKey.bytes, input: nothing, second: second.bytes)
    let firstKey = UnsafeRawBufferPointer(rebasing: chainingKey.bytes[..<NoiseKeyPair.keyByteCount])
    let fromInitiator = CipherState(key: firstKey)
    let fromResponder = CipherState(key: UnsafeRawBufferPointer(second.bytes))
    switch role {
    case .initiator:
      return NoiseSession(
        send: fromInitiator, receive: fromResponder, handshakeHash: handshakeHash, remoteStaticKey: remoteStaticKey)
    case .responder:
      return NoiseSession(
        send: fromResponder, receive: fromInitiator, handshakeHash: handshakeHash, remoteStaticKey: remoteStaticKey)
    }
  }
}
