import Foundation
import Glibc
import NodeCrypto

/// The file in the data directory that tells its user where the API listens over TCP and with which token: two lines, the
/// address as the beginning of a URL and the token.
struct AccessFile: Hashable, Sendable {
  /// Its name in the data directory.
  static let name = "api.cookie"

  /// `http://127.0.0.1:8080`.
  var address: String
  /// The token, in hexadecimal.
  var token: String

  /// The link that opens the dashboard.
  var link: String { "\(address)/?token=\(token)" }

  /// Writes the file in the place of one that is there.
  func write(to path: String) throws(NodeStartError) { try PrivateFile.write("\(address)\n\(token)\n", to: path) }

  /// Reads the file; nil when there is none, or none that can be read.
  init?(path: String) {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 3, lines[0].hasPrefix("http://"), Hex.decode(String(lines[1])) != nil else { return nil }
    self.init(address: String(lines[0]), token: String(lines[1]))
  }

  /// What a listener at `address` lets in with `token`.
  init(address: String, token: String) {
    self.address = address
    self.token = token
  }
}

/// Files for their user alone.
enum PrivateFile {
  /// Writes a file whole, with mode 0600, in the place of one that is there.
  static func write(_ text: String, to path: String) throws(NodeStartError) {
    let temporary = path + ".new"
    unlink(temporary)
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .privateFile(path: temporary, why: String(cString: strerror(errno))) }
    defer { close(file) }
    var failure = fchmod(file, 0o600) == 0 ? WholeWrite.write(text.utf8, to: file) : errno
    if failure == nil, rename(temporary, path) != 0 { failure = errno }
    guard let failure else { return }
    unlink(temporary)
    throw .privateFile(path: path, why: String(cString: strerror(failure)))
  }
}
