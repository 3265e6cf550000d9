import ArgumentParser
import Foundation
import NodeCrypto

/// Where the identity's passphrase comes from: a file, the environment or a prompt; never an argument, which other
/// users of the machine could read off the process list.
enum PassphraseSource: Equatable, Sendable {
  /// The content of the file at the path.
  case file(String)
  /// The variable ``variable``.
  case environment(String)
  /// The terminal, without an echo.
  case prompt

  /// The environment's variable.
  static let variable = "P2PNODE_PASSPHRASE"

  /// The source that the command line and the environment name, in this order; else the terminal.
  init(file: String?, environment: [String: String] = ProcessInfo.processInfo.environment) {
    if let file {
      self = .file(file)
    } else if let passphrase = environment[Self.variable] {
      self = .environment(passphrase)
    } else {
      self = .prompt
    }
  }

  /// Reads the passphrase.
  ///
  /// - Parameter isNew: whether a prompt asks twice, because a typing error would lock the identity away for ever.
  func read(isNew: Bool) throws(PassphraseError) -> SecretBytes {
    switch self {
    case .file(let path): return try Self.read(file: path)
    case .environment(let text):
      var bytes = Array(text.utf8)
      return try Self.secret(&bytes, from: "the variable \(Self.variable)")
    case .prompt:
      var first = try PassphrasePrompt.read(isNew ? "Passphrase for the new identity: " : "Passphrase: ")
      guard isNew else { return try Self.secret(&first, from: "what was typed") }
      let passphrase = try Self.secret(&first, from: "what was typed")
      var second = try PassphrasePrompt.read("The same again: ")
      let again = try Self.secret(&second, from: "what was typed")
      guard passphrase.hasSameBytes(as: again) else { throw .notRepeated }
      return passphrase
    }
  }

  private static func read(file path: String) throws(PassphraseError) -> SecretBytes {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file(.system(path: path, errno: errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .file(.system(path: path, errno: errno)) }
    let mode = status.st_mode & 0o777
    // A pipe is private to who opened it, whatever its mode.
    guard status.st_mode & S_IFMT != S_IFREG || mode & 0o077 == 0 else { throw .tooPermissive(path: path, mode: mode) }

    var bytes: [UInt8]
    do {
      // A line break may stand behind the longest passphrase.
      bytes = try InputFile.read(
        descriptor: descriptor, path: path, limit: IdentityFile.passphraseByteCounts.upperBound + 2)
    } catch {
      throw .file(error)
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    if bytes.last == 0x0D { bytes.removeLast() }
    return try secret(&bytes, from: path)
  }

  private static func secret(_ bytes: inout [UInt8], from source: String) throws(PassphraseError) -> SecretBytes {
    let allowed = IdentityFile.passphraseByteCounts
    guard allowed.contains(bytes.count) else {
      throw .length(source: source, byteCount: bytes.count, allowed: allowed)
    }
    return SecretBytes(moving: &bytes)
  }
}

extension SecretBytes {
  fileprivate func hasSameBytes(as other: SecretBytes) -> Bool {
    withBytes { left in other.withBytes { right in left.elementsEqual(right) } }
  }
}

/// Why there is no passphrase.
enum PassphraseError: Error, Equatable, CustomStringConvertible {
  /// The file was not read.
  case file(InputFileError)
  /// Others than the owner may read the file.
  case tooPermissive(path: String, mode: UInt32)
  /// It is empty or too long.
  case length(source: String, byteCount: Int, allowed: ClosedRange<Int>)
  /// The second time something else was typed.
  case notRepeated
  /// There is no terminal to ask on.
  case noTerminal
  /// The person did not want to.
  case cancelled

  var description: String {
    switch self {
    case .file(let error): "passphrase file: \(error)"
    case .tooPermissive(let path, let mode):
      "the passphrase file \(path) has mode \(String(mode, radix: 8)), so other users have access; allowed: 600 "
        + "(chmod 600 \(path))"
    case .length(let source, let byteCount, let allowed):
      "the passphrase from \(source) has \(byteCount) bytes; allowed: \(allowed.lowerBound) to \(allowed.upperBound)"
    case .notRepeated: "the two passphrases differ; allowed: the same one twice"
    case .noTerminal:
      "there is no terminal to ask for the passphrase; allowed: --passphrase-file FILE, or the variable "
        + PassphraseSource.variable
    case .cancelled: "no passphrase was given"
    }
  }
}

/// `--passphrase-file FILE`.
struct PassphraseOption: ParsableArguments {
  @Option(
    name: .customLong("passphrase-file"),
    help: ArgumentHelp(
      "A file that holds the identity's passphrase (default: $P2PNODE_PASSPHRASE, or a prompt).", valueName: "file"),
    completion: .file())
  var file: String?

  /// Where the passphrase comes from.
  var source: PassphraseSource { PassphraseSource(file: file) }
}
