import Glibc
import Testing

@testable import NodeCrypto

@Suite struct IdentityFileTests {
  private static let identity = Identity(seed: [UInt8](repeating: 5, count: 32))
  private static let passphrase = SecretBytes(copying: Array("correct horse".utf8))

  private static func encoded() throws -> [UInt8] {
    try IdentityFile.encode(identity, passphrase: passphrase, cost: .minimal)
  }

  /// `file` with its checksum made good again, as an attacker would.
  private static func resealed(_ file: [UInt8]) -> [UInt8] {
    let checksum: Digest = Blake2b.hash(file[..<152])
    return file[..<152] + checksum.bytes
  }

  private static func decodingError(
    _ file: [UInt8], passphrase: SecretBytes = passphrase
  ) -> IdentityFileError? {
    failure { () throws(IdentityFileError) in _ = try IdentityFile.decode(file, passphrase: passphrase) }
  }

  @Test("the passphrase brings the identity back, and the public key is there without it")
  func roundTrip() throws {
    let file = try Self.encoded()
    #expect(file.count == IdentityFile.byteCount)
    #expect(file.starts(with: Array("p2pnode-identity-v1\n".utf8)))
    #expect(try IdentityFile.publicKey(in: file) == Self.identity.nodeID)
    let identity = try IdentityFile.decode(file, passphrase: Self.passphrase)
    #expect(identity.nodeID == Self.identity.nodeID)
    #expect(
      identity.sign([1], domain: .entry, network: repeated(1))
        == Self.identity.sign([1], domain: .entry, network: repeated(1)))
  }

  @Test("two files of one identity share neither salt nor nonce nor box")
  func freshness() throws {
    let first = try Self.encoded()
    let second = try Self.encoded()
    #expect(first[32..<48] != second[32..<48])
    #expect(first[48..<72] != second[48..<72])
    #expect(first[104..<152] != second[104..<152])
    #expect(first.firstRange(of: [UInt8](repeating: 5, count: 32)) == nil)
  }

  @Test("another passphrase does not open the file")
  func wrongPassphrase() throws {
    let file = try Self.encoded()
    for text in ["correct hors", "correct horse ", "Correct horse"] {
      #expect(Self.decodingError(file, passphrase: SecretBytes(copying: Array(text.utf8))) == .wrongPassphrase)
    }
  }

  @Test("an empty or too long passphrase is refused", arguments: [0, 1025])
  func passphraseLength(count: Int) throws {
    let passphrase = SecretBytes(copying: [UInt8](repeating: 0x61, count: count))
    let expected = IdentityFileError.passphraseLength(byteCount: count, allowed: 1...1024)
    #expect(
      failure { () throws(IdentityFileError) in
        _ = try IdentityFile.encode(Self.identity, passphrase: passphrase, cost: .minimal)
      } == expected)
    #expect(Self.decodingError(try Self.encoded(), passphrase: passphrase) == expected)
  }

  @Test("a file cut or extended anywhere is refused")
  func truncation() throws {
    let file = try Self.encoded()
    for count in 0..<file.count {
      #expect(Self.decodingError(Array(file[..<count])) == .wrongLength(byteCount: count, expected: 184))
    }
    #expect(Self.decodingError(file + [0]) == .wrongLength(byteCount: 185, expected: 184))
  }

  @Test("a changed byte is seen as another format or as damage")
  func damage() throws {
    let file = try Self.encoded()
    for position in file.indices {
      var changed = file
      changed[position] ^= 1
      #expect(Self.decodingError(changed) == (position < 20 ? .unknownFormat : .damaged), "byte \(position)")
    }
  }

  @Test("a changed byte under a good checksum does not open")
  func forgery() throws {
    let file = try Self.encoded()
    for position in 32..<152 {
      var changed = file
      changed[position] ^= 1
      let error = Self.decodingError(Self.resealed(changed))
      guard (72..<104).contains(position) else {
        #expect(error == .wrongPassphrase, "byte \(position)")
        continue
      }
      let named = try #require(NodeID(bytes: changed[72..<104]))
      #expect(error == .publicKeyMismatch(found: Self.identity.nodeID, expected: named), "byte \(position)")
    }
  }

  @Test("a file that asks for a terabyte, or for no work, is refused before any work")
  func hostileCost() throws {
    let file = try Self.encoded()
    let costs: [(UInt32, UInt64)] = [
      (0, 8192), (17, 8192), (.max, 8192), (1, 0), (1, 8191), (1, 1_073_741_825), (1, 1 << 40), (1, .max),
    ]
    for (passes, memory) in costs {
      var changed = file
      withUnsafeBytes(of: passes.littleEndian) { changed.replaceSubrange(20..<24, with: $0) }
      withUnsafeBytes(of: memory.littleEndian) { changed.replaceSubrange(24..<32, with: $0) }
      let expected = IdentityFileError.costOutOfRange(passes: passes, memoryByteCount: memory)
      #expect(Self.decodingError(Self.resealed(changed)) == expected)
      let cost = IdentityFile.Cost(passes: passes, memoryByteCount: memory)
      #expect(
        failure { () throws(IdentityFileError) in
          _ = try IdentityFile.encode(Self.identity, passphrase: Self.passphrase, cost: cost)
        } == expected)
    }
  }
}
