import Glibc

extension IdentityFile {
  /// The file's name in its directory.
  public static let fileName = "identity.key"
  /// The name of the file of a new identity that has not taken over yet.
  public static func waitingName(of node: NodeID) -> String { "identity.\(node.hex).next" }
  /// The name of the file of an identity from which another one took over.
  public static func retiredName(of node: NodeID) -> String { "identity.\(node.hex).old" }
  /// The only rights that the file may have.
  public static let fileMode: UInt32 = 0o600
  /// The only rights that the directory may have.
  public static let directoryMode: UInt32 = 0o700

  /// Writes `identity` to `directory`, which is created with mode 0700 when only its last component is missing.
  ///
  /// The file appears at once and whole: it is written and synced under a temporary name with mode 0600, then linked
  /// to its own name, which fails when that exists (a rename would overwrite), then the directory is synced.
  ///
  /// - Parameter name: ``fileName``, or ``waitingName(of:)`` of a new identity that is to take over.
  /// - Throws: `alreadyExists`, `tooPermissive` or `foreignOwner` for the directory, `system`, and what `encode`
  ///   throws.
  public static func create(
    _ identity: Identity, inDirectory directory: String, passphrase: SecretBytes, cost: Cost = .standard,
    name: String = fileName
  ) throws(IdentityFileError) {
    if mkdir(directory, mode_t(directoryMode)) != 0, errno != EEXIST {
      throw .system(call: "mkdir", path: directory, errno: errno)
    }
    let folder = try openDirectory(directory)
    let path = path(inDirectory: directory, name: name)
    var status = stat()
    // Only to fail before the costly derivation; the link below is what decides.
    if fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { throw .alreadyExists(path: path) }

    let bytes = try encode(identity, passphrase: passphrase, cost: cost)
    let temporaryName = "\(name).\(Hex.encode(Sodium.randomBytes(count: 8))).tmp"
    defer { unlinkat(folder.number, temporaryName, 0) }
    try write(bytes, to: temporaryName, in: folder, directory: directory)
    if linkat(folder.number, temporaryName, folder.number, name, 0) != 0 {
      throw errno == EEXIST ? .alreadyExists(path: path) : .system(call: "link", path: path, errno: errno)
    }
    guard fsync(folder.number) == 0 else { throw .system(call: "fsync", path: directory, errno: errno) }
  }

  /// Reads the identity from `directory`.
  ///
  /// - Throws: `notFound`, `notRegularFile`, `tooPermissive` or `foreignOwner` for the file or the directory, `system`,
  ///   and what `decode` throws.
  public static func load(
    fromDirectory directory: String, passphrase: SecretBytes
  ) throws(IdentityFileError) -> Identity {
    try decode(read(fromDirectory: directory), passphrase: passphrase)
  }

  /// The node id that the file in `directory` names, without the passphrase.
  ///
  /// - Throws: as `load`, but for the passphrase.
  public static func nodeID(inDirectory directory: String) throws(IdentityFileError) -> NodeID {
    try publicKey(in: read(fromDirectory: directory))
  }

  /// The path of a file in `directory`.
  public static func path(inDirectory directory: String, name: String = fileName) -> String {
    directory.hasSuffix("/") ? directory + name : directory + "/" + name
  }

