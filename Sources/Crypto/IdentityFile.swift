import CSodium

/// The file that keeps an identity's seed under a passphrase, as bytes; `IdentityFile+Disk` writes and reads it.
///
/// | bytes | content |
/// |---|---|
/// | 0 to 19 | "p2pnode-identity-v1" and a line feed |
/// | 20 to 23 | argon2id passes, little-endian |
/// | 24 to 31 | argon2id memory in bytes, little-endian |
/// | 32 to 47 | argon2id salt |
/// | 48 to 71 | secretbox nonce |
/// | 72 to 103 | the public key |
/// | 104 to 151 | XSalsa20-Poly1305 secretbox of the seed |
/// | 152 to 183 | BLAKE2b-256 of all bytes before |
///
/// The key is argon2id (RFC 9106, version 1.3) of the passphrase. The checksum tells accidental damage from a wrong
/// passphrase; against an attacker the secretbox stands, and the public key is compared with the seed's.
public enum IdentityFile {
  /// The format's name, with which a file begins.
  public static let formatName = "p2pnode-identity-v1"
  /// The length of a file in bytes.
  public static let byteCount = 184
  /// The lengths that a passphrase may have, in bytes. The least is one: how strong it should be is for the person to
  /// decide, and a local test network uses a fixed one from its environment.
  public static let passphraseByteCounts = 1...1024

  /// What one guess at the passphrase costs (argon2id).
  public struct Cost: Equatable, Sendable {
    /// The number of passes over the memory.
    public let passes: UInt32
    /// The memory in bytes.
    public let memoryByteCount: UInt64

    /// The passes that a file may ask for.
    public static let passesRange: ClosedRange<UInt32> = 1...16
    /// The memory that a file may ask for, in bytes: a hostile file gets no more than 1 GiB.
    public static let memoryByteCountRange: ClosedRange<UInt64> = 8_192...1_073_741_824

    /// Three passes over 256 MiB, libsodium's "moderate": under a second.
    public static let standard = Cost(passes: 3, memoryByteCount: 268_435_456)
    /// One pass over 8 KiB: no protection, for tests and throwaway networks.
    public static let minimal = Cost(passes: 1, memoryByteCount: 8_192)

    /// A cost; whether it is in range is checked when it is used.
    public init(passes: UInt32, memoryByteCount: UInt64) {
      self.passes = passes
      self.memoryByteCount = memoryByteCount
    }

    func checkRange() throws(IdentityFileError) {
      guard Self.passesRange.contains(passes), Self.memoryByteCountRange.contains(memoryByteCount) else {
        throw .costOutOfRange(passes: passes, memoryByteCount: memoryByteCount)
      }
    }
  }

  /// Where the parts begin.
  private enum Offset {
    static let passes = 20
    static let memory = 24
    static let salt = 32
    static let nonce = 48
    static let publicKey = 72
    static let box = 104
    static let checksum = 152
  }

  /// The file's bytes for `identity`, with a new salt and nonce.
  ///
  /// - Throws: `passphraseLength`, `costOutOfRange`, `outOfMemory`.
  public static func encode(
    _ identity: Identity, passphrase: SecretBytes, cost: Cost = .standard
  ) throws(IdentityFileError) -> [UInt8] {
    var file = Array(formatName.utf8) + [0x0a]
    withUnsafeBytes(of: cost.passes.littleEndian) { file.append(contentsOf: $0) }
    withUnsafeBytes(of: cost.memoryByteCount.littleEndian) { file.append(contentsOf: $0) }
    file += Sodium.randomBytes(count: Offset.publicKey - Offset.salt)
    identity.nodeID.append(to: &file)
    let key = try deriveKey(passphrase: passphrase, salt: file[Offset.salt..<Offset.nonce], cost: cost)
    var box = [UInt8](repeating: 0, count: Offset.checksum - Offset.box)
    identity.withSeed { seed in
      key.withBytes { key in
        file[Offset.nonce..<Offset.publicKey].withBytes { nonce in
          box.withMutableBytes { box in
            _ = crypto_secretbox_easy(box.octets, seed.octets, UInt64(seed.count), nonce.octets, key.octets)
          }
        }
      }
    }
    file += box
    let checksum: Digest = Blake2b.hash(file)
    checksum.append(to: &file)
    return file
  }

