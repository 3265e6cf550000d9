import Foundation
import NodeAPI

/// The directory that holds the nodes' directories: a temporary one, or one that stays.
struct RunDirectory: Sendable {
  /// The path.
  let path: String
  /// Whether it stays when the testnet ends.
  let isKept: Bool
  /// The passphrase of all its nodes.
  let passphrase: String

  /// The file that holds the passphrase of kept nodes.
  var passphraseFile: String { "\(path)/passphrase" }

  /// Creates the directory, or takes the kept one of a former run with its passphrase.
  ///
  /// - Parameters:
  ///   - kept: the directory to keep; nil for a temporary one.
  ///   - nodes: how many nodes will be in it.
  init(keeping kept: String?, nodes: Int) throws(TestnetError) {
    isKept = kept != nil
    if let kept {
      path = kept.count > 1 && kept.hasSuffix("/") ? String(kept.dropLast()) : kept
    } else {
      path = try Self.makeTemporary()
    }
    do {
      _ = try NodeSocket.path(inDataDirectory: Self.nodeDirectory(nodes, in: path))
    } catch {
      throw .socket(error)
    }
    guard isKept else {
      passphrase = Self.randomPassphrase()
      return
    }
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw .system("mkdir", path: path, reason: String(cString: strerror(errno)))
    }
    let file = "\(path)/passphrase"
    if access(file, F_OK) == 0 {
      passphrase = try Self.read(file)
    } else {
      for node in 1...nodes where Self.holdsNode(Self.nodeDirectory(node, in: path)) {
        throw .noPassphrase(path: file)
      }
      passphrase = Self.randomPassphrase()
      try Self.write(passphrase + "\n", to: file)
    }
  }

  /// The directory of the node with the number `node`, from 1.
  func nodeDirectory(_ node: Int) -> String { Self.nodeDirectory(node, in: path) }

  /// Whether the node with the number `node` is there from a former run.
  func holdsNode(_ node: Int) -> Bool { Self.holdsNode(nodeDirectory(node)) }

  /// Removes the directory, unless it is to be kept.
  func removeIfTemporary() {
    // What cannot be removed stays in the system's directory for temporary files, which the system clears.
    if !isKept { try? FileManager.default.removeItem(atPath: path) }
  }

  private static func nodeDirectory(_ node: Int, in path: String) -> String { "\(path)/node-\(node)" }

  private static func holdsNode(_ directory: String) -> Bool {
    let content = try? FileManager.default.contentsOfDirectory(atPath: directory)
    return content.map { !$0.isEmpty } ?? false
  }

  /// 128 bits from the system's generator in hexadecimal.
  private static func randomPassphrase() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  private static func makeTemporary() throws(TestnetError) -> String {
    // Not $TMPDIR, which may be too long for a socket's path.
    var template = Array("/tmp/testnet-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw .system("mkdtemp", path: "/tmp", reason: String(cString: strerror(errno)))
    }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func read(_ file: String) throws(TestnetError) -> String {
    do {
      let text = try String(contentsOfFile: file, encoding: .utf8)
      return text.hasSuffix("\n") ? String(text.dropLast()) : text
    } catch {
      throw .system("reading", path: file, reason: error.localizedDescription)
    }
  }

  private static func write(_ text: String, to file: String) throws(TestnetError) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("open", path: file, reason: String(cString: strerror(errno))) }
    do {
      let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      try handle.write(contentsOf: Data(text.utf8))
      try handle.close()
    } catch {
      throw .system("write", path: file, reason: error.localizedDescription)
    }
  }
}
