/// Why an identity file was not written or not read.
public enum IdentityFileError: Error, Equatable, Sendable {
  /// There is an identity already; it is never overwritten.
  case alreadyExists(path: String)
  /// There is no such file or directory.
  case notFound(path: String)
  /// The path names a symbolic link, a directory or something else that is not a regular file.
  case notRegularFile(path: String)
  /// Others than the owner have rights to the file or directory.
  case tooPermissive(path: String, mode: UInt32, allowed: UInt32)
  /// The file or directory belongs to another user.
  case foreignOwner(path: String, userID: UInt32, allowed: UInt32)
  /// The file was cut or extended.
  case wrongLength(byteCount: Int, expected: Int)
  /// The file does not begin with the format's name.
  case unknownFormat
  /// The file's bytes do not fit its checksum.
  case damaged
  /// The key derivation would cost more or less than is allowed.
  case costOutOfRange(passes: UInt32, memoryByteCount: UInt64)
  /// The passphrase is empty or too long.
  case passphraseLength(byteCount: Int, allowed: ClosedRange<Int>)
  /// The passphrase does not open the file.
  case wrongPassphrase
  /// The seed in the file is not that of the public key in the file.
  case publicKeyMismatch(found: NodeID, expected: NodeID)
  /// The key derivation did not get its memory.
  case outOfMemory(byteCount: UInt64)
  /// A system call failed.
  case system(call: String, path: String, errno: Int32)
}

extension IdentityFileError: CustomStringConvertible {
  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .alreadyExists(let path):
      "\(path) exists and is not overwritten: the identity in it would be lost"
    case .notFound(let path):
      "\(path) does not exist"
    case .notRegularFile(let path):
      "\(path) is a link or a special file; allowed is a regular file"
    case .tooPermissive(let path, let mode, let allowed):
      "\(path) has mode \(Self.octal(mode)), so other users have access; allowed is \(Self.octal(allowed)) "
        + "(chmod \(Self.octal(allowed)) \(path))"
    case .foreignOwner(let path, let userID, let allowed):
      "\(path) belongs to user \(userID); allowed is the user of this process, \(allowed)"
    case .wrongLength(let byteCount, let expected):
      "an identity file of \(byteCount) bytes; a whole one has \(expected)"
    case .unknownFormat:
      "not an identity file; allowed is the format \(IdentityFile.formatName)"
    case .damaged:
      "the identity file is damaged: its checksum does not match; restore it from a backup"
    case .costOutOfRange(let passes, let memoryByteCount):
      "a key derivation of \(passes) passes over \(memoryByteCount) bytes; allowed are "
        + "\(IdentityFile.Cost.passesRange) passes over \(IdentityFile.Cost.memoryByteCountRange) bytes"
    case .passphraseLength(let byteCount, let allowed):
      "a passphrase of \(byteCount) bytes; allowed are \(allowed)"
    case .wrongPassphrase:
      "the passphrase does not open the identity file"
    case .publicKeyMismatch(let found, let expected):
      "the identity file holds the seed of \(found) but names \(expected)"
    case .outOfMemory(let byteCount):
      "the key derivation needs \(byteCount) bytes of memory, which the system did not give"
    case .system(let call, let path, let errno):
      "\(call) failed on \(path) (errno \(errno))"
    }
  }

  private static func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