  /// The identity that `file` holds.
  ///
  /// - Throws: `wrongLength`, `unknownFormat`, `damaged`, `costOutOfRange` before any work; `passphraseLength`,
  ///   `outOfMemory`, `wrongPassphrase`, `publicKeyMismatch`.
  public static func decode(_ file: [UInt8], passphrase: SecretBytes) throws(IdentityFileError) -> Identity {
    let expected = try publicKey(in: file)
    let cost = Cost(
      passes: UInt32(littleEndian: load(from: file, at: Offset.passes)),
      memoryByteCount: UInt64(littleEndian: load(from: file, at: Offset.memory)))
    let key = try deriveKey(passphrase: passphrase, salt: file[Offset.salt..<Offset.nonce], cost: cost)
    var isOpen = false
    let seed = SecretBytes(byteCount: Identity.seedByteCount) { seed in
      key.withBytes { key in
        file[Offset.nonce..<Offset.publicKey].withBytes { nonce in
          file[Offset.box..<Offset.checksum].withBytes { box in
            let status = crypto_secretbox_open_easy(
              seed.octets, box.octets, UInt64(box.count), nonce.octets, key.octets)
            isOpen = status == 0
          }
        }
      }
    }
    guard isOpen else { throw .wrongPassphrase }
    let identity = Identity(seed: seed)
    guard identity.nodeID == expected else {
      throw .publicKeyMismatch(found: identity.nodeID, expected: expected)
    }
    return identity
  }

  /// The node id that `file` names, which needs no passphrase and is proved only by `decode`.
  ///
  /// - Throws: `wrongLength`, `unknownFormat`, `damaged`.
  public static func publicKey(in file: [UInt8]) throws(IdentityFileError) -> NodeID {
    guard file.count == byteCount else { throw .wrongLength(byteCount: file.count, expected: byteCount) }
    guard file.starts(with: Array(formatName.utf8) + [0x0a]) else { throw .unknownFormat }
    let checksum: Digest = Blake2b.hash(file[..<Offset.checksum])
    guard
      checksum == Digest(bytes: file[Offset.checksum...]),
      let id = NodeID(bytes: file[Offset.publicKey..<Offset.box])
    else { throw .damaged }
    return id
  }

  private static func deriveKey(
    passphrase: SecretBytes, salt: ArraySlice<UInt8>, cost: Cost
  ) throws(IdentityFileError) -> SecretBytes {
    try cost.checkRange()
    guard passphraseByteCounts.contains(passphrase.byteCount) else {
      throw .passphraseLength(byteCount: passphrase.byteCount, allowed: passphraseByteCounts)
    }
    var status: Int32 = -1
    let key = SecretBytes(byteCount: crypto_secretbox_keybytes()) { key in
      passphrase.withBytes { passphrase in
        salt.withBytes { salt in
          passphrase.withMemoryRebound(to: CChar.self) { passphrase in
            guard let text = passphrase.baseAddress else { return }
            status = crypto_pwhash(
              key.octets, UInt64(key.count), text, UInt64(passphrase.count), salt.octets,
              UInt64(cost.passes), Int(cost.memoryByteCount), crypto_pwhash_ALG_ARGON2ID13)
          }
        }
      }
    }
    // With every argument in range, memory is all that crypto_pwhash can lack.
    guard status == 0 else { throw .outOfMemory(byteCount: cost.memoryByteCount) }
    return key
  }

  private static func load<Value: FixedWidthInteger & BitwiseCopyable>(from file: [UInt8], at offset: Int) -> Value {
    file.withBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
  }
}
