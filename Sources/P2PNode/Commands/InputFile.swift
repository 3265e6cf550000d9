import Glibc

/// Reads a file that a person names, whole and within a limit.
enum InputFile {
  /// The bytes of the file at `path`, at most `limit`.
  static func read(_ path: String, limit: Int) throws(InputFileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: path, errno: errno) }
    defer { close(descriptor) }
    return try read(descriptor: descriptor, path: path, limit: limit)
  }

  /// The bytes up to the end of the open file `descriptor`, at most `limit`; `path` is for an error.
  static func read(descriptor: Int32, path: String, limit: Int) throws(InputFileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var isComplete = false
    while !isComplete {
      // One byte more than is allowed, so that a longer file is seen to be one.
      let room = min(65_536, limit + 1 - bytes.count)
      guard room > 0 else { throw .tooLong(path: path, limit: limit) }
      var failure: Int32?
      let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        let got = Glibc.read(descriptor, buffer.baseAddress, room)
        if got < 0, errno != EINTR { failure = errno }
        isComplete = got == 0
        count = max(0, got)
      }
      if let failure { throw .system(path: path, errno: failure) }
      bytes += chunk
    }
    return bytes
  }
}

/// Why a file was not read.
enum InputFileError: Error, Equatable, CustomStringConvertible {
  /// The system did not give it.
  case system(path: String, errno: Int32)
  /// It is longer than the limit.
  case tooLong(path: String, limit: Int)

  var description: String {
    switch self {
    case .system(let path, let number): "\(path) was not read: \(String(cString: strerror(number)))"
    case .tooLong(let path, let limit): "\(path) is too long; allowed: at most \(limit) bytes"
    }
  }
}
