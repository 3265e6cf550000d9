import CSodium

/// A node's Ed25519 key pair. The secret half lies in guarded, read-only memory and is wiped at the end.
///
/// Signing is deterministic (RFC 8032), so a node that signs the same bytes again after a restart publishes the same
/// signature. An identity may sign on any number of threads at once.
public final class Identity: Sendable {
  /// The length of a seed in bytes, 32.
  public static let seedByteCount = 32

  /// The public key, which is the node's name.
  public let nodeID: NodeID

  /// libsodium's form of the secret key: the seed, then the public key.
  private let secretKey: SecretBytes

  /// The identity whose RFC 8032 secret key is `seed`.
  ///
  /// - Precondition: the seed has 32 bytes. It comes from the key file, the generator or a test, never from a peer.
  public init(seed: some ByteSource) {
    var publicKey: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    secretKey = seed.withBytes { seed in
      precondition(seed.count == Self.seedByteCount, "a seed of \(seed.count) bytes; allowed are exactly 32")
      return SecretBytes(byteCount: Int(crypto_sign_SECRETKEYBYTES)) { secretKey in
        withUnsafeMutableBytes(of: &publicKey) { publicKey in
          _ = crypto_sign_seed_keypair(publicKey.octets, secretKey.octets, seed.octets)
        }
      }
    }
    nodeID = NodeID(
      word0: publicKey.0.bigEndian, word1: publicKey.1.bigEndian,
      word2: publicKey.2.bigEndian, word3: publicKey.3.bigEndian)
  }

  /// A new identity from the system's generator.
  public static func generate() -> Identity {
    Identity(seed: SecretBytes(byteCount: seedByteCount) { randombytes_buf($0.octets, $0.count) })
  }

  /// Signs `message` for one purpose on one network. Allocates only for messages that do not fit the stack.
  @inlinable
  public func sign(_ message: some ByteSource, domain: SigningDomain, network: NetworkID) -> Signature {
    message.withBytes { signMemory($0, domain: domain, network: network) }
  }

  @usableFromInline
  func signMemory(_ message: UnsafeRawBufferPointer, domain: SigningDomain, network: NetworkID) -> Signature {
    domain.withSignedBytes(message, network: network) { signed in
      secretKey.withBytes { Ed25519.sign(signed, secretKey: $0) }
    }
  }

  /// Signs exactly `message`, without a domain: for the self-test and published vectors only.
  func signExactly(_ message: some ByteSource) -> Signature {
    message.withBytes { message in
      secretKey.withBytes { Ed25519.sign(message, secretKey: $0) }
    }
  }

  /// Calls `body` with the 32 bytes of the seed.
  func withSeed<Output>(_ body: (UnsafeRawBufferPointer) -> Output) -> Output {
    secretKey.withBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<Self.seedByteCount])) }
  }
}
