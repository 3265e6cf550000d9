import GRDB

/// Why the store does not do what it should, and what helps.
public enum StoreError: Error, Equatable, CustomStringConvertible {
  /// There is no room left on the disk.
  case full(path: String)
  /// The file cannot be written.
  case readOnly(path: String, why: String)
  /// The disk does not do what it is told.
  case failing(path: String, why: String)
  /// The file is damaged.
  case corrupt(path: String, why: String)
  /// The store belongs to another network or node.
  case foreign(path: String, what: String, found: String, expected: String)
  /// Anything else that keeps it from working.
  case unusable(path: String, why: String)

  init(_ error: any Error, path: String) {
    guard let error = error as? DatabaseError else {
      self = error is RowDecodingError ? .corrupt(path: path, why: "\(error)") : .unusable(path: path, why: "\(error)")
      return
    }
    let why = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL: self = .full(path: path)
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN: self = .readOnly(path: path, why: why)
    case .SQLITE_IOERR: self = .failing(path: path, why: why)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(path: path, why: why)
    default: self = .unusable(path: path, why: why)
    }
  }

  /// What is wrong with which file, and what to do.
  public var description: String {
    switch self {
    case .full(let path): "no room left on the disk for \(path); free some space"
    case .readOnly(let path, let why): "\(path) cannot be written (\(why)); check its owner, mode and disk"
    case .failing(let path, let why):
      "the disk with \(path) fails (\(why)); check the disk and the system's log, and start again when it is well"
    case .corrupt(let path, let why):
      "\(path) is damaged (\(why)). Move it away and start again: the feeds, your own too, come back from the peers"
    case .foreign(let path, let what, let found, let expected):
      "\(path) belongs to the \(what) \(found); this is the \(what) \(expected). Use another --data directory; if this "
        + "is the right one, move the file away and start again"
    case .unusable(let path, let why): "\(path): \(why)"
    }
  }
}
