import Glibc

extension EntryStore {
  /// Brings what the log holds onto the disk. A killed process may have left commits in it that were written and not
  /// synced: they are read as commits, and what is read from the store counts as something that no loss of power takes
  /// back. SQLite itself syncs them with the next commit only.
  static func syncLog(of path: String) throws(StoreError) {
    let file = open(path + "-wal", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { Glibc.close(file) }
    guard fdatasync(file) == 0 else { throw .failing(path: path, why: String(cString: strerror(errno))) }
  }
}
