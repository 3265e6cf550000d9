import Foundation
import Market
import NodeCrypto

/// Creates a node: a private directory with a copy of the network file and a new, encrypted identity. Either all of it
/// is there afterwards, or nothing.
enum NodeCreation {
  /// What was created.
  struct Created {
    let node: NodeID
    let network: NetworkID
    let networkName: String
  }

  /// Creates a node in `directory`, which must be new or empty.
  ///
  /// - Parameters:
  ///   - passphrase: asked for when everything else is known to be in order.
  ///   - cost: what one guess at the passphrase costs.
  static func create(
    networkFile: String, directory: DataDirectory, passphrase: () throws(PassphraseError) -> SecretBytes,
    cost: IdentityFile.Cost = .standard
  ) throws(NodeCreationError) -> Created {
    let bytes: [UInt8]
    do { bytes = try InputFile.read(networkFile, limit: Genesis.maximumFileBytes) } catch { throw .file(error) }
    let genesis: Genesis
    do { genesis = try Genesis(file: bytes) } catch { throw .network(path: networkFile, error) }
    let isNew = try check(directory)
    let secret: SecretBytes
    do { secret = try passphrase() } catch { throw .passphrase(error) }

    if isNew, mkdir(directory.path, 0o700) != 0 { throw .system("mkdir", path: directory.path, errno: errno) }
    let identity = Identity.generate()
    do throws(NodeCreationError) {
      guard chmod(directory.path, 0o700) == 0 else {
        throw .system("chmod", path: directory.path, errno: errno)
      }
      try write(bytes, to: directory.networkFile)
      do {
        try IdentityFile.create(identity, inDirectory: directory.path, passphrase: secret, cost: cost)
      } catch {
        throw .identity(error)
      }
    } catch {
      unlink(directory.networkFile)
      if isNew { rmdir(directory.path) }
      throw error
    }
    return Created(node: identity.nodeID, network: genesis.networkID, networkName: genesis.name)
  }

  /// Whether the directory is still to be created; one that is there must be empty.
  private static func check(_ directory: DataDirectory) throws(NodeCreationError) -> Bool {
    var status = stat()
    guard lstat(directory.path, &status) == 0 else {
      guard errno == ENOENT else { throw .system("stat", path: directory.path, errno: errno) }
      return true
    }
    guard stat(directory.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .notDirectory(path: directory.path)
    }
    guard access(directory.identityFile, F_OK) != 0 else { throw .holdsNode(path: directory.path) }
    let content = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    guard let first = content.min() else { return false }
    throw .notEmpty(path: directory.path, holds: first)
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(NodeCreationError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("open", path: path, errno: errno) }
    defer { close(descriptor) }
    if let failure = WholeWrite.write(bytes, to: descriptor) { throw .system("write", path: path, errno: failure) }
    guard fsync(descriptor) == 0 else { throw .system("fsync", path: path, errno: errno) }
  }
}

/// Why a node was not created.
enum NodeCreationError: Error, Equatable, CustomStringConvertible {
  /// The network file was not read.
  case file(InputFileError)
  /// The network file is not one.
  case network(path: String, GenesisError)
  /// The directory holds a node already.
  case holdsNode(path: String)
  /// The directory holds something else.
  case notEmpty(path: String, holds: String)
  /// There is a file where the directory is to be.
  case notDirectory(path: String)
  /// There is no passphrase.
  case passphrase(PassphraseError)
  /// The identity was not written.
  case identity(IdentityFileError)
  /// A system call failed.
  case system(String, path: String, errno: Int32)

  var description: String {
    switch self {
    case .file(let error): "network file: \(error)"
    case .network(let path, let error): "\(path): \(error)"
    case .holdsNode(let path):
      "\(path) holds a node already; allowed: a new or empty directory; run this one: p2pnode run --data \(path)"
    case .notEmpty(let path, let holds):
      "\(path) is not empty, it holds \(holds); allowed: a new or empty directory"
    case .notDirectory(let path): "\(path) is not a directory; allowed: a new or empty directory"
    case .passphrase(let error): error.description
    case .identity(let error): error.description
    case .system(let call, let path, let number): "\(call) failed on \(path): \(String(cString: strerror(number)))"
    }
  }
}
