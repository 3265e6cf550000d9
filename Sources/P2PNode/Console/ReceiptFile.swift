import Glibc
import NodeAPI

/// Reads the file that `verify` checks.
enum ReceiptFile {
  /// The largest file in bytes, some tens of thousands of receipts.
  static let maximumBytes = 64 << 20

  /// Checks each receipt of the file at `path`; `-` is standard input, unless the commands come from there.
  static func check(_ path: String, readsStandardInput: Bool) throws(ReceiptFileReadError) -> [ReceiptVerdict] {
    guard path != "-" || readsStandardInput else { throw .standardInputTaken }
    let bytes: [UInt8]
    do {
      bytes =
        path == "-"
        ? try InputFile.read(descriptor: STDIN_FILENO, path: "standard input", limit: maximumBytes)
        : try InputFile.read(path, limit: maximumBytes)
    } catch {
      throw .file(error)
    }
    do { return try ReceiptVerdict.check(file: bytes) } catch { throw .notReceipts(path: path, reason: error) }
  }
}

/// Why a file of receipts was not read.
enum ReceiptFileReadError: Error, Equatable, CustomStringConvertible {
  /// The file was not read.
  case file(InputFileError)
  /// It holds something else, or only a part.
  case notReceipts(path: String, reason: NodeJSONError)
  /// The lines of a script come from standard input.
  case standardInputTaken

  var description: String {
    switch self {
    case .file(let error): error.description
    case .notReceipts(let path, let reason):
      "\(path) is not a receipt or a list of receipts, or it is cut short: \(reason)"
    case .standardInputTaken: "standard input is where the commands come from; allowed: a file's path"
    }
  }
}
