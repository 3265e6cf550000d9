import Foundation

extension EntryStore {
  /// How long the write-ahead log is made: as long as SQLite lets it grow before it begins it anew, 1,000 pages each
  /// with a header.
  static let logByteCount = 1000 * (4096 + 24)

  /// Makes the write-ahead log as long as it will be, with zeroes.
  ///
  /// A commit that overwrites what the file has waits for the disk once; one that makes the file longer waits for the
  /// file system's journal as well, which takes twice as long. SQLite reads its log up to the first frame whose checksum
  /// does not fit, so zeroes behind it say nothing (https://www.sqlite.org/walformat.html). Where it cannot be done
  /// commits are slower and nothing else; a disk without room shows in the first commit.
  ///
  /// To be called while nothing is written.
  static func growLog(ofDatabase path: String) {
    let file = open(path + "-wal", O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return }
    defer { Foundation.close(file) }
    let length = lseek(file, 0, SEEK_END)
    guard length >= 0, length < logByteCount else { return }
    let zeroes = [UInt8](repeating: 0, count: logByteCount - Int(length))
    guard write(file, zeroes, zeroes.count) == zeroes.count else {
      // Half of it would only take the room that the first commits need.
      _ = ftruncate(file, length)
      return
    }
    fsync(file)
  }
}
