import Foundation

@testable import NodeCrypto

/// The bytes that a literal in a test spells.
func hex(_ text: String) -> [UInt8] {
  guard let bytes = Hex.decode(text) else { preconditionFailure("not hexadecimal: \(text)") }
  return bytes
}

/// An identifier with the same byte everywhere.
func repeated<Tag>(_ byte: UInt8, as tag: Tag.Type = Tag.self) -> Identifier<Tag> {
  let word = UInt64(byte) &* 0x0101_0101_0101_0101
  return Identifier(word0: word, word1: word, word2: word, word3: word)
}

/// An X25519 pair from the hexadecimal of its secret key.
func keyPair(_ secretKey: String) -> NoiseKeyPair {
  NoiseKeyPair(secretKey: SecretBytes(copying: hex(secretKey)))
}

/// The error with which `body` ends; nil when it returns. Unlike `#expect(throws:)`, it takes noncopyable captures.
func failure<Failure: Error>(of body: () throws(Failure) -> Void) -> Failure? {
  do throws(Failure) {
    try body()
    return nil
  } catch {
    return error
  }
}

/// Calls `body` with the path of a new directory with mode 0700, which is removed afterwards.
func inTemporaryDirectory(_ body: (String) throws -> Void) throws {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("crypto-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(
    at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  defer { try? FileManager.default.removeItem(at: url) }
  try body(url.path)
}

/// The names in `directory`, sorted.
func names(in directory: String) -> [String] {
  ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
}
