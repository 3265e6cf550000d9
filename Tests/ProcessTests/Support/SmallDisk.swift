import Glibc

/// A file system in memory with room for a few megabytes.
final class SmallDisk: Sendable {
  /// Where it is mounted.
  let path: String

  /// Whether this process may mount file systems.
  static let isAvailable: Bool = {
    guard geteuid() == 0, let directory = try? TemporaryDirectory() else { return false }
    return (try? SmallDisk(at: directory.path, megabytes: 1)) != nil
  }()

  /// Mounts it over the directory at `path`.
  init(at path: String, megabytes: Int) throws(ChildProcess.SystemError) {
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m,mode=0700") == 0 else {
      throw ChildProcess.SystemError("mount", errno)
    }
    self.path = path
  }

  deinit { umount2(path, Int32(MNT_DETACH)) }

  /// Leaves not a byte of room.
  func fill() throws(ChildProcess.SystemError) {
    let descriptor = open(path + "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ChildProcess.SystemError("open", errno) }
    defer { close(descriptor) }
    var size = 1 << 20
    while size > 0 {
      let zeros = [UInt8](repeating: 0, count: size)
      if write(descriptor, zeros, size) < size { size /= 2 }
    }
  }

  /// Gives the room back.
  func free() { unlink(path + "/filler") }
}