  /// Puts the waiting file of a new identity into the place of the old one's, which stays under ``retiredName(of:)``.
  ///
  /// At every moment ``fileName`` names one of the two, whole. What an interrupted call has done is done by then; another
  /// call does the rest, and none does anything when the new one is in its place.
  ///
  /// - Throws: `notFound` when the new one does not wait there, `publicKeyMismatch` when a file holds another identity,
  ///   `system`, and what reading throws.
  public static func takeOver(
    from old: NodeID, to new: NodeID, inDirectory directory: String
  ) throws(IdentityFileError) {
    let present = try nodeID(inDirectory: directory)
    if present == new { return }
    guard present == old else { throw .publicKeyMismatch(found: present, expected: old) }
    let waiting = try publicKey(in: read(fromDirectory: directory, name: waitingName(of: new)))
    guard waiting == new else { throw .publicKeyMismatch(found: waiting, expected: new) }
    let folder = try openDirectory(directory)
    if linkat(folder.number, fileName, folder.number, retiredName(of: old), 0) != 0, errno != EEXIST {
      throw .system(call: "link", path: path(inDirectory: directory, name: retiredName(of: old)), errno: errno)
    }
    guard fsync(folder.number) == 0 else { throw .system(call: "fsync", path: directory, errno: errno) }
    guard renameat(folder.number, waitingName(of: new), folder.number, fileName) == 0 else {
      throw .system(call: "rename", path: path(inDirectory: directory), errno: errno)
    }
    guard fsync(folder.number) == 0 else { throw .system(call: "fsync", path: directory, errno: errno) }
  }

  private static func read(
    fromDirectory directory: String, name: String = fileName
  ) throws(IdentityFileError) -> [UInt8] {
    let folder = try openDirectory(directory)
    let path = path(inDirectory: directory, name: name)
    // Without O_NONBLOCK a named pipe would block here.
    let number = openat(folder.number, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard number >= 0 else {
      switch errno {
      case ENOENT: throw .notFound(path: path)
      case ELOOP: throw .notRegularFile(path: path)
      default: throw .system(call: "open", path: path, errno: errno)
      }
    }
    let file = FileDescriptor(number: number)
    let status = try file.checkedStatus(path: path, allowed: fileMode)
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile(path: path) }
    guard status.st_size == byteCount else {
      throw .wrongLength(byteCount: Int(status.st_size), expected: byteCount)
    }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var position = 0
    while position < byteCount {
      let count = bytes.withMutableBytes { buffer in
        Glibc.read(file.number, buffer.octets + position, byteCount - position)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system(call: "read", path: path, errno: errno) }
      guard count > 0 else { throw .wrongLength(byteCount: position, expected: byteCount) }
      position += count
    }
    return bytes
  }

  private static func write(
    _ bytes: [UInt8], to name: String, in folder: borrowing FileDescriptor, directory: String
  ) throws(IdentityFileError) {
    let path = directory + "/" + name
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let number = openat(folder.number, name, flags, mode_t(fileMode))
    guard number >= 0 else { throw .system(call: "open", path: path, errno: errno) }
    let file = FileDescriptor(number: number)
    // The process's umask may have taken rights from the owner.
    guard fchmod(file.number, mode_t(fileMode)) == 0 else { throw .system(call: "chmod", path: path, errno: errno) }
    var position = 0
    while position < bytes.count {
      let count = bytes[position...].withBytes { Glibc.write(file.number, $0.octets, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .system(call: "write", path: path, errno: errno) }
      position += count
    }
    guard fsync(file.number) == 0 else { throw .system(call: "fsync", path: path, errno: errno) }
  }

  private static func openDirectory(_ directory: String) throws(IdentityFileError) -> FileDescriptor {
    let number = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else {
      throw errno == ENOENT
        ? .notFound(path: directory) : .system(call: "open", path: directory, errno: errno)
    }
    let folder = FileDescriptor(number: number)
    _ = try folder.checkedStatus(path: directory, allowed: directoryMode)
    return folder
  }
}

/// An open file, closed at the end.
private struct FileDescriptor: ~Copyable {
  let number: Int32

  init(number: Int32) {
    self.number = number
  }

  deinit { close(number) }

  /// The file's status, when it belongs to this user and nobody else has rights to it.
  borrowing func checkedStatus(path: String, allowed: UInt32) throws(IdentityFileError) -> stat {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw .system(call: "stat", path: path, errno: errno) }
    guard status.st_uid == geteuid() else {
      throw .foreignOwner(path: path, userID: status.st_uid, allowed: geteuid())
    }
    let mode = status.st_mode & 0o7777
    guard mode & 0o077 == 0 else { throw .tooPermissive(path: path, mode: mode, allowed: allowed) }
    return status
  }
}
