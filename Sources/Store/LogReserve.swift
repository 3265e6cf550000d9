import Glibc

/// Room in SQLite's write-ahead log, taken when the store is opened.
///
/// A commit that makes the file longer waits for the file system's journal besides its own bytes: several times as long
/// as one that overwrites, and on a busy disk a hundred times. SQLite begins the log anew in the same space after each
/// checkpoint, so the file has this length sooner or later; with the reserve it has it from the first commit on.
///
/// What is reserved are zeros behind the last frame. SQLite reads a log up to the first frame whose salt and checksum do
/// not hold, which zeros never do ("The Write-Ahead Log", sqlite.org/walformat.html).
enum LogReserve {
  /// What the log takes when SQLite checkpoints it, after 1,000 pages, and some pages more: in frames of a page with its
  /// header, behind the log's header.
  static let byteCount = 1024 * (4096 + 24) + 32

  /// Makes the log at `path` at least that long. Nobody may be writing to it.
  ///
  /// Best effort: where there is no log, or no room for all of it, it stays as it was, and the commits find out.
  static func take(path: String) {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
    let length = lseek(file, 0, SEEK_END)
    guard length >= 0 else { return }
    let zeros = [UInt8](repeating: 0, count: 1 << 16)
    var position = length
    while position < byteCount {
      let written = pwrite(file, zeros, min(zeros.count, byteCount - Int(position)), position)
      guard written > 0 else {
        if written < 0, errno == EINTR { continue }
        ftruncate(file, length)
        return
      }
      position += off_t(written)
    }
  }
}
