import CSodium

extension Sodium {
  /// Proves at the node's start that the linked library computes what every other node's computes. Takes about a
  /// millisecond.
  ///
  /// Known answers for Ed25519, BLAKE2b, X25519, ChaCha20 and ChaCha20-Poly1305 must come out, and what strict verification must
  /// refuse has to be refused: a library that verifies with cofactor, or without the checks of S and of small order,
  /// would make this node disagree with the others on which entries are valid.
  ///
  /// - Throws: `CryptoError.selfTestFailed` with the name of the first check that failed.
  public static func selfTest() throws(CryptoError) {
    initialize()
    try SelfTest(library: .linked).run()
  }
}

/// The checks of `Sodium.selfTest`, on a library that is passed in, so that a test can show that a lax one is refused.
struct SelfTest {
  /// The functions that are checked.
  struct Library: Sendable {
    var accepts: @Sendable (Signature, [UInt8], NodeID) -> Bool
    var acceptsKey: @Sendable (NodeID) -> Bool
    var sign: @Sendable ([UInt8], Identity) -> Signature
    var hash: @Sendable ([UInt8]) -> Digest
    var hash512: @Sendable ([UInt8]) -> [UInt8]
    var keystream: @Sendable (_ key: Digest) -> [UInt8]
    var open: @Sendable (_ sealed: [UInt8]) -> [UInt8]?
    var acceptsShare: @Sendable (NoisePublicKey) -> Bool
  }

  let library: Library

  func run() throws(CryptoError) {
    for check in checks where !check.holds() {
      throw .selfTestFailed(check: check.name, libraryVersion: Sodium.version)
    }
  }

  private var checks: [(name: String, holds: () -> Bool)] {
    signatureChecks + keyChecks + otherChecks
  }

  private var signatureChecks: [(name: String, holds: () -> Bool)] {
    [
      ("a good signature verifies", { accepts(Vectors.good) }),
      ("a signature is deterministic", { library.sign(Vectors.message, Vectors.identity).hex == Vectors.good }),
      ("a changed message is refused", { !accepts(Vectors.good, message: Vectors.message + [0]) }),
      ("a changed signature is refused", { !accepts(Vectors.changed) }),
      ("a signature of 63 bytes is refused", { Signature(hex: Vectors.good.dropLast(2)) == nil }),
      ("S + L in the place of S is refused", { !accepts(Vectors.nonCanonicalScalar) }),
      ("the identity in the place of R is refused", { !accepts(Vectors.identityPoint) }),
      ("an R of order 8 is refused", { !accepts(Vectors.smallOrderPoint) }),
      ("an R of mixed order is refused: no cofactor", { !Vectors.mixedOrderPoints.contains { accepts($0) } }),
      ("a key of small order is refused", { !accepts(Vectors.forAnyMessage, key: Vectors.smallOrderKeys[0]) }),
    ]
  }

  private var keyChecks: [(name: String, holds: () -> Bool)] {
    [
      ("a good key is accepted", { acceptsKey(Vectors.key) }),
      ("keys of small order are not accepted", { !Vectors.smallOrderKeys.contains { acceptsKey($0) } }),
      ("keys of mixed order are not accepted", { !Vectors.mixedOrderKeys.contains { acceptsKey($0) } }),
      ("non-canonical keys are not accepted", { !Vectors.nonCanonicalKeys.contains { acceptsKey($0) } }),
      ("a key off the curve is not accepted", { !acceptsKey(Vectors.keyOffCurve) }),
    ]
  }

  private var otherChecks: [(name: String, holds: () -> Bool)] {
    [
      ("BLAKE2b-256 of abc", { library.hash(Array("abc".utf8)).hex == Vectors.blake2b256 }),
      ("BLAKE2b-512 of abc", { Hex.encode(library.hash512(Array("abc".utf8))) == Vectors.blake2b512 }),
      ("ChaCha20 stretches a key", { library.hash(library.keystream(Vectors.streamKey)).hex == Vectors.keystream }),
      ("ChaCha20-Poly1305 opens RFC 8439's example", { library.open(Vectors.sealed) == Vectors.plaintext }),
      ("ChaCha20-Poly1305 refuses it when changed", { library.open(Vectors.changedSeal) == nil }),
      ("X25519 refuses keys of small order", { !Vectors.smallOrderShares.contains { acceptsShare($0) } }),
      ("X25519 accepts its base point", { acceptsShare(Vectors.basePointShare) }),
    ]
  }

  private func accepts(_ signature: String, message: [UInt8] = Vectors.message, key: String = Vectors.key) -> Bool {
    guard let signature = Signature(hex: signature), let key = NodeID(hex: key) else { return false }
    return library.accepts(signature, message, key)
  }

  private func acceptsKey(_ key: String) -> Bool {
    NodeID(hex: key).map(library.acceptsKey) ?? false
  }

  private func acceptsShare(_ key: String) -> Bool {
    NoisePublicKey(hex: key).map(library.acceptsShare) ?? false
  }
}

extension SelfTest.Library {
  /// The linked libsodium. Signatures are put to it alone, without the checks that `Ed25519.isValid` adds; keys to
  /// `Ed25519.isStrictKey`, whose addition covers a known fault of released versions.
  static let linked = SelfTest.Library(
    accepts: { signature, message, key in
      message.withBytes { Ed25519.libraryAccepts(signature, over: $0, key: key) }
    },
    acceptsKey: { Ed25519.isStrictKey($0) },
    sign: { message, identity in identity.signExactly(message) },
    hash: { Blake2b.hash($0) },
    hash512: { Blake2b.hash512($0) },
    keystream: { key in
      [UInt8](unsafeUninitializedCapacity: SelfTest.Vectors.keystreamByteCount) { buffer, initializedCount in
        ChaCha20.writeKeystream(under: key, to: UnsafeMutableRawBufferPointer(buffer))
        initializedCount = buffer.count
      }
    },
    open: { sealed in SelfTest.Vectors.openExample(sealed) },
    acceptsShare: { key in
      do throws(NoiseError) {
        try SelfTest.Vectors.share.withSharedSecret(with: key) { _ in }
        return true
      } catch {
        return false
      }
    })
}
