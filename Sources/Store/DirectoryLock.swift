import Foundation
import Market

/// Holds a data directory for one process, as long as the value lives. The lock goes with the process, however it ends.
public final class DirectoryLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: ``DirectoryLockError`` when another process holds it or the file cannot be made.
  public init(directory: String) throws(DirectoryLockError) {
    let path = directory + "/lock"
    let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard opened >= 0 else { throw .unusable(path: path, why: String(cString: strerror(errno))) }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      let why = errno
      let holder = Self.holder(opened)
      Foundation.close(opened)
      guard why == EWOULDBLOCK else { throw .unusable(path: path, why: String(cString: strerror(why))) }
      throw .held(directory: directory, process: holder)
    }
    // For people who look; the lock itself is the kernel's.
    let text = "\(getpid())\n"
    _ = ftruncate(opened, 0)
    _ = text.withCString { pwrite(opened, $0, strlen($0), 0) }
    descriptor = opened
  }

  deinit { Foundation.close(descriptor) }

  private static func holder(_ descriptor: Int32) -> String? {
    var buffer = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return nil }
    let digits = buffer.prefix(count).prefix(while: \.isDigit)
    return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
  }
}

/// Why a data directory cannot be used.
public enum DirectoryLockError: Error, Equatable, CustomStringConvertible {
  /// Another process uses it.
  case held(directory: String, process: String?)
  /// The lock file cannot be made.
  case unusable(path: String, why: String)

  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .held(let directory, let process):
      "\(directory) is in use by \(process.map { "process \($0)" } ?? "another process"); one node runs on a data "
        + "directory at a time. Stop that one, or use another --data directory"
    case .unusable(let path, let why): "\(path) cannot be made (\(why)); check its owner, mode and disk"
    }
  }
}
