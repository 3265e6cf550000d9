import Glibc
import Testing

@testable import NodeCrypto

@Suite struct IdentityFileDiskTests {
  private let identity = Identity(seed: [UInt8](repeating: 6, count: 32))
  private let passphrase = SecretBytes(copying: Array("pass".utf8))

  @Test("the file and its directory get modes 0600 and 0700, and nothing else is left")
  func createAndLoad() throws {
    try inTemporaryDirectory { parent in
      let directory = parent + "/node"
      try create(directory)
      #expect(mode(of: directory) == 0o700)
      #expect(mode(of: IdentityFile.path(inDirectory: directory)) == 0o600)
      #expect(names(in: directory) == ["identity.key"])
      #expect(try IdentityFile.load(fromDirectory: directory, passphrase: passphrase).nodeID == identity.nodeID)
      #expect(try IdentityFile.load(fromDirectory: directory + "/", passphrase: passphrase).nodeID == identity.nodeID)
      #expect(try IdentityFile.nodeID(inDirectory: directory) == identity.nodeID)
    }
  }

  @Test("an existing file is never overwritten, not even a damaged one or a link")
  func overwriting() throws {
    try inTemporaryDirectory { directory in
      let path = IdentityFile.path(inDirectory: directory)
      try create(directory)
      let other = Identity(seed: [UInt8](repeating: 7, count: 32))
      #expect(creationError(other, directory) == .alreadyExists(path: path))
      #expect(try IdentityFile.nodeID(inDirectory: directory) == identity.nodeID)
      unlink(path)
      write([1, 2, 3], to: path, mode: 0o600)
      #expect(creationError(other, directory) == .alreadyExists(path: path))
      unlink(path)
      #expect(symlink("/nonexistent", path) == 0)
      #expect(creationError(other, directory) == .alreadyExists(path: path))
      #expect(names(in: directory) == ["identity.key"])
    }
  }

  @Test(
    "a file that others may touch is refused, with its mode and the allowed one",
    arguments: [0o640, 0o604, 0o620, 0o601])
  func permissiveFile(mode: mode_t) throws {
    try inTemporaryDirectory { directory in
      try create(directory)
      let path = IdentityFile.path(inDirectory: directory)
      #expect(chmod(path, mode) == 0)
      let error = loadingError(directory)
      #expect(error == .tooPermissive(path: path, mode: mode, allowed: 0o600))
      let text = error?.description ?? ""
      #expect(text.contains("0" + String(mode, radix: 8)) && text.contains("0600") && text.contains(path))
    }
  }

  @Test("a directory that others may enter is refused for reading and for writing", arguments: [0o750, 0o705, 0o777])
  func permissiveDirectory(mode: mode_t) throws {
    try inTemporaryDirectory { directory in
      #expect(chmod(directory, mode) == 0)
      let expected = IdentityFileError.tooPermissive(path: directory, mode: mode, allowed: 0o700)
      #expect(creationError(identity, directory) == expected)
      #expect(chmod(directory, 0o700) == 0)
      try create(directory)
      #expect(chmod(directory, mode) == 0)
      #expect(loadingError(directory) == expected)
      #expect(expected.description.contains("0" + String(mode, radix: 8)) && expected.description.contains("0700"))
    }
  }

  @Test("a link, a pipe and a directory in the place of the file are refused")
  func specialFiles() throws {
    try inTemporaryDirectory { parent in
      try create(parent + "/real")
      let directory = parent + "/node"
      #expect(mkdir(directory, 0o700) == 0)
      let path = IdentityFile.path(inDirectory: directory)
      #expect(symlink("../real/identity.key", path) == 0)
      #expect(loadingError(directory) == .notRegularFile(path: path))
      unlink(path)
      #expect(mkfifo(path, 0o600) == 0)
      #expect(loadingError(directory) == .notRegularFile(path: path))
      unlink(path)
      #expect(mkdir(path, 0o700) == 0)
      #expect(loadingError(directory) == .notRegularFile(path: path))
    }
  }

  @Test("a missing file, directory or parent is named")
  func missing() throws {
    try inTemporaryDirectory { directory in
      #expect(loadingError(directory) == .notFound(path: directory + "/identity.key"))
      #expect(loadingError(directory + "/absent") == .notFound(path: directory + "/absent"))
      #expect(
        creationError(identity, directory + "/absent/node")
          == .system(call: "mkdir", path: directory + "/absent/node", errno: ENOENT))
    }
  }

  @Test("a cut file is refused with its length")
  func truncated() throws {
    try inTemporaryDirectory { directory in
      try create(directory)
      #expect(truncate(IdentityFile.path(inDirectory: directory), 100) == 0)
      #expect(loadingError(directory) == .wrongLength(byteCount: 100, expected: 184))
    }
  }

  @Test("a wrong passphrase is refused")
  func wrongPassphrase() throws {
    try inTemporaryDirectory { directory in
      try create(directory)
      let wrong = SecretBytes(copying: Array("other".utf8))
      #expect(
        failure { () throws(IdentityFileError) in
          _ = try IdentityFile.load(fromDirectory: directory, passphrase: wrong)
        } == .wrongPassphrase)
    }
  }

  @Test("a file of another user is refused", .enabled(if: geteuid() == 0, "only root can give a file away"))
  func foreignOwner() throws {
    try inTemporaryDirectory { directory in
      try create(directory)
      let path = IdentityFile.path(inDirectory: directory)
      #expect(chown(path, 12_345, 12_345) == 0)
      #expect(loadingError(directory) == .foreignOwner(path: path, userID: 12_345, allowed: 0))
    }
  }

  private func create(_ directory: String) throws {
    try IdentityFile.create(identity, inDirectory: directory, passphrase: passphrase, cost: .minimal)
  }

  private func creationError(_ identity: Identity, _ directory: String) -> IdentityFileError? {
    failure { () throws(IdentityFileError) in
      try IdentityFile.create(identity, inDirectory: directory, passphrase: passphrase, cost: .minimal)
    }
  }

  private func loadingError(_ directory: String) -> IdentityFileError? {
    failure { () throws(IdentityFileError) in
      _ = try IdentityFile.load(fromDirectory: directory, passphrase: passphrase)
    }
  }

  private func mode(of path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
  }

  private func write(_ bytes: [UInt8], to path: String, mode: mode_t) {
    let number = open(path, O_WRONLY | O_CREAT | O_EXCL, mode)
    #expect(Glibc.write(number, bytes, bytes.count) == bytes.count)
    close(number)
  }
}
